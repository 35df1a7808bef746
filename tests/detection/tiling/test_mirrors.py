import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from motorscope.contract import Calibration, DetectionRequest, RunSettings
from motorscope.detection import detect, probability, run_to_end
from motorscope.detection import run as run_module
from motorscope.detection.tiling.mirrors import (
    MARGIN,
    crops,
    doubtful_blocks,
    lowest_logit,
    second_look,
    settle,
)
from motorscope.detection.tiling.plan import plan_windows
from motorscope.picks.maxima.candidates import FLOOR
from motorscope.tomogram import Tomogram, VoxelGrid

CONTEXT, LARGEST = (64, 64, 64), (512, 512, 512)
FAINT = 1.5  # log-odds of the average of a spot that the first look rules nearly out


def blocks_at(*places, shape=(7, 22, 22)):
    doubtful = np.zeros(shape, bool)
    for place in places:
        doubtful[place] = True
    return doubtful


def test_the_floor_is_a_margin_below_the_lowest_candidate_in_calibrated_odds():
    calibration = Calibration(shift=6.8, scale=2.1)
    lowest = lowest_logit(calibration, margin=0.0)
    assert probability(np.float32([lowest]), calibration)[0] == pytest.approx(FLOOR)
    assert calibration.scale * (lowest - lowest_logit(calibration)) == pytest.approx(MARGIN)


def test_what_is_near_a_high_voxel_is_doubtful():
    logits = np.full((16, 16, 16), -9.0, np.float32)
    logits[3, 3, 6] = 1.0  # two voxels before the next block along x
    everything = (slice(0, 16),) * 3
    doubtful = doubtful_blocks(logits, everything, 0.0, stride=4, alignment=32)
    assert np.argwhere(doubtful).tolist() == [[0, 0, 0], [0, 0, 1]]
    context = (slice(4, 16), slice(0, 16), slice(0, 16))
    assert not doubtful_blocks(logits, context, 0.0, stride=4, alignment=32).any()


@pytest.mark.parametrize("seed", range(3))
def test_crops_cover_what_is_doubtful_with_its_context(seed):
    rng = np.random.default_rng(seed)
    doubtful = blocks_at(*(tuple(rng.integers((7, 22, 22))) for _ in range(5)))
    left = doubtful.copy()
    for window in crops(doubtful, CONTEXT, LARGEST, 10**9, 32):
        sides = zip(window.start, window.stop, window.margin_low, window.margin_high, strict=True)
        for (start, stop, low, high), n in zip(sides, doubtful.shape, strict=True):
            assert start % 32 == stop % 32 == 0
            assert low == 64 or start == 0
            assert high == 64 or stop == 32 * n
        settle(left, window, 32)
    assert not left.any()


def test_crops_lie_apart_where_that_leaves_less_to_compute():
    near = crops(blocks_at((3, 5, 5), (3, 5, 6)), CONTEXT, LARGEST, 10**9, 32)
    far = crops(blocks_at((3, 2, 2), (3, 18, 18)), CONTEXT, LARGEST, 10**9, 32)
    assert [window.shape for window in near] == [(160, 160, 192)]
    assert [window.shape for window in far] == [(160, 160, 160)] * 2


def test_whole_windows_are_taken_where_crops_cost_more_or_may_not_be():
    windows = plan_windows((224, 704, 704), (224, 352, 352), CONTEXT, 10**9, 4, 32)
    few = blocks_at((3, 5, 5))
    arguments = (windows, CONTEXT, LARGEST, 10**9)
    (crop,) = second_look(few, *arguments, anywhere=True, alignment=32)
    assert math.prod(crop.shape) == 160**3
    touched = second_look(few, *arguments, anywhere=False, alignment=32)
    assert len(touched) == 1
    assert set(touched) < set(windows)
    everything = blocks_at((slice(None),) * 3)
    assert second_look(everything, *arguments, anywhere=True, alignment=32) == windows
    assert (
        second_look(few, windows, CONTEXT, LARGEST, 160**3 - 1, anywhere=True, alignment=32)
        == touched
    )
    assert second_look(~everything, *arguments, anywhere=True, alignment=32) == []


class Spots:
    """Sees the mean of 8 voxels along each side; mirror images are surer of themselves."""

    voxels = 0

    def __init__(self, network, device, dtype, images, watch):
        self._images = images

    def __call__(self, block):
        Spots.voxels += block.size * len(self._images)
        pooled = F.avg_pool3d(torch.from_numpy(block)[None, None], 8)[0, 0].numpy()
        return (
            100 * pooled - 30 + np.float32(4 / 3 * FAINT) * np.mean([any(i) for i in self._images])
        )


def test_candidates_are_those_of_mirror_images_of_everything_at_less_cost(model, monkeypatch):
    """Also one that the first look has below the floor."""
    monkeypatch.setattr(run_module, "Predictor", Spots)
    data = np.zeros((64, 512, 512), np.float32)
    lowest = math.log(FLOOR / (1 - FLOOR))
    for place, odds in (((32, 96, 96), 3.0), ((32, 400, 400), lowest - 0.9 * FAINT)):
        data[tuple(slice(p, p + 8) for p in place)] = (odds + 30) / 100
    data[0, 0, 0], data[0, 0, 3] = 1.0, -1.0  # on the lattice that grey values are taken from
    card = replace(
        model.card, input=replace(model.card.input, percentiles=(0.0, 100.0), output_range=(-1, 1))
    )
    spots = replace(model, card=replace(card, calibration=Calibration()))
    tomogram = Tomogram(data, VoxelGrid(data.shape, (16.0,) * 3), "spots")

    def search(**flips):
        before = Spots.voxels
        settings = RunSettings("cpu", "fp32", **flips)
        result = run_to_end(detect(DetectionRequest(tomogram, spots, settings=settings)))
        return result.candidates, Spots.voxels - before

    part, some = search(flips=True)
    whole, all_of_it = search(flips=True, flips_everywhere=True)
    first, _ = search(flips=False)
    assert (len(first), len(part), len(whole)) == (1, 2, 2)
    np.testing.assert_allclose(part.positions, whole.positions, atol=0.1)
    np.testing.assert_allclose(part.scores, whole.scores, atol=1e-4)
    assert some < 0.6 * all_of_it
