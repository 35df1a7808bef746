"""Maxima near a place, and along a line of sight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.picks.maxima.near import highest_between, nearest_summit
from motorscope.tomogram import VoxelGrid

GRID = VoxelGrid(shape=(24, 30, 28), spacing=(64.0, 64.0, 50.0), origin=(100.0, -50.0, 0.0))


def gaussian(*centres, grid=GRID, sigma=120.0):
    places = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    return sum(
        height * np.exp(-((places - np.array(centre)) ** 2).sum(-1) / (2 * sigma**2))
        for centre, height in centres
    ).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.floats(5, 18), st.floats(5, 24), st.floats(5, 22)),
    st.tuples(*[st.floats(-170, 170)] * 3),
)
def test_a_summit_is_found_finer_than_a_voxel(voxel, away):
    centre = GRID.to_world(voxel)
    heatmap = gaussian((centre, 0.9))
    found, value = nearest_summit(heatmap, GRID, centre + away, radius=400.0)
    assert found == pytest.approx(centre, abs=1.0)
    assert value == pytest.approx(heatmap.max())


def test_the_highest_within_the_radius_is_taken_and_none_beyond():
    near, far = np.array([600.0, 600.0, 600.0]), np.array([600.0, 1300.0, 600.0])
    heatmap = gaussian((near, 0.5), (far, 0.9))
    assert nearest_summit(heatmap, GRID, near + 50, 300.0)[0] == pytest.approx(near, abs=20)
    assert nearest_summit(heatmap, GRID, (near + far) / 2, 400.0)[0] == pytest.approx(far, abs=20)
    assert nearest_summit(heatmap, GRID, (-9000.0, 0.0, 0.0), 200.0) == (None, 0.0)


def test_where_no_maximum_is_near_the_largest_value_there_is_told():
    centre = np.array([600.0, 600.0, 600.0])
    away = centre + np.array([400.0, 0.0, 0.0])
    found, value = nearest_summit(gaussian((centre, 0.9)), GRID, away, 200.0)
    assert found is None
    # The value 200 Å from the middle, but for the voxel's size.
    assert 0.9 * np.exp(-(264**2) / (2 * 120**2)) < value <= 0.9 * np.exp(-(200**2) / (2 * 120**2))


def test_the_largest_value_on_a_ray_is_found():
    heatmap = gaussian((GRID.to_world((10, 12, 14)), 0.8), (GRID.to_world((3, 12, 14)), 0.4))
    found, value = highest_between(heatmap, (0.0, 12.0, 14.0), (23.0, 12.0, 14.0))
    assert value == pytest.approx(0.8, abs=0.05)
    assert found == pytest.approx((10, 12, 14), abs=0.5)
    slanted, _ = highest_between(heatmap, (0.0, 2.0, 4.0), (20.0, 22.0, 24.0))
    assert slanted == pytest.approx((10, 12, 14), abs=0.5)
