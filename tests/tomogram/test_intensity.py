import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.errors import TomogramError
from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.intensity import intensity_range, scaled
from motorscope.tomogram.open import open_tomogram
from motorscope.tomogram.recipe import InputRecipe
from motorscope.tomogram.volume import Tomogram

RECIPE = InputRecipe(spacing=16.0)


def tomogram(data):
    return Tomogram(data, VoxelGrid(data.shape, (10.0,) * 3), "test")


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.float16, np.float32, ">f4", np.float64])
def test_percentiles_of_the_finite_values(dtype):
    data = np.random.default_rng(0).normal(0, 30, (20, 30, 40)).clip(-120, 120).astype(dtype)
    wanted = np.percentile(data.astype(float), (1, 99))
    np.testing.assert_allclose(intensity_range(tomogram(data), RECIPE), wanted, rtol=1e-3)
    if np.dtype(dtype).kind == "f":
        data[::3] = np.nan
        data[1, 1] = np.inf
        data[2, 2] = -np.inf
        wanted = np.percentile(data[np.isfinite(data)].astype(float), (1, 99))
        np.testing.assert_allclose(intensity_range(tomogram(data), RECIPE), wanted, rtol=1e-3)


def test_a_subsample_tells_enough():
    data = np.random.default_rng(0).normal(5, 2, (180, 200, 220)).astype(np.float32)
    got = intensity_range(tomogram(data), RECIPE)
    np.testing.assert_allclose(got, np.percentile(data, (1, 99)), atol=0.02 * 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("rescale_8bit", [True, False])
def test_a_constant_volume_is_told_in_words(dtype, rescale_8bit):
    recipe = InputRecipe(spacing=16.0, rescale_8bit=rescale_8bit)
    with pytest.raises(TomogramError, match=r"same value \(3\)"):
        intensity_range(tomogram(np.full((4, 5, 6), 3, dtype)), recipe)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_volume_without_finite_values_is_told_in_words(value):
    with pytest.raises(TomogramError, match="no finite value"):
        intensity_range(tomogram(np.full((4, 5, 6), value, np.float32)), RECIPE)


@pytest.mark.parametrize("dtype", [np.complex64, np.bool_])
def test_what_is_no_real_number_is_told_in_words(dtype):
    with pytest.raises(TomogramError, match="type"):
        intensity_range(tomogram(np.ones((4, 5, 6), dtype)), RECIPE)


def test_nearly_all_padding_falls_back_to_the_extremes():
    data = np.zeros((40, 40, 40), np.float32)
    data[20, 20, 20:25] = (1, 2, 3, 4, 5)
    assert intensity_range(tomogram(data), RECIPE) == (0.0, 5.0)


def test_one_bright_voxel_between_the_samples_is_found():
    data = np.zeros((160, 160, 160), np.uint8)
    data[1, 1, 1] = 9
    assert intensity_range(tomogram(data), RECIPE) == (0.0, 9.0)


@pytest.mark.parametrize(("dtype", "wanted"), [(np.uint8, (0, 255)), (np.int8, (-128, 127))])
def test_bytes_may_keep_their_whole_range(dtype, wanted):
    data = np.arange(64, dtype=dtype).reshape(4, 4, 4)
    recipe = InputRecipe(spacing=16.0, rescale_8bit=False)
    assert intensity_range(tomogram(data), recipe) == wanted
    assert intensity_range(tomogram(data.astype(np.int16)), recipe) != wanted


@given(
    st.sampled_from([np.int8, np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64]),
    st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]),
    st.integers(0, 2**32 - 1),
)
def test_scaled_maps_the_ends_onto_the_ends_and_rises(dtype, output_range, seed):
    values = np.sort(np.random.default_rng(seed).integers(0, 120, 50)).astype(dtype)
    result = scaled(values, (20.0, 100.0), output_range)
    bottom, top = output_range
    wanted = np.clip((values.astype(float) - 20) / 80, 0, 1) * (top - bottom) + bottom
    np.testing.assert_allclose(result, wanted, atol=1e-6 * (top - bottom))
    assert (np.diff(result) >= 0).all()


def test_scaled_keeps_small_differences_far_from_zero():
    values = 1e9 + np.array([0.0, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(scaled(values, (1e9, 1e9 + 1), (0.0, 1.0)), [0, 0.25, 0.5, 1])


def test_scaled_leaves_its_input_alone():
    values = np.array([1.0, np.nan, 3.0], np.float32)
    scaled(values, (1.0, 3.0), (0.0, 1.0))
    np.testing.assert_array_equal(values, np.array([1.0, np.nan, 3.0], np.float32))


def test_a_real_tomogram(real_file):
    low, high = intensity_range(open_tomogram(real_file("int8_23A.mrc")), RECIPE)
    assert (low, high) == (-109.0, -97.0)
