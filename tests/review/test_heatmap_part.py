"""Heatmaps of parts: where they lie in that of the whole, and what of them counts."""

import numpy as np
import pytest

from motorscope.contract import FeatureSpec
from motorscope.detection.tiling.region import choose_part
from motorscope.review.heatmap_part import (
    offset,
    pasted,
    trusted_box,
    voxels_in,
    whole_grid,
)
from motorscope.tomogram import VoxelGrid

PREPARED = VoxelGrid((200, 100, 90), (18.0, 18.0, 18.0), (5.0, -300.0, 40.0))
OUTPUT = FeatureSpec("logits", 1, 8, 3.5)


@pytest.mark.parametrize(
    "corners",
    [((0, 0, 0), (60, 60, 60)), ((70, 40, 33), (180, 99, 80)), ((100, 64, 0), (140, 90, 9))],
)
def test_a_part_is_found_in_the_whole(corners):
    region = tuple(map(tuple, PREPARED.to_world(corners)))
    part = choose_part(PREPARED, region, (0, 0, 0), OUTPUT, 32).heatmap
    whole = choose_part(PREPARED, None, (0, 0, 0), OUTPUT, 32).heatmap
    computed = whole_grid(part, PREPARED)
    assert computed.shape == whole.shape
    assert computed.origin == pytest.approx(whole.origin)
    first = offset(part, computed)
    assert whole.to_world(first) == pytest.approx(np.array(part.origin))


def test_values_are_put_in_the_box_alone_and_exactly():
    rng = np.random.default_rng(0)
    whole = VoxelGrid((12, 10, 8), (100.0,) * 3)
    before = rng.random(whole.shape, dtype=np.float32)
    part = whole.cropped((4, 4, 0), (6, 5, 8))
    values = rng.random(part.shape, dtype=np.float32)
    box = trusted_box(((450.0, 0.0, -50.0), (5000.0, 690.0, 750.0)), part, whole)
    after = pasted(before, whole, values, part, box)
    place = voxels_in(box, whole)
    assert place == (slice(5, 9), slice(5, 7), slice(0, 8))  # cut sides less their last voxels
    assert np.array_equal(after[5:9, 5:7], values[1:5, 1:3])
    after[place] = before[place]
    assert np.array_equal(after, before)


def test_voxels_of_another_size_are_interpolated():
    whole = VoxelGrid((12, 12, 12), (100.0,) * 3)
    part = VoxelGrid((40, 40, 40), (30.0,) * 3, (10.0, 10.0, 10.0))
    z = part.to_world(np.indices(part.shape).reshape(3, -1).T)[:, 0].reshape(part.shape)
    assert offset(part, whole) is None
    box = ((150.0,) * 3, (850.0,) * 3)
    after = pasted(np.zeros(whole.shape, np.float32), whole, z.astype(np.float32), part, box)
    assert after[2:9, 4, 4] == pytest.approx(np.arange(2, 9) * 100.0)
    assert not after[:2].any()
    assert not after[9:].any()
