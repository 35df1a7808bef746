import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import pdist

from motorscope.detection import find_candidates
from motorscope.errors import SpacingError
from motorscope.tomogram import VoxelGrid


def grid_of(shape, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0)):
    return VoxelGrid(tuple(shape), spacing, origin)


def gaussian(shape, centre, sigma=1.0, peak=0.9):
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    square = sum((axis - c) ** 2 for axis, c in zip(axes, centre, strict=True))
    return (peak * np.exp(-square / (2 * sigma**2))).astype(np.float32)


maps = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=5),
    elements=st.sampled_from([0.0, 0.005, 0.25, 0.5, 0.75, 1.0, float("nan"), float("inf")]),
)


@given(st.tuples(*[st.floats(3, 8)] * 3), st.floats(0.8, 2.0), st.floats(0.1, 1.0))
def test_the_centre_of_a_gaussian_is_found_within_a_hair_of_a_voxel(centre, sigma, peak):
    grid = grid_of((12, 12, 12), (8.0, 9.0, 10.0), (-5.0, 0.0, 7.0))
    found = find_candidates(gaussian(grid.shape, centre, sigma, peak), grid, 30.0)
    assert len(found) == 1
    np.testing.assert_allclose(grid.to_voxels(found.positions)[0], centre, atol=0.01)


@given(maps, st.floats(0, 5))
def test_candidates_are_maxima_apart_from_one_another_best_first(values, distance):
    grid = grid_of(values.shape, (1.0, 2.0, 0.5))
    found = find_candidates(values, grid, distance, floor=0.01)
    clean = np.nan_to_num(values, nan=0, posinf=0)
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.scores >= 0.01) & (found.scores <= clean.max(initial=0))).all()
    assert len(found) < 2 or pdist(found.positions).min() >= distance
    assert (len(found) > 0) == bool((clean >= 0.01).any())
    if len(found):
        # The best voxel of all is never missed.
        assert found.scores[0] == clean.max()


@given(maps)
def test_maxima_are_those_of_a_plain_search(values):
    """Each maximal connected set of equal values without a higher neighbour is one candidate."""
    clean = np.nan_to_num(values, nan=0, posinf=0)
    seen = np.zeros(clean.shape, bool)
    expected = []
    for start in np.argwhere(clean >= 0.01):
        if seen[tuple(start)]:
            continue
        plateau, waiting, summit = [], [tuple(start)], True
        seen[tuple(start)] = True
        while waiting:
            here = waiting.pop()
            plateau.append(here)
            for step in itertools.product((-1, 0, 1), repeat=3):
                near = tuple(np.add(here, step))
                if any(i < 0 or i >= n for i, n in zip(near, clean.shape, strict=True)):
                    continue
                summit &= bool(clean[near] <= clean[here])
                if clean[near] == clean[here] and not seen[near]:
                    seen[near] = True
                    waiting.append(near)
        if summit:
            expected.append(clean[plateau[0]])
    found = find_candidates(values, grid_of(values.shape), 0.0)
    assert sorted(found.scores) == sorted(expected)


@given(maps, st.sampled_from([0, 1, 2]))
def test_a_mirrored_map_has_mirrored_candidates(values, axis):
    grid = grid_of(values.shape)
    plain = find_candidates(values, grid, 0.0).positions
    mirrored = find_candidates(np.flip(values, axis), grid, 0.0).positions.copy()
    mirrored[:, axis] = values.shape[axis] - 1 - mirrored[:, axis]
    order, other = (np.lexsort(np.round(p, 4).T) for p in (plain, mirrored))
    np.testing.assert_allclose(plain[order], mirrored[other], atol=1e-4)


def test_two_equal_voxels_are_one_candidate_between_them():
    values = np.zeros((5, 5, 5), np.float32)
    values[2, 2, 2:4] = 0.5
    found = find_candidates(values, grid_of(values.shape, (2.0, 2.0, 2.0)), 0.0)
    np.testing.assert_allclose(found.positions, [[4.0, 4.0, 5.0]])


@pytest.mark.parametrize("centre", [(5.5, 6.3, 7.8), (5.5, 6.5, 7.8), (5.5, 6.5, 7.5)])
def test_equal_voxels_are_refined_on_the_other_axes(centre):
    """A summit halfway between voxels used to be rounded on the axes that had no tie."""
    found = find_candidates(gaussian((16, 16, 16), centre), grid_of((16, 16, 16)), 0.0)
    assert found.positions[0] == pytest.approx(centre, abs=0.02)


def test_a_terrace_on_a_slope_is_no_candidate():
    values = np.array([0, 0.3, 0.3, 0.3, 0.6, 0.1], np.float32)[None, None]
    found = find_candidates(values, grid_of(values.shape), 0.0)
    assert found.scores.tolist() == pytest.approx([0.6])


def test_a_hollow_plateau_gives_a_point_on_itself():
    values = np.zeros((1, 7, 7), np.float32)
    values[0, 1:6, 1:6] = 0.5
    values[0, 2:5, 2:5] = 0.1
    found = find_candidates(values, grid_of(values.shape), 0.0)
    places = np.round(found.positions).astype(int)
    assert 0.5 in values[tuple(places.T)]


@pytest.mark.parametrize("value", [0.0, 0.005, float("nan"), float("-inf")])
def test_nothing_found_is_an_ordinary_answer(value):
    found = find_candidates(np.full((4, 5, 6), value, np.float32), grid_of((4, 5, 6)), 10.0)
    assert len(found) == 0
    assert list(found.frame.columns)[:5] == ["id", "z", "y", "x", "score"]
    assert len(find_candidates(np.empty((0, 3, 3), np.float32), grid_of((0, 3, 3)), 1.0)) == 0


def test_the_distance_is_in_angstrom():
    values = np.zeros((9, 3, 9), np.float32)
    values[1, 1, 4], values[5, 1, 4], values[1, 1, 8] = 0.9, 0.8, 0.7
    # 4 voxels are 40 Å along z, but 8 Å along x.
    found = find_candidates(values, grid_of(values.shape, (10.0, 5.0, 2.0)), 20.0)
    assert found.scores.tolist() == pytest.approx([0.9, 0.8])


def test_only_the_best_are_kept():
    rng = np.random.default_rng(0)
    values = rng.random((12, 12, 12)).astype(np.float32)
    every = find_candidates(values, grid_of(values.shape), 2.0)
    some = find_candidates(values, grid_of(values.shape), 2.0, limit=5)
    assert len(every) > 5
    np.testing.assert_array_equal(some.positions, every.positions[:5])


def test_the_spacing_must_be_known():
    values = gaussian((5, 5, 5), (2, 2, 2))
    with pytest.raises(SpacingError):
        find_candidates(values, VoxelGrid((5, 5, 5), None), 10.0)
