"""The maps of a stage, window by window."""

import threading
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch

from motorscope.contract import FeatureSpec, Notice, RunSettings
from motorscope.detection import run_to_end, windows
from motorscope.detection.forward.watch import Cancelled
from motorscope.errors import ModelError, SpacingError, TomogramError
from motorscope.inspection import Assemble, StageCache, StageRequest, open_stage
from motorscope.inspection import stage as stages
from motorscope.inspection.reducers import feeding
from motorscope.inspection.stage import Block, stage_blocks
from motorscope.tomogram import VoxelGrid, prepare


class Found(NamedTuple):
    maps: np.ndarray
    grid: VoxelGrid
    spec: FeatureSpec


def request_of(tomogram, model, stage, region=None):
    name = model.features[stage].name
    return StageRequest(tomogram, model, name, region, RunSettings("cpu"))


def maps_of(*asked):
    request, maps, messages = request_of(*asked), Assemble(), []
    run_to_end(feeding(stage_blocks(request, threading.Event()), [maps]), messages.append)
    return Found(maps.result(), request.grid, request.spec), messages


def whole_maps(model, tomogram, stage):
    """The maps of the whole padded tomogram in one go."""
    volume = prepare(tomogram, model.card.input)
    padded = np.pad(volume, [(0, -n % 32) for n in volume.shape], mode="symmetric")
    with torch.no_grad():
        x = torch.from_numpy(padded)[None, None]
        maps = model.network.encoder.forward_features(x)[stage][0].numpy()
    stride = model.features[stage].stride
    z, y, x = (-(-n // stride) for n in volume.shape)
    return maps[:, :z, :y, :x]


def assert_close(found, expected):
    assert found.dtype == np.float16
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 2e-3 * np.abs(expected).max()


@pytest.mark.parametrize("stage", range(5))
def test_maps_are_those_of_the_encoder(model, tomogram, stage):
    large = replace(model, card=replace(model.card, window=(256, 256, 256)))
    result, messages = maps_of(tomogram, large, stage)
    assert_close(result.maps, whole_maps(model, tomogram, stage))
    assert result.spec == model.features[stage]
    assert result.grid.shape == result.maps.shape[1:]
    assert (messages[-1].what, messages[-1].seconds_left) == ("Computing feature maps", 0.0)
    assert messages[-1].done == messages[-1].total > 1


@pytest.mark.parametrize("stage", [0, 1])
def test_windows_leave_no_seams(model, tomogram, stage):
    """What a shallow stage looks at fits into the context, so windows change nothing at all."""
    small = replace(model, card=replace(model.card, window=(96, 96, 96)))
    result, messages = maps_of(tomogram, small, stage)
    assert messages[-1].total > 1
    assert_close(result.maps, whole_maps(model, tomogram, stage))


@pytest.mark.parametrize("stage", [2, 3, 4])
def test_every_voxel_of_a_deep_stage_is_computed(model, make_tomogram, stage):
    tomogram = make_tomogram(
        np.random.default_rng(0).normal(size=(40, 72, 56)).astype(np.float32)
    )  # five windows
    for parameter in model.network.encoder.buffers():
        parameter.fill_(1)  # a mean of one and positive biases: no map is zero everywhere
    for name, parameter in model.network.encoder.named_parameters():
        if name.endswith("bias"):
            parameter.data.fill_(50)
    small = replace(model, card=replace(model.card, window=(64,) * 3, context=(24,) * 3))
    result, messages = maps_of(tomogram, small, stage)
    assert messages[-1].total > 1
    assert (np.abs(result.maps).max(axis=0) > 0).all()


@pytest.mark.parametrize("stage", [0, 1])
def test_maps_of_a_region_are_a_part_of_the_whole(model, tomogram, stage):
    whole, _ = maps_of(tomogram, model, stage)
    corners = tomogram.grid.to_world([[20, 40, 100], [40, 60, 70]])
    region = (tuple(corners[0]), tuple(corners[1]))
    part, _ = maps_of(tomogram, model, stage, region)
    stride = part.spec.stride
    start = whole.grid.to_voxels(part.grid.origin)
    # From a multiple of 32 voxels below the region to one above, or the tomogram's end.
    np.testing.assert_allclose(start * stride, [0, 32, 64])
    assert part.grid.shape == tuple(-(-n // stride) for n in (64, 32, 64))
    z, y, x = (slice(round(s), round(s) + n) for s, n in zip(start, part.grid.shape, strict=True))
    assert_close(part.maps, whole.maps[:, z, y, x].astype(np.float32))


def test_deeper_layers_are_not_computed(model, tomogram):
    def fail(*_):
        raise AssertionError("computed")

    model.network.encoder.layer2.register_forward_hook(fail)
    maps_of(tomogram, model, 1)
    with pytest.raises(AssertionError, match="computed"):
        maps_of(tomogram, model, 2)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_cancelling(model, tomogram, tmp_path, after):
    cancel = threading.Event()
    run = open_stage(request_of(tomogram, model, 1), StageCache(tmp_path, 10**9), cancel)
    for _ in range(after):
        next(run)
    cancel.set()
    assert run_to_end(run) is None
    assert not list(tmp_path.iterdir())


def test_cancelling_within_a_window(model, tomogram, tmp_path):
    cancel = threading.Event()
    model.network.encoder.layer1.register_forward_hook(lambda *_: cancel.set())
    run = open_stage(request_of(tomogram, model, 4), StageCache(tmp_path, 10**9), cancel)
    assert run_to_end(run) is None


def test_closing_frees_the_device(model, tomogram, monkeypatch):
    released = []
    monkeypatch.setattr(windows, "release", released.append)
    run = stage_blocks(request_of(tomogram, model, 1), threading.Event())
    while not isinstance(next(run), Block):
        pass
    run.close()
    assert released == [torch.device("cpu")]


def test_out_of_memory_halves_the_window_and_says_so(model, tomogram, monkeypatch):
    limit = 96 * 96 * 96
    compute = stages._Tap.__call__

    def scarce(self, block):
        if block.size > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compute(self, block)

    expected, _ = maps_of(tomogram, model, 0)
    monkeypatch.setattr(stages._Tap, "__call__", scarce)
    result, messages = maps_of(tomogram, model, 0)
    assert any("halving" in m.text for m in messages if isinstance(m, Notice))
    assert_close(result.maps, expected.maps.astype(np.float32))


def test_large_values_stay_finite(model, tomogram):
    model.network.encoder.bn1.weight.data.fill_(1e7)
    result, _ = maps_of(tomogram, model, 0)
    assert result.maps.max() == np.finfo(np.float16).max


def test_damaged_weights_are_an_error(model, tomogram):
    model.network.encoder.bn1.bias.data.fill_(torch.nan)
    with pytest.raises(ModelError, match="not a finite number"):
        maps_of(tomogram, model, 0)


def test_the_original_network_is_left_alone(model, tomogram):
    before = {n: t.clone() for n, t in model.network.state_dict().items()}
    maps_of(tomogram, model, 1)
    assert all(torch.equal(t, before[n]) for n, t in model.network.state_dict().items())
    assert not any(m._forward_pre_hooks for m in model.network.modules())


def test_wrong_requests(model, tomogram):
    with pytest.raises(TomogramError, match="outside"):
        maps_of(tomogram, model, 0, ((1e6, 1e6, 1e6), (2e6, 2e6, 2e6)))
    unknown = replace(tomogram, grid=replace(tomogram.grid, spacing=None))
    with pytest.raises(SpacingError):
        maps_of(unknown, model, 0)


def test_cancelled_is_no_error_of_ours():
    """Nothing that catches errors for a person's sake may swallow a cancelling."""
    assert not issubclass(Cancelled, RuntimeError | MemoryError)
