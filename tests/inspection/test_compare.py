import threading
from dataclasses import replace

import numpy as np
import pytest

from motorscope.contract import DetectionRequest, DetectionResult, FeatureSpec, RunSettings
from motorscope.contract.compare import CompareDetectionsRequest, CompareStagesRequest
from motorscope.detection import detect, run_to_end
from motorscope.errors import ConfigError
from motorscope.inspection import Entry, Momentum, StageCache
from motorscope.inspection.compare import (
    compare_detections,
    compare_models,
    compare_opened,
    compare_stages,
)
from motorscope.picks import PickTable
from motorscope.review.comparison import compare
from motorscope.tomogram import VoxelGrid

GRID = VoxelGrid((6, 7, 8), (144.0,) * 3, (10.0, 0.0, -5.0))


def stage(maps, grid=GRID):
    spec = FeatureSpec("layer2", len(maps), 8, 0.0)
    momentum, maps = Momentum(), maps.astype(np.float16)
    momentum.begin(spec, grid)
    momentum.add(tuple(slice(0, side) for side in grid.shape), maps)
    return Entry(spec, grid, maps, maps.reshape(len(maps), -1).T, momentum.result())


@pytest.fixture
def maps():
    rng = np.random.default_rng(1)
    strength = np.array([9.0, 6.0, 4.0, 2.0, 1.0])
    return rng.normal(size=(5, *GRID.shape)) * strength[:, None, None, None]


def test_the_same_seen_in_other_channels_agrees(maps):
    rng = np.random.default_rng(2)
    mixture, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    other = 2 * np.einsum("dc,czyx->dzyx", mixture, maps) + 3
    found = compare_stages(stage(maps), stage(other))
    assert found.first.shape == found.second.shape == (*GRID.shape, 3)
    assert np.abs(found.second.astype(int) - found.first).max() <= 2
    assert min(found.agreement) > 0.999
    assert 0.9 < sum(found.explained) < 1


def test_something_else_does_not_agree(maps):
    other = np.random.default_rng(3).normal(size=maps.shape)
    assert max(compare_stages(stage(maps), stage(other)).agreement) < 0.3


def test_stages_of_different_grain_are_laid_over_each_other(maps):
    smooth = np.stack(
        [
            np.add.outer(np.add.outer(np.arange(6), k * np.arange(7)), np.arange(8))
            for k in (1.0, -1.0, 3.0)
        ]
    )
    fine_grid = VoxelGrid((11, 13, 15), (72.0,) * 3, GRID.origin)
    fine = np.stack(
        [
            np.add.outer(np.add.outer(np.arange(11), k * np.arange(13)), np.arange(15)) / 2
            for k in (1.0, -1.0, 3.0)
        ]
    )
    found = compare_stages(stage(smooth), stage(fine, fine_grid), count=2)
    assert min(found.agreement) > 0.999
    assert np.abs(found.second.astype(int) - found.first).max() <= 4


def test_too_many_components(maps):
    with pytest.raises(ConfigError, match="have 2 components to compare, not 3"):
        compare_stages(stage(maps), stage(maps[:2]))


def detection(places, scores, heat, grid):
    picks = PickTable.from_positions(np.array(places, float), np.array(scores))
    return DetectionResult(heat.astype(np.float32), grid, picks, picks, "cpu", "fp32", 0.0)


def test_detections_of_two_models():
    fine = VoxelGrid((12, 14, 16), (72.0,) * 3, (-26.0, -36.0, -41.0))
    heat, finer = np.zeros(GRID.shape), np.zeros(fine.shape)
    heat[2, 3, 4] = 0.9
    finer[4:6, 6:8, 8:10] = 0.5  # the same voxel, in eight
    first = detection([[0, 0, 0], [500, 500, 500], [900, 0, 0]], [0.9, 0.8, 0.1], heat, GRID)
    second = detection([[480, 510, 500], [0, 900, 0]], [0.7, 0.6], finer, fine)
    found = compare_detections(first, second, (0.5, 0.5))
    assert [len(each) for each in found.candidates] == [2, 2]
    matched = compare(found.candidates[0], found.candidates[1].positions, 100.0)
    assert matched.verdicts == ("both", "mine", "theirs")
    assert found.difference[2, 3, 4] == pytest.approx(-0.4)
    assert np.abs(found.difference).sum() == pytest.approx(0.4, abs=1e-6)


def test_two_models_from_beginning_to_end(model, make_tomogram, tmp_path):
    """What is known is not computed again, unless it is of a part of the tomogram."""
    tomogram = make_tomogram(np.random.default_rng(0).normal(size=(36, 40, 44)).astype(np.float32))
    settings = RunSettings("cpu", "fp32")
    known = run_to_end(detect(DetectionRequest(tomogram, model, settings=settings)))
    asked = CompareDetectionsRequest(tomogram, model, model, known, settings)
    found = run_to_end(compare_models(asked))
    assert found.first is known.heatmap
    np.testing.assert_allclose(found.difference, 0, atol=1e-6)
    part = replace(known, grid=known.grid.cropped((0, 0, 0), (2, 2, 2)))
    again = run_to_end(compare_models(replace(asked, known=part)))
    np.testing.assert_array_equal(again.first, known.heatmap)

    cache = StageCache(tmp_path, 10**9)
    stages = run_to_end(
        compare_opened(CompareStagesRequest(tomogram, model, model, "layer3", settings), cache)
    )
    np.testing.assert_allclose(stages.agreement, 1, atol=1e-5)
    assert len(list(tmp_path.iterdir())) == 1
    cancel = threading.Event()
    cancel.set()
    assert run_to_end(compare_models(asked, cancel)) is None
