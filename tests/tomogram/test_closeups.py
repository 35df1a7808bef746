"""Close-ups show what is there, at one scale, whatever the voxels are like."""

import time

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.tomogram import VoxelGrid
from motorscope.tomogram.closeups import close_up, coloured

SHAPE = (40, 60, 50)


def linear(grid):
    """Return a volume whose value is z + 10 y + 100 x in Å, and that function."""
    places = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    weights = np.array([1.0, 10.0, 100.0])
    return (places @ weights).astype(np.float32), weights


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.floats(5, 40)] * 3),
    st.tuples(*[st.floats(0, 1)] * 3),
    st.integers(0, 2),
    st.sampled_from([8, 33, 96]),
)
def test_every_pixel_is_its_place_in_the_world(spacing, where, axis, pixels):
    grid = VoxelGrid(shape=SHAPE, spacing=spacing, origin=(50.0, -200.0, 7.0))
    data, weights = linear(grid)
    voxel = np.array(where) * (np.array(SHAPE) - 1)
    position = grid.to_world(voxel)
    reach = 200.0
    picture = close_up(data, grid, position, axis, pixels, reach)
    assert picture.shape == (pixels, pixels)
    voxel[axis] = round(voxel[axis])
    plane = grid.to_world(voxel)
    pixel = 2 * reach / pixels
    offsets = (np.arange(pixels) - (pixels - 1) / 2) * pixel
    down, right = (other for other in range(3) if other != axis)
    places = np.zeros((pixels, pixels, 3)) + plane
    places[..., down] = position[down] + offsets[:, None]
    places[..., right] = position[right] + offsets[None, :]
    voxels = grid.to_voxels(places)
    margin = pixel / np.array(spacing) + 1.5  # where averaging meets no border
    inner = ((voxels >= margin) & (voxels <= np.array(SHAPE) - 1 - margin))[..., [down, right]]
    inner = inner.all(axis=-1)
    expected = places @ weights
    assert np.abs(picture - expected)[inner].max(initial=0) <= 0.02 * weights.max()
    outside = ((voxels < -0.51) | (voxels > np.array(SHAPE) - 0.49))[..., [down, right]]
    assert np.isnan(picture[outside.any(axis=-1)]).all()


def test_nothing_is_shown_of_what_lies_outside():
    grid = VoxelGrid(shape=SHAPE, spacing=(16.0,) * 3)
    data = np.ones(SHAPE, dtype=np.int8)
    assert np.isnan(close_up(data, grid, (-100.0, 300.0, 300.0), 0)).all()
    assert np.isnan(close_up(data, grid, (100.0, 9000.0, 300.0), 0)).all()
    corner = close_up(data, grid, (0.0, 0.0, 0.0), 0, 64, 320.0)
    assert np.isnan(corner[:30, :30]).all()
    assert (corner[34:, 34:] == 1).all()


def test_lazy_voxels_are_read_only_where_the_picture_is():
    read = []

    def block(block_info=None):
        read.append(block_info[None]["array-location"])
        return np.zeros(block_info[None]["chunk-shape"], dtype=np.int16)

    data = da.map_blocks(block, chunks=((10,) * 30, (100,) * 9, (100,) * 9), dtype=np.int16)
    grid = VoxelGrid(shape=(300, 900, 900), spacing=(10.0,) * 3)
    read.clear()
    close_up(data, grid, (1005.0, 2500.0, 2500.0), 0)
    assert {place[0] for place in read if place} == {(100, 110)}
    assert len(read) <= 9


def test_three_planes_of_a_large_tomogram_take_less_than_50_ms():
    grid = VoxelGrid(shape=(300, 900, 900), spacing=(10.0,) * 3)
    data = np.zeros(grid.shape, dtype=np.int8)
    begin = time.process_time()
    for axis in range(3):
        close_up(data, grid, (1500.0, 4500.0, 4500.0), axis)
    assert time.process_time() - begin < 0.05


def test_colours_follow_limits_gamma_and_leave_the_outside_clear():
    picture = np.array([[0.0, 5.0], [10.0, np.nan]], dtype=np.float32)
    rgba = coloured(picture, (0.0, 10.0), lambda v: np.repeat(v[:, None], 4, axis=1), gamma=2.0)
    assert rgba[..., 0].tolist() == [[0, 64], [255, 0]]
    assert rgba[1, 1].tolist() == [0, 0, 0, 0]
    assert coloured(picture, (1.0, 1.0), lambda v: np.repeat(v[:, None], 4, axis=1)).shape == (
        2,
        2,
        4,
    )


def test_unknown_spacing_is_told():
    from motorscope.errors import SpacingError

    with pytest.raises(SpacingError):
        close_up(np.zeros(SHAPE), VoxelGrid(shape=SHAPE, spacing=None), (0, 0, 0))


def test_slab_averages_planes_and_ends_at_the_faces():
    grid = VoxelGrid(SHAPE, (10.0, 10.0, 10.0))
    data = np.broadcast_to(np.arange(SHAPE[0], dtype=np.float32)[:, None, None] ** 2, SHAPE)
    middle = close_up(data, grid, (200.0, 300.0, 250.0), pixels=8, reach=50.0, slab=5)
    np.testing.assert_allclose(middle, np.mean(np.arange(18, 23) ** 2))
    face = close_up(data, grid, (0.0, 300.0, 250.0), pixels=8, reach=50.0, slab=5)
    np.testing.assert_allclose(face, np.mean(np.arange(3) ** 2), rtol=1e-6)
