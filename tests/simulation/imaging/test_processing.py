"""Processing: drawn only where asked for, streaks across the tilt axis, noise that comes last."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.simulation import SimulationConfig, draw_imaging, image_density
from motorscope.simulation.imaging.processing import (
    Processing,
    band_pass,
    converged,
    draw_processing,
    end,
    ramp,
)
from motorscope.simulation.imaging.tilt_series import image_by_projection

SPACING = 16.0
NONE = Processing(
    blur=0.0,
    broad=100.0,
    broad_share=0.0,
    low_pass=0.0,
    steepness=2.0,
    iterated=0.0,
    ramp=50.0,
    ramp_floor=1.0,
    ramp_across=False,
    late=0.0,
)
PLAIN = replace(
    draw_imaging(SimulationConfig(), np.random.default_rng(0)),
    tilt_axis=0.0,
    tilt_low=-50.0,
    tilt_high=50.0,
    noise_lowpass=20.0,
)
EMPTY = np.zeros((48, 64, 64), np.float32)


def _noise(processing: Processing | None) -> np.ndarray:
    imaging = replace(PLAIN, processing=processing)
    return image_density(EMPTY, SPACING, imaging, np.random.default_rng(1), workers=1)


def _roughness(image: np.ndarray, axis: int) -> float:
    return float(np.square(np.diff(image, axis=axis)).mean() / image.var())


def test_nothing_is_drawn_where_processing_is_not_asked_for() -> None:
    plain, asked = (np.random.default_rng(4) for _ in range(2))
    without = draw_imaging(SimulationConfig(), plain)
    drawn = draw_imaging(SimulationConfig(processing=1.0), asked)
    assert without.processing is None
    assert drawn.processing is not None
    assert replace(drawn, processing=None) == without
    other = np.random.default_rng(4)
    other.random(12)  # one number for each of the other settings, as ever
    assert plain.random() == other.random()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_every_drawn_filter_passes_something_and_raises_nothing(seed: int) -> None:
    processing = draw_processing(np.random.default_rng(seed))
    k = np.linspace(0, 0.5 / SPACING, 50)
    for factor in (band_pass(k, processing), end(k, processing), converged(k, processing)):
        assert np.isfinite(factor).all()
        assert 0 < np.abs(factor).max() <= 1
    noise = ramp(k, processing)
    assert (0 < noise).all()
    assert (noise <= 1).all()


def test_a_band_pass_is_the_same_whatever_frequencies_are_asked_for() -> None:
    how = replace(NONE, blur=30.0, broad=150.0, broad_share=0.7)
    k = np.linspace(0, 0.05, 501)
    assert band_pass(k, how).max() == pytest.approx(1)
    np.testing.assert_allclose(band_pass(k[:40], how), band_pass(k, how)[:40])


def test_noise_has_the_same_strength_whatever_its_colour() -> None:
    colours = [NONE, replace(NONE, ramp_floor=0.1), replace(NONE, ramp_floor=0.1, ramp_across=True)]
    for processing in (None, *colours):
        assert _noise(processing).std() == pytest.approx(1.0, rel=0.1)


def test_what_has_not_converged_leaves_streaks_at_right_angles_to_the_tilt_axis() -> None:
    plain, iterated = _noise(NONE), _noise(replace(NONE, iterated=600.0))
    assert _roughness(plain, axis=2) > _roughness(plain, axis=1)
    assert _roughness(iterated, axis=2) < 0.6 * _roughness(iterated, axis=1)


def test_only_late_noise_lies_in_the_missing_wedge() -> None:
    kz = np.fft.fftfreq(EMPTY.shape[0])[:, None]
    kx = np.fft.fftfreq(EMPTY.shape[2])[None]
    wedge = (np.abs(kz) > 3 * np.abs(kx)) & (np.abs(kz) > 0.2)

    def inside(image: np.ndarray) -> float:
        power = np.abs(np.fft.fftn(image)[:, 0]) ** 2
        return float(power[wedge].mean() / power.mean())

    late = _noise(replace(NONE, late=1.0))
    assert inside(_noise(NONE)) < 0.1
    assert inside(late) == pytest.approx(0.5, abs=0.2)
    assert late.std() == pytest.approx(np.sqrt(2), rel=0.1)


def test_a_true_tilt_series_is_processed_to_the_same_effect() -> None:
    plain = replace(PLAIN, tilt_step=5.0)
    rng = np.random.default_rng(3)
    ways = [NONE, replace(NONE, iterated=600.0), replace(NONE, late=1.0)]
    none, iterated, late = (
        image_by_projection(EMPTY, SPACING, replace(plain, processing=way), rng) for way in ways
    )
    assert none.std() == pytest.approx(1.0, rel=0.1)
    assert _roughness(iterated, axis=2) < 0.6 * _roughness(iterated, axis=1)
    assert late.std() == pytest.approx(np.sqrt(2), rel=0.1)
