"""What microscope, reconstruction and processing make of a section: transfer and noise.

Not a model of optics but of what comes out: a tomogram's section has been corrected, weighted,
filtered and binned in ways that are not known, so what is drawn is a band-pass, now and then a
contrast transfer function, with noise of a spectrum that need not be round.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from motorscope.simulation.imaging.optics import contrast_transfer
from motorscope.simulation.sections.options import SectionConfig
from motorscope.simulation.sections.plane import Field

_PAD = 16  # pixels all around that keep the borders from meeting
Factor = NDArray[np.floating]


def transfer_section(
    density: Field, spacing: float, config: SectionConfig, rng: np.random.Generator
) -> Field:
    """Return a section as a tomogram shows it: dense is dark, noise added.

    Parameters
    ----------
    density
        ``(y, x)``, protein about 1.
    spacing
        Å per pixel.
    """
    optics, noise, binning = rng.spawn(3)
    padded = np.pad(density.astype(np.float32), _PAD, mode="reflect")
    rows, columns = padded.shape
    ky = np.fft.fftfreq(rows, spacing)[:, None]
    kx = np.fft.rfftfreq(columns, spacing)[None]
    k = np.hypot(ky, kx)
    cut = _draw_cut(k, config, binning)
    signal = _filtered(padded, _draw_transfer(k, config, optics) * cut)
    image = signal + _draw_level(config, noise) * _draw_noise(padded.shape, ky, kx, cut, noise)
    shown: Field = -image[_PAD:-_PAD, _PAD:-_PAD]
    return shown


def _filtered(image: Field, factor: Factor) -> Field:
    values: Field = fft.irfft2(fft.rfft2(image) * factor.astype(np.float32), s=image.shape)
    return values


def _draw_transfer(k: Factor, config: SectionConfig, rng: np.random.Generator) -> Factor:
    """Draw the factor on amplitudes at frequencies in 1/Å; at most 1."""
    if rng.random() < config.contrast_transfer:
        factor = contrast_transfer(k, rng.uniform(*config.defocus), rng.uniform(0.1, 0.5))
        if rng.random() < 0.6:  # phases flipped
            factor = np.abs(factor)
        factor = factor * np.exp(-((k * rng.uniform(14, 42)) ** 2))
    else:
        wide = rng.uniform(0, 0.8) * np.exp(-((k * rng.uniform(60, 320)) ** 2))
        factor = np.exp(-((k * rng.uniform(8, 45)) ** 2)) - wide
    share = rng.uniform(0, 0.6) if rng.random() < 0.7 else rng.uniform(0.5, 1)
    lost = share * np.exp(-0.5 * (np.pi * k * rng.uniform(500, 4000)) ** 2)
    factor = factor * (1 - lost)
    drawn: Factor = factor / np.abs(factor).max()
    return drawn


def _draw_cut(k: Factor, config: SectionConfig, rng: np.random.Generator) -> Factor:
    """Draw where signal and noise end together, by binning or a low-pass; 1 if nowhere."""
    if rng.random() >= config.low_pass:
        return np.ones_like(k)
    end: Factor = np.exp(-0.5 * (k * rng.uniform(40, 85)) ** rng.uniform(2, 7))
    return end


def _draw_level(config: SectionConfig, rng: np.random.Generator) -> np.float32:
    if rng.random() < 0.2:
        return np.float32(rng.uniform(*config.strong_noise))
    low, high = config.noise
    return np.float32(np.exp(rng.uniform(np.log(low), np.log(high))))


def _draw_noise(
    shape: tuple[int, ...], ky: Factor, kx: Factor, cut: Factor, rng: np.random.Generator
) -> Field:
    """Draw noise of variance 1: a ramp, as a back-projection leaves it, an envelope, a floor."""
    turn = rng.uniform(0, np.pi)
    along, across = kx * np.cos(turn) + ky * np.sin(turn), ky * np.cos(turn) - kx * np.sin(turn)
    stretch = 1 + (rng.uniform(0.1, 1.2) if rng.random() < 0.8 else rng.uniform(0, 2.5))
    k = np.hypot(along, stretch * across)
    one_way = rng.random() < 0.5  # ramp across the tilt axis only
    ramp = (np.abs(along) if one_way else k) * rng.uniform(25, 100)
    ramp = np.clip(ramp, rng.uniform(0.05, 0.9), 1)
    envelope = np.exp(-0.5 * (k * rng.uniform(14, 50)) ** 2) * cut
    noise = _filtered(rng.standard_normal(shape, dtype=np.float32), ramp * envelope)
    # What came after: rounding, interpolation, compression.
    floor = rng.uniform(0.2, 1.0) if cut.min() < 1 else max(rng.uniform(-0.9, 0.6), 0.0)
    late = np.exp(-0.5 * (np.hypot(ky, kx) * rng.uniform(0, 30)) ** 2)
    added = _filtered(rng.standard_normal(shape, dtype=np.float32), late)
    noise /= noise.std()
    noise += np.float32(floor) * added / added.std()
    noise /= noise.std()
    return noise
