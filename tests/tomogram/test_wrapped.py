import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from motorscope.tomogram.open import open_tomogram
from motorscope.tomogram.wrapped import looks_wrapped, with_true_sign

SHAPE = (16, 60, 80)


def noise(mean, deviation, smooth=0.0, seed=0):
    values = np.random.default_rng(seed).normal(0, 1, SHAPE)
    if smooth:
        values = ndimage.gaussian_filter(values, smooth)
    values *= deviation / values.std()
    return np.clip(np.round(values + mean), 0, 255).astype(np.uint8)


def as_signed(unsigned):
    """Return the same grey values, 128 lower."""
    return (unsigned.astype(np.int16) - 128).astype(np.int8)


@given(st.floats(106, 150), st.floats(15, 40), st.floats(0, 2), st.integers(0, 1000))
def test_wrapped_noise_is_mended(mean, deviation, smooth, seed):
    truth = noise(mean, deviation, smooth, seed)
    np.testing.assert_array_equal(with_true_sign(truth.view(np.int8)), truth)
    signed = as_signed(truth)
    np.testing.assert_array_equal(with_true_sign(signed.view(np.uint8)), signed)


@given(st.floats(0, 255), st.floats(1, 120), st.floats(0, 3), st.integers(0, 1000))
def test_noise_of_the_right_sign_is_left_alone(mean, deviation, smooth, seed):
    """However far it is saturated at one end or both."""
    truth = noise(mean, deviation, smooth, seed)
    assert with_true_sign(truth) is truth
    signed = as_signed(truth)
    assert with_true_sign(signed) is signed


@given(
    st.floats(0, 90),
    st.floats(165, 255),
    st.floats(0, 25),
    st.integers(14, 40),
    st.integers(0, 1000),
)
def test_two_regions_with_a_gap_between_are_left_alone(dark, bright, deviation, size, seed):
    rng = np.random.default_rng(seed)
    inside = np.zeros(SHAPE, bool)
    inside[:, 10 : 10 + size, 20 : 20 + size] = True
    values = np.where(inside, bright, dark) + rng.normal(0, deviation, SHAPE)
    data = np.clip(values, 0, 255).astype(np.uint8)
    assert with_true_sign(data) is data


def test_masks_and_flat_noise_are_left_alone():
    rng = np.random.default_rng(0)
    for data in (
        rng.integers(0, 2, SHAPE, np.uint8) * 255,
        rng.integers(0, 2, SHAPE, np.uint8),
        rng.integers(0, 256, SHAPE).astype(np.uint8),
        np.zeros(SHAPE, np.uint8),
        np.full(SHAPE, -1, np.int8),
    ):
        assert with_true_sign(data) is data


def test_mending_copies_nothing():
    data = noise(128, 25).view(np.int8)
    mended = with_true_sign(data)
    assert mended.dtype == np.uint8
    assert np.shares_memory(mended, data)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float16, np.float32, np.bool_])
def test_only_bytes_are_looked_at(dtype):
    data = noise(128, 25).astype(dtype)
    assert with_true_sign(data) is data


@pytest.mark.parametrize("name", ["int8_23A.mrc", "microtubule_13pf.tif"])
def test_real_volumes_are_left_alone(real_file, name):
    data = open_tomogram(real_file(name)).data
    assert not looks_wrapped(np.asarray(data).reshape(-1, data.shape[-1]))


@pytest.mark.parametrize("name", ["hiv_tomogram_bin4.tif", "microtubule_13pf.tif"])
def test_real_volumes_are_mended(real_file, name):
    data = np.asarray(open_tomogram(real_file(name)).data, np.float32)
    low, high = np.percentile(data, (0.5, 99.5))
    truth = np.clip((data - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    assert with_true_sign(truth) is truth
    np.testing.assert_array_equal(with_true_sign(truth.view(np.int8)), truth)
