import gc
import threading
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from motorscope.contract import (
    DetectionRequest,
    HeatmapBlock,
    HeatmapStarted,
    Notice,
    Progress,
    RunSettings,
)
from motorscope.detection import (
    PrecisionChoice,
    detect,
    probability,
    run_to_end,
    windows,
)
from motorscope.detection import run as run_module
from motorscope.detection.forward.predictor import Predictor, is_out_of_memory
from motorscope.detection.forward.watch import Cancelled, Watch
from motorscope.detection.hardware import precision, setup
from motorscope.detection.tiling.mirrors import MIRRORED, PLAIN
from motorscope.errors import DeviceError, ModelError, SpacingError, TomogramError
from motorscope.picks import PickTable
from motorscope.picks.maxima.candidates import find_maxima
from motorscope.picks.thinning import thinned
from motorscope.tomogram import Tomogram, VoxelGrid, prepare

FP32 = RunSettings("cpu", "fp32")
EVERYWHERE = replace(FP32, flips=True, flips_everywhere=True)


def plain_heatmap(model, tomogram):
    """What the network says of the whole padded volume, without any of our machinery."""
    volume = prepare(tomogram, model.card.input)
    padded = np.pad(volume, [(0, -n % 32) for n in volume.shape], mode="symmetric")
    with torch.inference_mode():
        logits = model.network(torch.from_numpy(padded)[None, None])[0, 0].numpy()
    kept = logits[tuple(slice(-(-n // 8)) for n in volume.shape)]
    return probability(kept, model.card.calibration)


def drain(request, cancel=None):
    messages = []
    result = run_to_end(detect(request, cancel), messages.append)
    return result, messages


def assert_close(heatmap, whole):
    """Windows see less than the whole; with enough context hardly less."""
    assert np.abs(heatmap - whole).mean() < 0.05 * whole.std()
    assert np.abs(heatmap - whole).max() < 0.5 * whole.std()


def of(kind, messages):
    return [message for message in messages if isinstance(message, kind)]


@pytest.fixture(scope="module")
def whole(model, tomogram):
    return plain_heatmap(model, tomogram)


@pytest.fixture
def small_windows(monkeypatch):
    """Let a CPU hold no more than a window of 64 x 192 x 128 voxels."""

    def limit(*arguments):
        return 64 * 192 * 128

    monkeypatch.setattr(setup, "_max_voxels", limit)


def test_the_heatmap_is_what_the_network_says(model, tomogram, whole):
    result, messages = drain(DetectionRequest(tomogram, model, settings=FP32))
    np.testing.assert_allclose(result.heatmap, whole, atol=1e-4)
    assert whole.std() > 0.05  # or there would be nothing to compare
    assert result.grid.shape == result.heatmap.shape == (7, 37, 15)
    assert result.grid.spacing == (128.0, 128.0, 128.0)
    # Heatmap voxel 0 is in the middle of the tomogram's voxels 0 to 7.
    np.testing.assert_allclose(result.grid.origin, tomogram.grid.to_world([3.5] * 3))
    assert (result.device, result.precision) == ("cpu", "fp32")
    assert len(of(HeatmapStarted, messages)) == len(of(HeatmapBlock, messages)) == 1
    maxima = run_module.within(find_maxima(result.heatmap, result.grid), tomogram.grid)
    expected = thinned(maxima, model.card.minimum_distance)
    np.testing.assert_array_equal(result.candidates.positions, expected.positions)


@pytest.mark.usefixtures("small_windows")
def test_windows_fill_the_heatmap_and_agree_with_the_whole(model, tomogram, whole):
    result, messages = drain(DetectionRequest(tomogram, model, settings=FP32))
    (started,) = of(HeatmapStarted, messages)
    assert started.grid == result.grid
    canvas = np.full(started.grid.shape, np.nan, np.float32)
    blocks = of(HeatmapBlock, messages)
    assert len(blocks) >= 3
    for block in blocks:
        assert block.values.size < canvas.size
        place = zip(block.start, block.values.shape, strict=True)
        canvas[tuple(slice(a, a + n) for a, n in place)] = block.values
    np.testing.assert_array_equal(canvas, result.heatmap)
    assert_close(result.heatmap, whole)


@pytest.mark.usefixtures("small_windows")
def test_progress_counts_up_to_its_total_and_tells_the_time_left(model, tomogram):
    _, messages = drain(DetectionRequest(tomogram, model, settings=FP32))
    progress = of(Progress, messages)
    for what in ("Reading grey values", "Looking for motors"):
        steps = [step for step in progress if step.what == what]
        shares = [step.done / step.total for step in steps]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0, 1)
    assert len(set(shares)) >= 3
    assert steps[0].seconds_left is None
    assert any(step.seconds_left for step in steps)
    assert steps[-1].seconds_left == 0


@pytest.mark.usefixtures("small_windows")
def test_progress_moves_within_a_window(model, tomogram, monkeypatch):
    """Layers are slowed down here, as a large network on a slow machine is."""
    monkeypatch.setattr("motorscope.detection.forward.watch.TICK", 0.01)
    before_layer = Watch.before_layer

    def slow(watch):
        before_layer(watch)
        time.sleep(0.002)

    monkeypatch.setattr(Watch, "before_layer", slow)
    small = Tomogram(tomogram.data[:32, :32, :32], VoxelGrid((32,) * 3, (16.0,) * 3), "small")
    _, messages = drain(DetectionRequest(small, model, settings=EVERYWHERE))
    steps = [step for step in of(Progress, messages) if step.what == "Looking for motors"]
    (total,) = {step.total for step in steps if step.done}
    layers = len([m for m in model.network.modules() if not list(m.children())])
    assert total > 4 * 0.9 * layers  # four mirror images
    assert len({step.done for step in steps}) > 10
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    known = [step.seconds_left for step in steps if step.seconds_left is not None]
    assert len(known) > 5
    assert known[0] > known[-2]


def test_run_that_nobody_waits_for_any_more_stops_between_two_layers(model, tomogram, monkeypatch):
    monkeypatch.setattr("motorscope.detection.forward.watch.TICK", 0.01)
    seen = []
    before_layer = Watch.before_layer

    def slow(watch):
        before_layer(watch)
        seen.append(time.monotonic())
        time.sleep(0.005)

    monkeypatch.setattr(Watch, "before_layer", slow)
    messages = detect(DetectionRequest(tomogram, model, settings=EVERYWHERE))
    step = next(m for m in messages if isinstance(m, Progress) and m.what.startswith("Looking"))
    while not step.done:
        step = next(messages)
    messages.close()
    assert len(seen) < step.total / 2
    count = len(seen)
    time.sleep(0.1)
    assert len(seen) == count
    assert not [
        each for each in threading.enumerate() if each.name.startswith("motorscope network")
    ]


def test_flips_average_mirror_images(model, tomogram):
    data = tomogram.data[:32, :64, :96]
    small = Tomogram(data, VoxelGrid(data.shape, (16.0,) * 3), "small")
    flipped, _ = drain(DetectionRequest(small, model, settings=EVERYWHERE))
    volume = torch.from_numpy(prepare(small, model.card.input))[None, None]
    with torch.inference_mode():
        logits = model.network(volume)
        for axis in (2, 3, 4):
            logits = logits + model.network(volume.flip(axis)).flip(axis)
    expected = probability((logits / 4)[0, 0].numpy(), model.card.calibration)
    np.testing.assert_allclose(flipped.heatmap, expected, atol=1e-4)


@pytest.mark.parametrize("measured", [False, True])
def test_flips_are_as_the_model_was_measured_unless_asked_for(
    model, with_card, tomogram, monkeypatch, measured
):
    used = []

    class Recording(Predictor):
        def __init__(self, network, device, dtype, images, watch):
            used.append(images)
            super().__init__(network, device, dtype, images, watch)

    monkeypatch.setattr(run_module, "Predictor", Recording)
    data = tomogram.data[:32, :32, :32]
    small = Tomogram(data, VoxelGrid(data.shape, (16.0,) * 3), "small")
    for flips in (None, False, True):
        drain(
            DetectionRequest(
                small, with_card(model, flips=measured), settings=replace(FP32, flips=flips)
            )
        )
    twice = [PLAIN, MIRRORED]
    assert used == [*(twice if measured else [PLAIN]), PLAIN, *twice]


def test_a_region_is_that_part_of_the_whole(model, with_card, tomogram, whole):
    # So much context that the network sees everything.
    wide = with_card(model, window=(1024,) * 3, context=(320,) * 3)
    corners = tomogram.grid.to_world([[10, 40, 70], [20, 60, 90]])
    region = (tuple(corners[1]), tuple(corners[0]))
    result, _ = drain(DetectionRequest(tomogram, wide, region=region, settings=FP32))
    first = np.round((np.array(result.grid.origin) - tomogram.grid.to_world([3.5] * 3)) / 128)
    assert first.tolist() == [0, 4, 8]
    assert result.heatmap.shape == (4, 4, 4)
    np.testing.assert_allclose(result.heatmap, whole[0:4, 4:8, 8:12], atol=1e-4)


@pytest.mark.parametrize("moment", ["before", Progress, HeatmapStarted, HeatmapBlock])
@pytest.mark.usefixtures("small_windows")
def test_a_cancelled_run_returns_nothing_and_soon(model, tomogram, moment):
    cancel = threading.Event()
    after = []

    def on_message(message):
        if cancel.is_set():
            after.append(message)
        if moment != "before" and isinstance(message, moment):
            cancel.set()

    if moment == "before":
        cancel.set()
    request = DetectionRequest(tomogram, model, settings=FP32)
    assert run_to_end(detect(request, cancel), on_message) is None
    assert len(after) <= 1


def test_a_network_stops_between_its_layers(model):
    cancel = threading.Event()
    predictor = Predictor(model.network, torch.device("cpu"), torch.float32, PLAIN, Watch(cancel))
    block = np.zeros((32, 32, 32), np.float32)
    assert predictor(block).shape == (4, 4, 4)
    cancel.set()
    with pytest.raises(Cancelled):
        predictor(block)


class Forgetful(Predictor):
    """A predictor on a device with room for 64 x 192 x 128 voxels."""

    calls: list[tuple[int, ...]]

    def __call__(self, block):
        self.calls.append(block.shape)
        if self.device.type == "cpu" and block.size > 64 * 192 * 128:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")
        return super().__call__(block)


@pytest.fixture
def fp16_on_cpu(monkeypatch):
    """Let a CPU stand in for a graphics processor that computes in half precision."""
    half = PrecisionChoice(torch.float16, "slow, but the same code")
    monkeypatch.setattr(setup, "choose_precision", lambda name, device: half)


@pytest.fixture
def forgetful(monkeypatch):
    monkeypatch.setattr(Forgetful, "calls", [], raising=False)
    monkeypatch.setattr(run_module, "Predictor", Forgetful)
    return Forgetful


def test_without_memory_the_window_is_halved_and_a_person_told(model, tomogram, whole, forgetful):
    result, messages = drain(DetectionRequest(tomogram, model, settings=FP32))
    notices = of(Notice, messages)
    assert notices
    assert all("memory" in notice.text and "halving" in notice.text for notice in notices)
    sizes = [np.prod(shape) for shape in forgetful.calls]
    assert max(sizes) > 64 * 192 * 128 >= min(sizes)
    assert_close(result.heatmap, whole)


def test_windows_that_are_done_are_not_computed_again(model, tomogram, monkeypatch):
    """Memory that runs out late costs no more than what is left."""
    monkeypatch.setattr(setup, "_max_voxels", lambda *arguments: 64 * 192 * 128)
    calls = []

    class Late(Predictor):
        def __call__(self, block):
            calls.append(block.shape)
            if len(calls) == 3:
                raise MemoryError
            return super().__call__(block)

    monkeypatch.setattr(run_module, "Predictor", Late)
    result, messages = drain(DetectionRequest(tomogram, model, settings=FP32))
    assert len(of(Notice, messages)) == 1
    afterwards = [step for step in of(Progress, messages) if step.what.startswith("Looking")]
    assert [step.done for step in afterwards] == sorted(step.done for step in afterwards)
    assert 0.3 < max(step.done / step.total for step in afterwards[:-1]) < 1
    assert np.isfinite(result.heatmap).all()


def test_an_accelerator_without_memory_gives_way_to_the_cpu(model, tomogram, whole, monkeypatch):
    """A network that does not fit at all is not tried with ever smaller windows."""

    class Full(Predictor):
        def __init__(self, network, device, *arguments):
            if device.type == "cuda":
                raise RuntimeError("CUDA error: out of memory")
            super().__init__(network, device, *arguments)

    cuda = setup.Setup(torch.device("cuda:0"), torch.float16, 10**8)
    monkeypatch.setattr(run_module, "Predictor", Full)
    monkeypatch.setattr(run_module, "choose_setup", lambda *arguments: cuda)
    monkeypatch.setattr(windows, "release", lambda device: None)
    monkeypatch.setattr(precision, "_measured_speedup", lambda: 0.1)
    result, messages = drain(DetectionRequest(tomogram, model))
    (notice,) = of(Notice, messages)
    assert "CUDA" in notice.text
    assert "CPU" in notice.text
    assert (result.device, result.precision) == ("cpu", "fp32")
    np.testing.assert_allclose(result.heatmap, whole, atol=1e-4)


def test_no_memory_at_all_is_an_error_that_says_so(model, tomogram, monkeypatch):
    class Full(Predictor):
        def __call__(self, block):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(run_module, "Predictor", Full)
    with pytest.raises(DeviceError, match="memory"):
        drain(DetectionRequest(tomogram, model, settings=FP32))


def test_an_error_that_is_not_about_memory_is_not_hidden(model, tomogram, monkeypatch):
    class Broken(Predictor):
        def __call__(self, block):
            raise RuntimeError("something else")

    monkeypatch.setattr(run_module, "Predictor", Broken)
    with pytest.raises(RuntimeError, match="something else"):
        drain(DetectionRequest(tomogram, model, settings=FP32))


def test_half_precision_that_overflows_is_redone_in_fp32(
    model, tomogram, whole, monkeypatch, fp16_on_cpu
):
    class Overflowing(Predictor):
        def __call__(self, block):
            logits = super().__call__(block)
            return logits if self.dtype == torch.float32 else np.full_like(logits, np.inf)

    monkeypatch.setattr(run_module, "Predictor", Overflowing)
    request = DetectionRequest(tomogram, model, settings=RunSettings("cpu"))
    result, messages = drain(request)
    (notice,) = of(Notice, messages)
    assert "fp16" in notice.text
    assert "fp32" in notice.text
    assert result.precision == "fp32"
    np.testing.assert_allclose(result.heatmap, whole, atol=1e-4)


def test_half_precision_is_nearly_as_good(model, tomogram, fp16_on_cpu):
    small = replace(tomogram, data=tomogram.data[:32, :64, :64])
    small = replace(small, grid=replace(small.grid, shape=small.data.shape))
    half, _ = drain(DetectionRequest(small, model, settings=RunSettings("cpu")))
    assert half.precision == "fp16"
    assert half.heatmap.dtype == np.float32
    np.testing.assert_allclose(half.heatmap, plain_heatmap(model, small), atol=0.02)


def test_damaged_weights_are_an_error(model, tomogram):
    damaged = replace(model, network=_with_nan(model.network))
    with pytest.raises(ModelError, match="weights"):
        drain(DetectionRequest(tomogram, damaged, settings=FP32))


def _with_nan(network):
    import copy

    damaged = copy.deepcopy(network)
    with torch.no_grad():
        damaged.seg_head.conv.bias.fill_(torch.nan)
    return damaged


def test_wrong_requests_are_refused(model, tomogram):
    unknown = replace(tomogram, grid=VoxelGrid(tomogram.grid.shape, None))
    with pytest.raises(SpacingError):
        drain(DetectionRequest(unknown, model))
    with pytest.raises(DeviceError, match="cuda:99"):
        drain(DetectionRequest(tomogram, model, settings=RunSettings("cuda:99")))
    far = ((1e7, 1e7, 1e7), (2e7, 2e7, 2e7))
    with pytest.raises(TomogramError, match="outside"):
        drain(DetectionRequest(tomogram, model, region=far))


def test_the_model_is_left_as_it_was(model, tomogram, fp16_on_cpu):
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    drain(DetectionRequest(tomogram, model, settings=RunSettings("cpu")))
    after = model.network.state_dict()
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert after[name].dtype == value.dtype
        assert torch.equal(after[name], value)
    assert not any(module._forward_pre_hooks for module in model.network.modules())


@pytest.mark.parametrize("ending", ["cancel", "close", "finish"])
def test_nothing_of_a_run_outlives_it(model, tomogram, monkeypatch, ending):
    made, released = [], []

    class Watched(Predictor):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(weakref.ref(self))

    monkeypatch.setattr(run_module, "Predictor", Watched)
    monkeypatch.setattr(windows, "release", released.append)
    cancel = threading.Event()
    run = detect(DetectionRequest(tomogram, model, settings=FP32), cancel)
    for message in run:
        if isinstance(message, HeatmapBlock):
            assert made[0]() is not None
            if ending == "cancel":
                cancel.set()
            elif ending == "close":
                run.close()
    gc.collect()
    assert released == [torch.device("cpu")]
    assert [reference() for reference in made] == [None]


def test_running_to_the_end_closes_the_run_when_the_listener_fails():
    closed = []

    def run():
        try:
            yield 1
        finally:
            closed.append(True)

    def fail(message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_to_end(run(), fail)
    assert closed == [True]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("x"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_memory_errors_are_known_by_their_words(error, expected):
    assert is_out_of_memory(error) is expected


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_the_cpu_and_is_freed(model, tomogram, whole):
    before = torch.cuda.memory_allocated()
    result, _ = drain(DetectionRequest(tomogram, model, settings=RunSettings("cuda")))
    assert result.precision == "fp16"
    np.testing.assert_allclose(result.heatmap, whole, atol=0.02)
    assert torch.cuda.memory_allocated() == before


def test_nothing_is_found_beyond_the_outermost_voxels():
    grid = VoxelGrid((10, 20, 30), None).with_spacing(16.0)
    voxels = np.array([[-0.4, 5, 5], [-0.6, 5, 5], [9.4, 19.4, 29.4], [9.6, 5, 5], [5, 5, 29.6]])
    picks = PickTable.from_positions(grid.to_world(voxels), origin="user", status="accepted")
    np.testing.assert_allclose(
        grid.to_voxels(run_module.within(picks, grid).positions), voxels[[0, 2]], atol=1e-9
    )
    assert len(run_module.within(PickTable.empty(), grid)) == 0


def test_a_script_asks_for_detection_with_imports_of_this_room_alone(model):
    """The request once moved to another package, and scripts that worked did no more."""
    from motorscope.detection import DetectionRequest, detect, run_to_end

    volume = np.random.default_rng(0).integers(-128, 127, (32, 64, 64)).astype(np.int8)
    tomogram = Tomogram(volume, VoxelGrid(volume.shape, (18.0,) * 3), "noise")
    result = run_to_end(detect(DetectionRequest(tomogram=tomogram, model=model)))
    assert result.heatmap.ndim == 3


def test_a_tomogram_of_bright_density_is_inverted_for_the_network_and_said_so(model):
    rng = np.random.default_rng(5)
    dense = sum(
        (np.add.outer(np.add.outer(*(np.square(np.arange(64.0) - c) for c in place[:2])),
                      np.square(np.arange(64.0) - place[2])) < 9)
        for place in rng.uniform(0, 64, (60, 3))
    ).astype(np.float32)  # fmt: skip
    dense += rng.normal(0, 0.1, dense.shape).astype(np.float32)
    grid = VoxelGrid(dense.shape, (18.0, 18.0, 18.0))
    recipe = replace(model.card.input, density="dark")
    wary = replace(model, card=replace(model.card, input=recipe))
    dark, bright = Tomogram(-dense, grid, "a"), Tomogram(dense, grid, "b")
    expected, messages = drain(DetectionRequest(dark, wary, settings=FP32))
    assert not of(Notice, messages)
    found, messages = drain(DetectionRequest(bright, wary, settings=FP32))
    (notice,) = of(Notice, messages)
    assert "In b, " in notice.text
    np.testing.assert_allclose(found.heatmap, expected.heatmap, atol=1e-4)
    told, messages = drain(DetectionRequest(replace(bright, density="bright"), wary, settings=FP32))
    assert not of(Notice, messages)
    np.testing.assert_array_equal(told.heatmap, found.heatmap)
    left = replace(bright, density="dark")
    other, _ = drain(DetectionRequest(left, wary, settings=FP32))
    assert np.abs(other.heatmap - expected.heatmap).max() > 1e-3
