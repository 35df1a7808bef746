import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.contract import FeatureSpec
from motorscope.detection.tiling.region import choose_part, mirrored
from motorscope.errors import TomogramError
from motorscope.tomogram import VoxelGrid

SPEC = FeatureSpec("heatmap", 1, 8, 3.5)
GRID = VoxelGrid((100, 210, 333), (16.0, 16.0, 16.0), (3.0, -40.0, 1000.0))
points = st.tuples(*[st.floats(0, 1)] * 3)


def test_without_a_region_everything_is_seen():
    part = choose_part(GRID, None, (32, 32, 32), SPEC, 32)
    assert (part.start, part.shape) == ((0, 0, 0), GRID.shape)
    assert part.heatmap.shape == (13, 27, 42)  # rounded up
    assert part.heatmap == GRID.strided(8, 3.5, (13, 27, 42))
    assert part.output == (slice(0, 13), slice(0, 27), slice(0, 42))


@given(points, points, st.integers(0, 70))
def test_a_region_is_covered_and_lies_on_the_grid_of_the_whole(a, b, context):
    size = np.array(GRID.shape) - 1
    corners = GRID.to_world(np.array([a, b]) * size)
    part = choose_part(GRID, (tuple(corners[0]), tuple(corners[1])), (context,) * 3, SPEC, 32)
    whole = choose_part(GRID, None, (context,) * 3, SPEC, 32).heatmap

    # The heatmap's voxels are voxels of the whole heatmap,
    first = whole.to_voxels(part.heatmap.origin)
    np.testing.assert_allclose(first, np.round(first), atol=1e-6)
    assert part.heatmap.spacing == whole.spacing
    # reach over the region,
    reach = part.heatmap.to_voxels(corners)
    assert (reach >= -0.5 - 1e-6).all()
    assert (reach <= np.array(part.heatmap.shape) - 0.5 + 1e-6).all()
    # and have their context on all sides where the tomogram goes on.
    start, stop = np.array(part.start), np.array(part.start) + part.shape
    assert (start % 32 == 0).all()
    kept_start = start + 8 * np.array([s.start for s in part.output])
    kept_stop = np.minimum(start + 8 * np.array([s.stop for s in part.output]), GRID.shape)
    assert ((kept_start - start >= context) | (start == 0)).all()
    assert ((stop - kept_stop >= context) | (stop == GRID.shape)).all()
    np.testing.assert_allclose(kept_start / 8, first, atol=1e-6)


@pytest.mark.parametrize(
    "region",
    [
        ((0.0, 0.0, 0.0), (10.0, 10.0, 900.0)),  # before x begins
        ((1e6, 0.0, 1000.0), (2e6, 10.0, 1010.0)),
        ((np.nan, 0.0, 1000.0), (20.0, 10.0, 1010.0)),
    ],
)
def test_a_region_elsewhere_is_refused(region):
    with pytest.raises(TomogramError, match="outside"):
        choose_part(GRID, region, (32, 32, 32), SPEC, 32)


@given(st.integers(1, 70), st.integers(0, 100), st.integers(1, 100))
def test_an_axis_goes_on_mirrored(side, start, length):
    row = np.arange(side)
    expected = np.pad(row, (0, start + length), mode="symmetric")[start : start + length]
    np.testing.assert_array_equal(row[mirrored(start, start + length, side)], expected)
