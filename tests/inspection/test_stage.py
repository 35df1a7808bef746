import math
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from motorscope.contract import RunSettings
from motorscope.detection import run_to_end
from motorscope.errors import ModelError
from motorscope.inspection import Assemble, Momentum, Sample, StageRequest
from motorscope.inspection import stage as stages
from motorscope.inspection.reducers import feeding
from motorscope.inspection.stage import stage_blocks
from motorscope.network import EncoderModel, Split, receptive_radius, tap_output
from motorscope.tomogram import prepared_grid

NAMES = ("stem", "layer1", "layer2", "layer3", "layer4", "decoder1", "decoder2", "logits")


def reduced(request, *reducers):
    request = replace(request, settings=RunSettings("cpu", "fp32"))
    run_to_end(feeding(stage_blocks(request, threading.Event()), list(reducers)))
    return [reducer.result() for reducer in reducers]


def center_without_noise(network):
    """Make all kernels tents, so that a point makes maps that are brightest at its place."""
    for module in network.modules():
        if isinstance(module, torch.nn.Conv3d):
            side = module.kernel_size[0]
            tent = 1.0 + side // 2 - (torch.arange(side) - side // 2).abs()
            kernel = tent[:, None, None] * tent[None, :, None] * tent[None, None, :]
            module.weight.data[:] = kernel / (module.in_channels * kernel.sum())
            if module.bias is not None:
                module.bias.data.zero_()
        elif isinstance(module, torch.nn.ConvTranspose3d):
            module.weight.data.fill_(1e-3)
            module.bias.data.zero_()


def draw_as_trained(network):
    """Let the head draw a point where training wants it: half a decoder's voxel before its own.

    Doubling the sides puts a map a quarter of a voxel too early, and a heatmap's voxel is the
    middle of those it covers, while a decoder's lies on the first of them.
    """
    for block in network.decoder.blocks:
        block.upsample.deconv.weight.data.zero_()
    half = torch.tensor([0.0, 0.5, 0.5])
    kernel = half[:, None, None] * half[None, :, None] * half[None, None, :]
    network.seg_head.conv.weight.data[:] = kernel


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("spacing", "inside"), [((16.0,) * 3, True), ((10.0, 8.0, 20.0), False)])
def test_a_point_shines_at_its_place_in_the_world(model, make_tomogram, name, spacing, inside):
    center_without_noise(model.network)
    if name == "logits":
        draw_as_trained(model.network)
    shape = tuple(round(16 * n / s) for n, s in zip((96, 128, 160), spacing, strict=True))
    values = np.zeros(shape, dtype=np.uint8)
    tomogram = make_tomogram(values, spacing, (1000.0, -300.0, 20.0))
    # On a voxel of the deepest map, where all stages have a voxel too.
    prepared = prepared_grid(tomogram.grid, model.card.input)
    place = tuple(np.round(tomogram.grid.to_voxels(prepared.to_world((32, 64, 96)))).astype(int))
    values[place] = 255
    world = tomogram.grid.to_world(place)
    region = (tuple(world - 200), tuple(world + 200)) if inside else None
    request = StageRequest(tomogram, model, name, region)
    (maps,) = reduced(request, Assemble())
    assert maps.shape == (request.spec.channels, *request.grid.shape)
    total = maps.astype(np.float32).sum(axis=0)
    brightest = np.argwhere(total > 0.99 * total.max()).mean(axis=0)
    distance = np.abs(request.grid.to_world(brightest) - world)
    half = np.array(request.grid.spacing) / 2
    if name.startswith(("stem", "layer")):
        half = np.array(spacing) / 2  # by which the point misses the map's voxel
    assert (distance <= half + 1e-6).all()


def test_taps_have_the_shapes_that_they_declare(model):
    x = torch.zeros(1, 1, 32, 64, 32)
    assert [tap.name for tap in model.taps] == list(NAMES)
    for tap in model.taps:
        with torch.no_grad():
            found = tap_output(model.network, x, tap.name)
        assert tuple(found.shape) == (1, tap.channels, *(n // tap.stride for n in x.shape[2:]))
    with torch.no_grad():
        assert torch.equal(tap_output(model.network, x, "logits"), model.network(x))


@pytest.mark.parametrize("name", NAMES)
def test_a_network_that_is_split_gives_the_same_answers(model, name):
    x = torch.rand(2, 1, 32, 64, 32)
    split = Split(model.network, name)
    with torch.no_grad():
        assert torch.allclose(split.after(*split.before(x)), model.network(x), atol=1e-6)
    assert 0 <= split.share <= 1


@pytest.mark.parametrize("name", ["stem", "layer2", "decoder1", "decoder2", "logits"])
def test_nothing_beyond_the_receptive_radius_counts(model, name):
    network = model.network.double()
    tap = next(tap for tap in model.taps if tap.name == name)
    radius, side = receptive_radius(network, name), 128 if name in ("stem", "layer2") else 704
    center = side // 2 // tap.stride
    x = torch.rand(1, 1, 32, 32, side, dtype=torch.float64, requires_grad=True)
    tap_output(network, x, name)[0, 0, 0, 0, center].backward()
    seen = np.flatnonzero(x.grad[0, 0].abs().amax(dim=(0, 1)).numpy())
    reach = np.abs(seen - (tap.stride * center + tap.offset)).max()
    assert reach <= radius + tap.stride / 2


def test_every_voxel_is_given_once(model, tomogram):
    small = replace(model, card=replace(model.card, window=(96, 96, 96)))
    request = StageRequest(tomogram, small, "layer1")
    maps, moments, sample = reduced(request, Assemble(), Momentum(), Sample(100))
    assert moments.count == math.prod(request.grid.shape)
    flat = maps.reshape(len(maps), -1).astype(float)
    np.testing.assert_allclose(moments.mean, flat.mean(axis=1), rtol=1e-3)
    np.testing.assert_allclose(moments.covariance, np.cov(flat, bias=True), rtol=1e-2, atol=1e-4)
    np.testing.assert_array_equal(moments.greatest, flat.max(axis=1))
    assert sample.shape == (100, len(maps))
    assert (sample.astype(float).max(axis=0) <= moments.greatest).all()


def test_a_fallback_begins_the_count_anew(model, tomogram, monkeypatch):
    request = StageRequest(tomogram, model, "layer1")
    (expected,) = reduced(request, Momentum())
    compute, calls = stages._Tap.__call__, []

    def scarce(self, block):
        calls.append(block.shape)
        if len(calls) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compute(self, block)

    monkeypatch.setattr(stages._Tap, "__call__", scarce)
    monkeypatch.setattr(stages, "_WORKING_BYTES", 25_000_000)
    (moments,) = reduced(request, Momentum())
    assert len(calls) > 3
    assert moments.count == expected.count
    np.testing.assert_allclose(moments.mean, expected.mean, rtol=1e-3)


def test_a_bare_encoder_is_looked_into(model, tomogram):
    bare = EncoderModel(model.card, model.network.encoder)
    with_detector, without = (
        reduced(StageRequest(tomogram, each, "layer2"), Assemble())[0] for each in (model, bare)
    )
    np.testing.assert_array_equal(with_detector, without)
    with pytest.raises(ModelError, match="no stage 'logits'; choose one of stem, layer1"):
        _ = StageRequest(tomogram, bare, "logits").spec
