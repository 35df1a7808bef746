"""How microscope and reconstruction change a scene, in Fourier space.

By the projection-slice theorem a tilt series measures planes through the origin of the volume's
Fourier transform; what lies between the largest tilts and the beam is never measured: the missing
wedge, which stretches everything along z. On each plane acts the same contrast transfer function,
so in 3D it depends only on the length of the frequency.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter1d

from motorscope.simulation.canvas import Volume
from motorscope.simulation.config import SimulationConfig

WAVELENGTH = 0.0197
"""Of electrons at 300 kV, Å."""
SPHERICAL_ABERRATION = 2.7e7
"""Å."""
SIGNAL = 0.1
"""Standard deviation of a crowded cell after CTF and wedge, where protein has density 1: what `snr`
refers to."""
_PADDING = 12


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
    snr: float
    noise_lowpass: float


@dataclass(frozen=True)
class Finish:
    """What happens to the grey values at the end: borders, gradient, 8-bit range, sign."""

    borders: bool
    rotation: float
    gradient: tuple[float, float]
    clip_low: float
    clip_high: float
    inverted: bool


def draw_imaging(config: SimulationConfig, rng: np.random.Generator) -> Imaging:
    """Draw the imaging of one tomogram."""
    low, high = config.snr
    return Imaging(
        tilt_low=-float(rng.uniform(*config.tilt_range)),
        tilt_high=float(rng.uniform(*config.tilt_range)),
        tilt_step=float(rng.uniform(*config.tilt_step)),
        tilt_axis=float(rng.uniform(*config.tilt_axis)),
        defocus=float(rng.uniform(*config.defocus)),
        amplitude_contrast=float(rng.uniform(*config.amplitude_contrast)),
        ctf_corrected=bool(rng.random() < config.ctf_correction),
        resolution=float(rng.uniform(*config.resolution)),
        snr=float(np.exp(rng.uniform(np.log(low), np.log(high)))),
        noise_lowpass=float(rng.uniform(*config.noise_lowpass)),
    )


def draw_finish(config: SimulationConfig, rng: np.random.Generator) -> Finish:
    """Draw the last steps of one tomogram."""
    strength, turn = rng.uniform(*config.gradient), rng.uniform(0, 2 * np.pi)
    return Finish(
        borders=bool(rng.random() < config.borders),
        rotation=float(rng.normal(0, 6)),
        gradient=(float(strength * np.sin(turn)), float(strength * np.cos(turn))),
        clip_low=float(rng.uniform(*config.clipping)),
        clip_high=float(rng.uniform(*config.clipping)),
        inverted=bool(rng.random() < config.inverted),
    )


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


def measured_share(
    kz: float,
    across: ArrayLike,
    tilt_low: float,
    tilt_high: float,
    tilt_step: float,
    thickness: float,
) -> NDArray[np.float32]:
    """Return how far frequencies of one kz are measured by a tilt series and weighted afterwards.

    A view with tilt t measures the plane ``kz = across · tan t``, as thick as one over the
    specimen's thickness. Near the origin the planes overlap and all is measured: 1. Further out
    there are gaps between them, and the weights of a back-projection raise the planes as much as
    the gaps are wide, which gives dense things their streaks.

    Parameters
    ----------
    kz, across
        Frequency along the beam at zero tilt, and those in the specimen's plane at right angles to
        the tilt axis, 1/Å.
    tilt_low, tilt_high, tilt_step
        Degrees.
    thickness
        Of the specimen, Å.
    """
    r = np.asarray(across, dtype=float)
    angle = np.degrees(np.arctan2(kz, np.abs(r))) * np.where(r < 0, -1, 1)
    views = round((tilt_high - tilt_low) / tilt_step)
    nearest = tilt_low + tilt_step * np.clip(np.rint((angle - tilt_low) / tilt_step), 0, views)
    radius = np.hypot(r, kz)
    away = radius * np.abs(np.sin(np.radians(angle - nearest))) * thickness
    gap = radius * np.radians(tilt_step) * thickness
    # Between planes that overlap there is nothing to lose; a lone plane fades over its thickness.
    inside = (angle > tilt_low) & (angle < tilt_low + tilt_step * views)
    fade = np.clip(1 - away, 0, 1)
    share = np.where(inside & (gap < 1), 1.0, fade * np.maximum(gap, 1.0))
    return share.astype(np.float32)


def image_density(
    density: Volume,
    spacing: float,
    imaging: Imaging,
    rng: np.random.Generator,
    workers: int = -1,
) -> Volume:
    """Turn a noise-free density into what a tomogram of it shows.

    Parameters
    ----------
    density
        ``(z, y, x)``, protein about 1, ice 0. A crop of a scene does as well as a whole one; the
        outermost 10 voxels of a crop lack what lay beyond, though mirrored borders keep that small.
    spacing
        Å per voxel.
    imaging
        See `draw_imaging`.
    rng
        Draws the noise; the result depends on nothing else that is random.
    workers
        Threads of the Fourier transform; does not change the result.

    Returns
    -------
    numpy.ndarray
        float32 ``(z, y, x)``, dense things dark, in units in which the noise has a standard
        deviation of 1.
    """
    shape = density.shape
    padded = [fft.next_fast_len(n + 2 * min(_PADDING, n // 2), real=True) for n in shape]
    before = [(p - n) // 2 for p, n in zip(padded, shape, strict=True)]
    after = [p - n - b for p, n, b in zip(padded, shape, before, strict=True)]
    big = np.pad(density, list(zip(before, after, strict=True)), mode="reflect")
    spectrum = fft.rfftn(big, workers=workers, overwrite_x=True)
    del big
    _filter(spectrum, padded, spacing, imaging, rng)
    image = fft.irfftn(spectrum, s=padded, workers=workers, overwrite_x=True)
    part = tuple(slice(b, b + n) for b, n in zip(before, shape, strict=True))
    return np.ascontiguousarray(image[part], dtype=np.float32)


def _filter(
    spectrum: NDArray[np.complex64],
    shape: list[int],
    spacing: float,
    imaging: Imaging,
    rng: np.random.Generator,
) -> None:
    """Filter the signal and add the noise, in place, plane by plane of kz."""
    kz, ky = (fft.fftfreq(n, spacing).astype(np.float32) for n in shape[:2])
    kx = fft.rfftfreq(shape[2], spacing).astype(np.float32)
    turn = np.radians(imaging.tilt_axis)
    # The tilt axis runs along y when its angle is 0; `across` is at right angles to it.
    across = kx[None, :] * np.float32(np.cos(turn)) - ky[:, None] * np.float32(np.sin(turn))
    flat2 = ky[:, None] ** 2 + kx[None, :] ** 2
    thickness = min(max(shape[0] * spacing, 500.0), 3000.0)
    # `across` as a place in a table: the wedge is then worked out for one line per plane.
    fine = 0.25 / (max(shape) * spacing)
    lowest = float(across.min())
    lines = lowest + fine * np.arange(int((float(across.max()) - lowest) / fine) + 2)
    line = np.rint((across - np.float32(lowest)) / np.float32(fine)).astype(np.int32)
    tilts = imaging.tilt_low, imaging.tilt_high, imaging.tilt_step

    table_step = np.float32(2e-5)
    k = np.arange(int(0.9 / spacing / table_step) + 2) * float(table_step)
    transfer = contrast_transfer(k, imaging.defocus, imaging.amplitude_contrast)
    if imaging.ctf_corrected:
        transfer = np.abs(transfer)
    signal = transfer * np.exp(-((k * imaging.resolution) ** 2))
    # Noise: white in the images, times the ramp of the back-projection over the radius at which
    # planes still overlap, times an envelope; scaled to standard deviation `sigma` with the wedge's
    # loss taken into account.
    ramp = np.clip(k / (0.25 / spacing), 0.35, 1.0)
    noise = ramp * np.exp(-((k * imaging.noise_lowpass) ** 2) / 2)
    signal_table = -signal.astype(np.float32)
    noise_table = noise.astype(np.float32)

    def measured(z: np.float32) -> tuple[Volume, NDArray[np.int32]]:
        share = measured_share(float(z), lines, *tilts, thickness)[line]
        return share, (np.sqrt(flat2 + z * z) / table_step).astype(np.int32)

    sigma = SIGNAL / np.sqrt(imaging.snr)
    power = 0.0
    for i in range(0, shape[0], max(1, shape[0] // 24)):
        share, index = measured(kz[i])
        power += float(np.mean((share * noise_table[index]) ** 2))
    power /= len(range(0, shape[0], max(1, shape[0] // 24)))
    count = float(np.prod(shape))
    scale = np.float32(np.sqrt(count / 2 / power))
    gain = np.float32(1 / sigma)

    for i in range(shape[0]):
        share, index = measured(kz[i])
        plane = spectrum[i]
        plane *= signal_table[index] * (share * gain)
        random = rng.standard_normal((*plane.shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
        random *= noise_table[index] * (share * scale)
        plane += random


def to_8bit(image: Volume, finish: Finish, rng: np.random.Generator) -> NDArray[np.int8]:
    """Give a tomogram its borders and gradient and turn it into bytes; changes `image`.

    The grey range is that of the percentiles to be clipped, taken from a part of the voxels. The
    bytes are signed, −128 to 127, because that is the only 8-bit type that MRC files have.
    """
    depth, height, width = image.shape
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    spread = float(image[::4, ::4, ::4].std())
    image += (
        np.float32(spread * finish.gradient[0]) * y + np.float32(spread * finish.gradient[1]) * x
    )
    part = image[:: max(1, depth // 32), ::4, ::4]
    low, high = np.percentile(part, [finish.clip_low, 100 - finish.clip_high])
    if finish.borders:
        _borders(image, finish.rotation, rng)
    scale = np.float32(255 / max(float(high - low), 1e-6))
    result = np.empty(image.shape, np.int8)
    for i in range(depth):
        grey = np.clip((image[i] - np.float32(low)) * scale, 0, 255)
        if finish.inverted:
            grey = np.float32(255) - grey
        result[i] = np.rint(grey - np.float32(128)).astype(np.int8)
    return result


def _borders(image: Volume, rotation: float, rng: np.random.Generator) -> None:
    """Cover what lies outside a rotated field of view with streaky grey, its edge torn; in place.

    The grey continues the values at the edge outwards, as alignment programs do that fill missing
    pixels.
    """
    depth, height, width = image.shape
    turn = np.radians(rotation)
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2
    x = np.arange(width, dtype=np.float32)[None, :] - width / 2
    down = y * np.float32(np.cos(turn)) - x * np.float32(np.sin(turn))
    right = x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))
    half_down = height / 2 * rng.uniform(0.93, 1.06)
    half_right = width / 2 * rng.uniform(0.93, 1.08)
    shift = rng.normal(0, 0.02, 2) * (height, width)
    level = float(image[depth // 2].mean())
    size = height + width
    keys = {
        "down": (down - np.float32(shift[0]), right, half_down),
        "right": (right - np.float32(shift[1]), down, half_right),
    }
    for along, across, half in keys.values():
        column = np.clip(across + size / 2, 0, size - 1).astype(np.int32)
        for sign in (-1, 1):
            # Frayed: strips of a few pixels, each ending at its own place.
            fray = gaussian_filter1d(rng.normal(0, 1, size), 1.5) * 5
            fray += gaussian_filter1d(rng.normal(0, 1, size), 25) * 25
            beyond = sign * along - np.float32(half) - fray.astype(np.float32)[column]
            outside = np.clip(beyond / 2, 0, 1)
            if not outside.any():
                continue
            streak = gaussian_filter1d(rng.normal(0, 1, size), 0.8)
            streak = (0.5 * streak / streak.std()).astype(np.float32)
            fade = np.exp(-np.clip(beyond, 0, None) / np.float32(0.03 * size))
            grey = np.float32(level + rng.normal(0, 0.3)) + streak[column] * fade
            grain = np.float32(0.25)
            for i in range(depth):
                image[i] += outside * (grey + grain * (image[i] - level) - image[i])
