"""What microscope and reconstruction do to a frequency: contrast transfer, envelope, noise."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.imaging.processing import Processing, band_pass, draw_processing

WAVELENGTH = 0.0197
"""Of electrons at 300 kV, Å."""
SPHERICAL_ABERRATION = 2.7e7
"""Å."""
SIGNAL = 0.1
"""Standard deviation of a crowded cell after CTF and wedge, where protein has density 1: what `snr`
refers to."""
REFERENCE_SPACING = 16.0
"""Size in Å of the voxels that `snr` refers to: smaller ones show more noise, larger ones less."""


@dataclass(frozen=True)
class Imaging:
    """How one tomogram is imaged; lengths in Å, angles in degrees. See `SimulationConfig`."""

    tilt_low: float
    tilt_high: float
    tilt_step: float
    tilt_axis: float
    defocus: float
    amplitude_contrast: float
    ctf_corrected: bool
    resolution: float
    highpass: float
    highpass_share: float
    snr: float
    noise_lowpass: float
    processing: Processing | None = None


def draw_imaging(config: SimulationConfig, rng: np.random.Generator) -> Imaging:
    """Draw the imaging of one tomogram."""
    low, high = config.snr
    imaging = Imaging(
        tilt_low=-float(rng.uniform(*config.tilt_range)),
        tilt_high=float(rng.uniform(*config.tilt_range)),
        tilt_step=float(rng.uniform(*config.tilt_step)),
        tilt_axis=float(rng.uniform(*config.tilt_axis)),
        defocus=float(rng.uniform(*config.defocus)),
        amplitude_contrast=float(rng.uniform(*config.amplitude_contrast)),
        ctf_corrected=bool(rng.random() < config.ctf_correction),
        resolution=float(rng.uniform(*config.resolution)),
        highpass=float(rng.uniform(*config.highpass)),
        highpass_share=float(rng.uniform(*config.highpass_share)),
        snr=float(np.exp(rng.uniform(np.log(low), np.log(high)))),
        noise_lowpass=float(rng.uniform(*config.noise_lowpass)),
    )
    # Drawn only where it may come out, so that the draws of other configurations stay.
    if config.processing > 0 and rng.random() < config.processing:
        return replace(imaging, processing=draw_processing(rng))
    return imaging


def contrast_transfer(
    frequency: ArrayLike, defocus: float, amplitude_contrast: float
) -> NDArray[np.float64]:
    """Return the contrast transfer function of a weak object, positive at low frequency.

    ``sin(π λ Δf k² − π/2 Cs λ³ k⁴ + asin A)``, with frequency k in 1/Å, underfocus Δf and spherical
    aberration Cs in Å, and A the share of amplitude contrast. With A = 0 its first zero lies at
    ``1/√(λ Δf)``, 40 Å at 8 µm. (Wade 1992, Ultramicroscopy 46, 145; sign turned so that dense
    things are positive.)
    """
    k2 = np.asarray(frequency, dtype=float) ** 2
    phase = np.pi * WAVELENGTH * defocus * k2
    phase = phase - 0.5 * np.pi * SPHERICAL_ABERRATION * WAVELENGTH**3 * k2**2
    transfer: NDArray[np.float64] = np.sin(phase + np.arcsin(amplitude_contrast))
    return transfer


def signal_filter(frequency: ArrayLike, imaging: Imaging) -> NDArray[np.float64]:
    """Return the factor on the density's amplitudes at frequencies in 1/Å."""
    k = np.asarray(frequency, dtype=float)
    if imaging.processing and imaging.processing.blur:
        transfer = band_pass(k, imaging.processing)
    else:
        transfer = contrast_transfer(k, imaging.defocus, imaging.amplitude_contrast)
        transfer = np.abs(transfer) if imaging.ctf_corrected else transfer
        transfer = transfer * np.exp(-((k * imaging.resolution) ** 2))
    lost = imaging.highpass_share * np.exp(-0.5 * (np.pi * k * imaging.highpass) ** 2)
    damped: NDArray[np.float64] = transfer * (1 - lost)
    return damped


def noise_filter(frequency: ArrayLike, imaging: Imaging) -> NDArray[np.float64]:
    """Return the relative amplitudes of a tomogram's noise at frequencies in 1/Å.

    White in the images, it has the ramp of a back-projection up to where the views' planes part,
    and an envelope. `Imaging.processing` has a ramp of its own.
    """
    k = np.asarray(frequency, dtype=float)
    ramp = 1.0 if imaging.processing else np.clip(k * 64.0, 0.35, 1.0)
    shape: NDArray[np.float64] = ramp * np.exp(-((k * imaging.noise_lowpass) ** 2) / 2)
    return shape


def noise_level(spacing: float, imaging: Imaging) -> float:
    """Return the noise's standard deviation, where protein has density 1, in voxels of `spacing` Å.

    `snr` fixes it for voxels of `REFERENCE_SPACING`; others take in more or fewer frequencies of
    the same spectrum, up to that of the ball with the volume of the cube that a grid can hold.
    """

    def power(size: float) -> float:
        k = np.linspace(0, 0.5 / size * (6 / np.pi) ** (1 / 3), 400)
        return float(np.trapezoid((k * noise_filter(k, imaging)) ** 2, k))

    relative = power(spacing) / power(REFERENCE_SPACING)
    return float(SIGNAL * np.sqrt(relative / imaging.snr))
