"""Microscope and reconstruction: the wedge, the contrast transfer, the noise."""

from dataclasses import replace

import numpy as np
import pytest

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.imaging.finish import Finish, to_8bit
from motorscope.simulation.imaging.fourier import image_density, measured_share
from motorscope.simulation.imaging.optics import (
    REFERENCE_SPACING,
    WAVELENGTH,
    contrast_transfer,
    draw_imaging,
    noise_level,
)

IMAGING = replace(
    draw_imaging(SimulationConfig(), np.random.default_rng(0)),
    tilt_low=-60.0,
    tilt_high=60.0,
    tilt_axis=0.0,
)


@pytest.mark.parametrize("defocus", [50000.0, 80000.0, 120000.0])
def test_first_zero_of_the_contrast_transfer(defocus: float) -> None:
    zero = 1 / np.sqrt(WAVELENGTH * defocus)
    around = contrast_transfer(np.array([0.97, 1.03]) * zero, defocus, 0.0)
    assert around[0] > 0 > around[1]
    assert (contrast_transfer(np.linspace(0.05, 0.95, 50) * zero, defocus, 0.0) > 0).all()


def test_missing_wedge_holds_nothing() -> None:
    n, spacing = 72, 16.0
    rng = np.random.default_rng(1)
    # The middle of a larger volume, windowed, so that its own edges put nothing into the wedge.
    image = image_density(rng.random((n, n, n), dtype=np.float32), spacing, IMAGING, rng)
    window = np.hanning(n)
    image *= (window[:, None, None] * window[:, None] * window).astype(np.float32)
    power = np.abs(np.fft.fftn(image)) ** 2
    k = np.fft.fftfreq(n, spacing)
    kz, kx = np.abs(k)[:, None, None], np.abs(k)[None, None, :]
    inside = np.broadcast_to(kz > np.tan(np.radians(60)) * kx + 6 / (n * spacing), power.shape)
    outside = np.broadcast_to(kz < np.tan(np.radians(60)) * kx - 6 / (n * spacing), power.shape)
    assert power[inside].mean() < 1e-3 * power[outside].mean()


def test_planes_overlap_near_the_origin_and_part_further_out() -> None:
    # At 3°, planes 1/2000 Å⁻¹ thick part at 1/105 Å⁻¹.
    across = np.linspace(-0.03, 0.03, 601)
    near = measured_share(0.001, across, -60, 60, 3, 2000)
    inside = (np.abs(across) < 1 / 110) & (np.abs(across) > 0.001)
    np.testing.assert_array_equal(near[inside], 1)
    far = measured_share(0.02, across, -60, 60, 3, 2000)
    assert (far[np.abs(across) < 0.02 / np.tan(np.radians(60)) * 0.95] == 0).all()
    measured = np.abs(across) > 0.02 / np.tan(np.radians(60)) * 1.05
    assert (far[measured] == 0).any()
    assert far[measured].mean() == pytest.approx(1, abs=0.1)  # weights make up for the gaps


def test_noise_has_the_promised_strength() -> None:
    empty = np.zeros((40, 50, 60), np.float32)
    image = image_density(empty, 13.0, IMAGING, np.random.default_rng(2))
    assert image.std() == pytest.approx(1, rel=0.06)


def test_smaller_voxels_hold_more_noise() -> None:
    levels = [noise_level(spacing, IMAGING) for spacing in (6.5, 13.0, REFERENCE_SPACING, 20.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[2] == pytest.approx(0.1 / np.sqrt(IMAGING.snr))


def test_threads_do_not_change_the_result() -> None:
    density = np.random.default_rng(3).random((20, 30, 40), dtype=np.float32)
    images = [
        image_density(density, 13.0, IMAGING, np.random.default_rng(4), workers=w) for w in (1, 2)
    ]
    np.testing.assert_array_equal(images[0], images[1])


@pytest.mark.parametrize("borders", [False, True])
def test_bytes_clip_the_promised_share_and_invert(borders: bool) -> None:
    image = np.random.default_rng(5).normal(0, 1, (16, 64, 64)).astype(np.float32)
    finish = Finish(borders, 5.0, (0.0, 0.0), 2.0, 1.0, False)
    plain = to_8bit(image.copy(), finish, np.random.default_rng(6))
    inverted = to_8bit(image.copy(), replace(finish, inverted=True), np.random.default_rng(6))
    np.testing.assert_allclose(plain.astype(int) + inverted, -1, atol=1)  # rounded twice
    if not borders:
        assert (plain == -128).mean() == pytest.approx(0.02, abs=0.006)
        assert (plain == 127).mean() == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize("seed", range(5))
def test_borders_leave_motors_free(seed: int) -> None:
    """A motor under a torn border used to be in the truth, though nobody could see it."""
    image = np.random.default_rng(seed).normal(0, 1, (8, 200, 160)).astype(np.float32)
    finish = Finish(True, 8.0, (0.0, 0.0), 0.5, 0.5, False)
    plain = to_8bit(image.copy(), replace(finish, borders=False), np.random.default_rng(0))
    covered = to_8bit(image.copy(), finish, np.random.default_rng(seed))
    seen = (12, 150)
    free = to_8bit(image.copy(), finish, np.random.default_rng(seed), [seen], margin=25)
    around = (slice(None), slice(0, seen[0] + 12), slice(seen[1] - 12, 160))
    assert (covered[around] != plain[around]).any()
    np.testing.assert_array_equal(free[around], plain[around])
