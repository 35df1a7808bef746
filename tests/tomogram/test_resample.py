import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from motorscope.tomogram.resample import linear_weights, resample_plane, used_inputs

lengths = st.integers(1, 60)
ratios = st.floats(0.2, 5)


@given(lengths, ratios, st.booleans())
def test_constants_stay(n_in, ratio, antialias):
    n_out = max(1, round(n_in / ratio))
    weights = linear_weights(n_in, ratio, 0, n_out, antialias)
    np.testing.assert_allclose(weights @ np.full(n_in, 7.0, np.float32), 7.0, rtol=1e-6)


@given(lengths, st.booleans())
def test_equal_spacing_changes_nothing(n, antialias):
    np.testing.assert_array_equal(linear_weights(n, 1.0, 0, n, antialias).toarray(), np.eye(n))


@given(st.integers(2, 60), ratios)
def test_without_antialias_it_is_interpolation(n_in, ratio):
    n_out = max(1, round(n_in / ratio))
    values = np.random.default_rng(0).random(n_in, dtype=np.float32)
    centres = (np.arange(n_out) + 0.5) * ratio - 0.5
    np.testing.assert_allclose(
        linear_weights(n_in, ratio, 0, n_out, antialias=False) @ values,
        np.interp(centres, np.arange(n_in), values),  # which goes on at the ends, too
        atol=1e-5,
    )


@given(st.integers(40, 80), st.floats(1, 4))
def test_antialias_keeps_ramps_to_a_tenth_of_a_voxel(n_in, ratio):
    n_out = int(n_in / ratio)
    centres = (np.arange(n_out) + 0.5) * ratio - 0.5
    inner = (centres > ratio) & (centres < n_in - 1 - ratio)
    result = linear_weights(n_in, ratio, 0, n_out) @ np.arange(n_in, dtype=np.float32)
    np.testing.assert_allclose(result[inner], centres[inner], atol=0.1)


@given(st.integers(10, 80), st.floats(1, 4))
def test_antialias_as_pillow_does_it(n_in, ratio):
    n_out = max(1, int(n_in / ratio))
    exact = n_in / n_out
    values = np.random.default_rng(1).random(n_in, dtype=np.float32)
    theirs = np.asarray(
        Image.fromarray(values[None]).resize((n_out, 1), Image.Resampling.BILINEAR)
    )[0]
    ours = linear_weights(n_in, exact, 0, n_out) @ values
    centres = (np.arange(n_out) + 0.5) * exact - 0.5
    inner = (centres >= exact) & (centres <= n_in - 1 - exact)  # Pillow ignores what is outside
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=1e-5)


@given(lengths, ratios, st.booleans(), st.data())
def test_a_part_is_the_part_of_the_whole(n_in, ratio, antialias, data):
    n_out = max(1, round(n_in / ratio))
    start = data.draw(st.integers(0, n_out - 1))
    stop = data.draw(st.integers(start + 1, n_out))
    whole = linear_weights(n_in, ratio, 0, n_out, antialias)
    part = linear_weights(n_in, ratio, start, stop, antialias)
    np.testing.assert_array_equal(part.toarray(), whole.toarray()[start:stop])


def test_used_inputs_are_those_in_reach():
    assert used_inputs(linear_weights(100, 2.0, 10, 12)) == slice(19, 25)


@pytest.mark.parametrize("shape", [(31, 47), (12, 90)])
def test_planes_as_scipy_zooms_them(shape):
    plane = np.random.default_rng(2).random((24, 36), dtype=np.float32)
    rows, columns = (
        linear_weights(n, n / m, 0, m, antialias=False)
        for n, m in zip(plane.shape, shape, strict=True)
    )
    factors = [m / n for n, m in zip(plane.shape, shape, strict=True)]
    theirs = ndimage.zoom(plane, factors, order=1, mode="nearest", grid_mode=True)
    np.testing.assert_allclose(resample_plane(plane, rows, columns), theirs, atol=1e-5)
