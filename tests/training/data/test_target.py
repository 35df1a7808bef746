import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.training.data.target import heatmap_target, known_share

STRIDES = st.sampled_from([1, 2, 4, 8])
PLACES = st.lists(st.tuples(*[st.floats(0, 63)] * 3), min_size=0, max_size=4)


def draw(positions, stride, size=64, **options):
    points = torch.tensor(positions, dtype=torch.float64).reshape(-1, 3)
    return heatmap_target(points, (size // stride,) * 3, stride, **options)


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_a_motor_at_a_voxel_centre_peaks_at_one(stride):
    index = np.array([1, 3, 2])
    heat = draw(stride * index + (stride - 1) / 2, stride)
    assert heat[tuple(index)] == pytest.approx(1)
    assert heat[1, 3, 3] == pytest.approx(math.exp(-0.5))
    assert heat.argmax() == np.ravel_multi_index(index, heat.shape)


@given(PLACES, STRIDES)
@settings(deadline=None, max_examples=25)
def test_several_motors_are_merged_by_their_maximum(positions, stride):
    together = draw(positions, stride)
    apart = [draw([position], stride) for position in positions]
    expected = torch.stack(apart).amax(0) if apart else torch.zeros_like(together)
    torch.testing.assert_close(together, expected)


@given(st.tuples(*[st.floats(8, 52)] * 3), st.sampled_from([2, 4]), st.floats(0.7, 2))
@settings(deadline=None)
def test_a_quadratic_fit_gives_the_exact_position_back(position, stride, sigma):
    heat = draw([position], stride, sigma=sigma).double()
    peak = np.array(np.unravel_index(int(heat.argmax()), heat.shape))
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        before, here, after = (float(heat[tuple(peak + k * step)].log()) for k in (-1, 0, 1))
        shift = (before - after) / (2 * (before - 2 * here + after))
        found = stride * (peak[axis] + shift) + (stride - 1) / 2
        assert found == pytest.approx(position[axis], abs=1e-2)


def test_a_motor_outside_the_crop_still_reaches_in():
    heat = draw([[-4.0, 20.0, 20.0]], 8)
    assert heat[0].max() > 0.2


@given(st.tuples(*[st.floats(8, 55)] * 3), st.floats(6, 20))
@settings(deadline=None, max_examples=25)
def test_what_lies_near_an_undecided_place_is_not_known(position, radius):
    blank = torch.zeros(16, 16, 16)
    places = torch.tensor([position], dtype=torch.float64)
    known = known_share(places, blank, 4, 1.5, radius)
    centres = torch.stack(torch.meshgrid(*[torch.arange(16) * 4 + 1.5] * 3, indexing="ij"), -1)
    distance = torch.linalg.norm(centres - torch.tensor(position), dim=-1)
    clear = (distance - radius).abs() > 1e-3
    assert torch.equal(known[clear], (distance > radius).float()[clear])


def test_a_motor_stays_known_beside_an_undecided_place():
    target = draw([[20.0, 20.0, 20.0]], 4)
    known = known_share(torch.tensor([[24.0, 20.0, 20.0]]), target, 4, 1.5, 30.0)
    assert known[target > 0.01].min() == 1
    assert (known == 0).any()
    assert known_share(torch.empty(0, 3), target, 4, 1.5, 30.0).min() == 1
