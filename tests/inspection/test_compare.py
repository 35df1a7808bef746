import numpy as np
import pytest

from motorscope.contract import DetectionResult, FeatureResult, FeatureSpec
from motorscope.errors import ConfigError
from motorscope.inspection.compare import compare_detections, compare_stages
from motorscope.picks import PickTable
from motorscope.tomogram import VoxelGrid

GRID = VoxelGrid((6, 7, 8), (144.0,) * 3, (10.0, 0.0, -5.0))


def stage(maps, grid=GRID):
    spec = FeatureSpec("layer2", len(maps), 8, 0.0)
    return FeatureResult(0, maps.astype(np.float16), grid, spec, covers_all=True)


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
    assert found.first.shape == found.second.shape == (3, *GRID.shape)
    np.testing.assert_allclose(found.second, found.first, atol=0.1)
    assert (found.agreement > 0.999).all()


def test_something_else_does_not_agree(maps):
    other = np.random.default_rng(3).normal(size=maps.shape)
    assert (compare_stages(stage(maps), stage(other)).agreement < 0.3).all()


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
    assert (found.agreement > 0.999).all()


def test_too_many_components(maps):
    with pytest.raises(ConfigError, match="have 5 components to compare, not 6"):
        compare_stages(stage(maps), stage(maps), count=6)


def detection(places, scores, heat, grid):
    picks = PickTable.from_positions(np.array(places, float), np.array(scores))
    return DetectionResult(0, heat.astype(np.float32), grid, picks, picks, "cpu", "fp32", 0.0)


def test_detections_of_two_models():
    fine = VoxelGrid((12, 14, 16), (72.0,) * 3, (-26.0, -36.0, -41.0))
    heat, finer = np.zeros(GRID.shape), np.zeros(fine.shape)
    heat[2, 3, 4] = 0.9
    finer[4:6, 6:8, 8:10] = 0.5  # the same voxel, in eight
    first = detection([[0, 0, 0], [500, 500, 500], [900, 0, 0]], [0.9, 0.8, 0.1], heat, GRID)
    second = detection([[480, 510, 500], [0, 900, 0]], [0.7, 0.6], finer, fine)
    found = compare_detections(first, second, radius=100.0, thresholds=(0.5, 0.5))
    assert found.matches.pairs.tolist() == [[0, 1]]
    assert found.matches.unmatched_found.tolist() == [1]
    assert found.matches.unmatched_truth.tolist() == [0]
    assert found.difference[2, 3, 4] == pytest.approx(-0.4)
    assert np.abs(found.difference).sum() == pytest.approx(0.4, abs=1e-6)
