import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.errors import SpacingError
from motorscope.tomogram.grid import VoxelGrid, parse_spacing, plausible_spacing, spacing_text

spacings = st.tuples(*[st.floats(0.5, 50)] * 3)
positions = st.tuples(*[st.floats(-1000, 1000)] * 3)


@given(spacings, positions, positions)
def test_world_and_back(spacing, origin, voxel):
    grid = VoxelGrid((5, 6, 7), spacing, origin)
    np.testing.assert_allclose(grid.to_voxels(grid.to_world(voxel)), voxel, atol=1e-6)


@given(spacings, positions, st.integers(1, 32), st.floats(0, 16), positions)
def test_strided_voxel_lies_where_it_says(spacing, origin, stride, offset, voxel):
    grid = VoxelGrid((64, 64, 64), spacing, origin)
    strided = grid.strided(stride, offset, (2, 2, 2))
    np.testing.assert_allclose(
        strided.to_world(voxel), grid.to_world(np.asarray(voxel) * stride + offset), atol=1e-5
    )


def test_cropped_begins_at_its_start():
    grid = VoxelGrid((10, 10, 10), (2.0, 3.0, 4.0), (1.0, 1.0, 1.0)).cropped((1, 2, 3), (4, 4, 4))
    assert grid == VoxelGrid((4, 4, 4), (2.0, 3.0, 4.0), (3.0, 7.0, 13.0))


def test_one_spacing_for_all_axes():
    assert VoxelGrid((2, 2, 2), None).with_spacing(13.1).spacing == (13.1, 13.1, 13.1)
    assert VoxelGrid((2, 2, 2), None).with_spacing((1, 2, 3)).spacing == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("spacing", [0, -1, float("nan"), float("inf"), (1, 2), "wide", (1, 2, 0)])
def test_nonsense_spacing_is_refused(spacing):
    with pytest.raises(SpacingError, match="spacing"):
        VoxelGrid((2, 2, 2), None).with_spacing(spacing)


def test_unknown_spacing_is_an_error_that_says_what_to_do():
    with pytest.raises(SpacingError, match="--spacing"):
        VoxelGrid((2, 2, 2), None).to_world((0, 0, 0))


@pytest.mark.parametrize("bad", [0.0, -13.1, float("nan"), float("inf"), 0.01, 5000.0])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_half_a_spacing_is_none(bad, axis):
    values = [13.1, 13.1, 13.1]
    assert plausible_spacing(values) == (13.1, 13.1, 13.1)
    values[axis] = bad
    assert plausible_spacing(values) is None


@pytest.mark.parametrize(
    ("shape", "spacing", "said"),
    [
        ((300, 960, 928), 13.1, ""),
        ((64, 64, 64), 8.0, ""),
        ((64, 64, 64), None, ""),
        ((300, 960, 928), 0.001, "0.001 Å is unusual"),
        ((300, 960, 928), (13.1, 13.1, 1e9), "1e+09 Å is unusual"),
        ((30, 50, 50), 1.5, "45 × 75 × 75 Å"),
    ],
)
def test_spacing_that_is_probably_wrong_is_said(shape, spacing, said):
    grid = VoxelGrid(shape, None)
    doubt = (grid if spacing is None else grid.with_spacing(spacing)).doubt()
    assert doubt == "" if not said else said in doubt


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=3).filter(lambda v: len(v) != 2))
def test_typed_spacing_is_read(values):
    expected = tuple(values) if len(values) == 3 else (values[0],) * 3
    assert parse_spacing(" Å, ".join(repr(value) for value in values) + " Å") == expected


@pytest.mark.parametrize("text", ["13.1 A", "13.1A", "13.1 \u212b", "13.1 A, 13.1 A, 13.1 A"])
def test_spacing_is_typed_with_the_letter_a_for_angstrom(text):
    assert parse_spacing(text) == (13.1,) * 3


@pytest.mark.parametrize(
    "text", ["", "A", "13 NA", "abc", "1 2", "1 2 3 4", "0", "-5", "nan", "1,5e"]
)
def test_typed_nonsense_is_refused(text):
    with pytest.raises(SpacingError):
        parse_spacing(text)


@pytest.mark.parametrize("text", ["13.1", "13.1 13.1 10", "0.25"])
def test_a_spacing_is_said_as_it_is_typed(text):
    assert spacing_text(parse_spacing(text)) == text
