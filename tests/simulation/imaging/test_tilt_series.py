"""True projections and back-projection, against the object itself and the Fourier equivalent."""

from dataclasses import replace

import numpy as np
import pytest

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas
from motorscope.simulation.imaging.fourier import image_density
from motorscope.simulation.imaging.optics import Imaging, draw_imaging, noise_level
from motorscope.simulation.imaging.tilt_series import draw_views, image_by_projection

IMAGING = replace(
    draw_imaging(SimulationConfig(), np.random.default_rng(0)),
    tilt_low=-60.0,
    tilt_high=60.0,
    tilt_step=3.0,
    tilt_axis=0.0,
    ctf_corrected=True,
    snr=1e8,
)


def _scene(spacing: float) -> np.ndarray:
    canvas = Canvas(np.zeros((40, 48, 64), np.float32), spacing)
    canvas.shell((280, 380, 500), 170, 50, 1.0)
    canvas.ball((350, 250, 700), 60, 1.0)
    return canvas.density


def test_views_start_at_low_tilt() -> None:
    views = draw_views(IMAGING)
    assert [view.tilt for view in views] == pytest.approx(np.arange(-60, 61, 3))
    first, last = (f(views, key=lambda view: view.damage) for f in (min, max))
    assert first.tilt == 0
    assert abs(last.tilt) == 60


def test_both_ways_of_imaging_agree() -> None:
    density, rng = _scene(16.0), np.random.default_rng(1)
    ways = [image_by_projection, image_density]
    one, two = (way(density, 16.0, IMAGING, rng)[4:-4, 4:-4, 8:-8] for way in ways)
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.9
    assert one.std() == pytest.approx(two.std(), rel=0.25)  # shifts and damage take some


def test_full_tilt_range_gives_the_object_back() -> None:
    # Without oscillations of the contrast transfer: hardly any defocus, all amplitude contrast.
    imaging = replace(
        IMAGING, tilt_low=-90.0, tilt_high=87.0, defocus=1.0, amplitude_contrast=1.0, resolution=20
    )
    density = _scene(16.0)
    image = image_by_projection(density, 16.0, imaging, np.random.default_rng(2))
    image *= -noise_level(16.0, imaging)
    blurred = image_density(density, 16.0, imaging, np.random.default_rng(3))
    blurred *= -noise_level(16.0, imaging)
    middle = (slice(8, -8),) * 3
    assert np.corrcoef(image[middle].ravel(), density[middle].ravel())[0, 1] > 0.85
    assert np.abs(image[middle] - blurred[middle]).mean() < 0.15 * density[middle].std()


def test_noise_has_the_promised_strength() -> None:
    imaging: Imaging = replace(IMAGING, snr=0.1)
    empty = np.zeros((32, 40, 64), np.float32)
    image = image_by_projection(empty, 13.0, imaging, np.random.default_rng(4))
    assert image.std() == pytest.approx(1, rel=0.1)
