import threading

import numpy as np
import pytest
import torch

from motorscope.contract import Architecture, Notice, Progress
from motorscope.detection import windows
from motorscope.detection.forward.watch import Cancelled, Watch
from motorscope.detection.hardware.setup import Setup
from motorscope.detection.tiling.plan import plan_windows
from motorscope.detection.windows import Computed, over_windows
from motorscope.errors import ModelError

SHAPE = (64, 64, 128)
VOLUME = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)


def steps_of(build, allowed=64**3, cancel=None, done=()):
    """Go over VOLUME in windows of at most `allowed` voxels; `done` are there already."""

    def cut(window):
        return VOLUME[tuple(map(slice, window.start, window.stop))]

    def plan(setup):
        every = plan_windows(SHAPE, (64, 64, 64), (0, 0, 0), setup.max_voxels, 4, 32)
        return [window for window in every if window.start not in done]

    setup = Setup(torch.device("cpu"), torch.float32, allowed)
    return over_windows("Counting", cut, setup, Architecture(), plan, build, Watch(cancel))


def test_every_window_is_computed_once_by_what_was_built_once():
    built = []

    def build(setup):
        built.append(setup)
        return np.negative

    steps = list(steps_of(build))
    assert len(built) == 1
    computed = [step for step in steps if isinstance(step, Computed)]
    assert [step.window.start for step in computed] == [(0, 0, 0), (0, 0, 64)]
    for step in computed:
        place = tuple(slice(a, a + n) for a, n in zip(step.window.start, (64,) * 3, strict=True))
        np.testing.assert_array_equal(step.values, -VOLUME[place])
    progress = [(step.done, step.total) for step in steps if isinstance(step, Progress)]
    assert progress == [(0, 2), (1, 2), (2, 2)]


def test_after_a_fallback_only_what_is_left_is_planned():
    done, tried = [], []

    def build(setup):
        def compute(block):
            tried.append(block.shape)
            if len(tried) == 2:
                raise MemoryError
            return block

        return compute

    notices = []
    for step in steps_of(build, done=done):
        if isinstance(step, Computed):
            done.append(step.window.start)
            assert step.setup.max_voxels == 64**3 / (1 if len(tried) == 1 else 2)
        elif isinstance(step, Notice):
            notices.append(step.text)
    assert tried[:2] == [(64, 64, 64)] * 2
    assert all(np.prod(shape) <= 64**3 / 2 for shape in tried[2:])
    assert (0, 0, 0) in done
    assert len(notices) == 1
    assert "halving" in notices[0]


@pytest.mark.parametrize("end", ["the last window", "an error", "closing", "cancelling"])
def test_the_device_is_free_however_it_ends(end, monkeypatch):
    released = []
    monkeypatch.setattr(windows, "release", released.append)
    cancel = threading.Event()
    damaged = end == "an error"
    steps = steps_of(lambda setup: lambda block: block * (np.nan if damaged else 1), cancel=cancel)
    next(steps)
    if end == "the last window":
        list(steps)
    elif end == "an error":
        with pytest.raises(ModelError, match="not a finite number"):
            list(steps)
    elif end == "closing":
        steps.close()
    else:
        cancel.set()
        with pytest.raises(Cancelled):
            next(steps)
    assert released[-1] == torch.device("cpu")
