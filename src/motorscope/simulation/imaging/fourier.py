"""Imaging in Fourier space: quick enough for training.

By the projection-slice theorem a tilt series measures planes through the origin of the volume's
Fourier transform; what lies between the largest tilts and the beam is never measured: the missing
wedge, which stretches everything along z. On each plane acts the same contrast transfer function,
so in 3D it depends only on the length of the frequency.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from motorscope.simulation.density.canvas import Volume
from motorscope.simulation.imaging.optics import Imaging, noise_filter, noise_level, signal_filter
from motorscope.simulation.imaging.processing import Processing, converged, end, ramp

_PADDING = 12


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
        deviation of 1 before `Imaging.processing`.
    """
    shape = density.shape
    padded = [fft.next_fast_len(n + 2 * min(_PADDING, n // 2), real=True) for n in shape]
    before = [(p - n) // 2 for p, n in zip(padded, shape, strict=True)]
    after = [p - n - b for p, n, b in zip(padded, shape, before, strict=True)]
    big = np.pad(density, list(zip(before, after, strict=True)), mode="reflect")
    spectrum = fft.rfftn(big, workers=workers, overwrite_x=True)
    del big
    noise = _filter(spectrum, padded, spacing, imaging, rng)
    image = fft.irfftn(spectrum, s=padded, workers=workers, overwrite_x=True)
    part = tuple(slice(b, b + n) for b, n in zip(before, shape, strict=True))
    result = np.ascontiguousarray(image[part], dtype=np.float32)
    if imaging.processing and imaging.processing.late:
        late = np.float32(imaging.processing.late * noise)
        result += late * rng.standard_normal(shape, dtype=np.float32)
    return result


def _filter(
    spectrum: NDArray[np.complex64],
    shape: list[int],
    spacing: float,
    imaging: Imaging,
    rng: np.random.Generator,
) -> float:
    """Filter the signal and add the noise, in place, plane by plane of kz.

    Returns the noise's standard deviation in the end.
    """
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
    gain = 1 / noise_level(spacing, imaging)
    signal_table = (-gain * signal_filter(k, imaging)).astype(np.float32)
    noise_table = noise_filter(k, imaging).astype(np.float32)

    def measured(z: np.float32) -> tuple[Volume, Volume, NDArray[np.int32]]:
        share = measured_share(float(z), lines, *tilts, thickness)[line]
        radius = np.sqrt(flat2 + z * z)
        return share, radius, (radius / table_step).astype(np.int32)

    def processed(z: np.float32, radius: Volume, how: Processing) -> tuple[Volume, Volume]:
        """Return the factors on the noise before it joins the signal and on both afterwards."""
        turned = np.sqrt(across * across + z * z)
        colour = ramp(turned if how.ramp_across else radius, how)
        return colour.astype(np.float32), (end(radius, how) * converged(turned, how)).astype("f4")

    # The wedge takes some of the noise; what is left has a standard deviation of 1.
    power = left = 0.0
    planes = range(0, shape[0], max(1, shape[0] // 24))
    for i in planes:
        share, radius, index = measured(kz[i])
        noise = share * noise_table[index]
        if imaging.processing:
            colour, after = processed(kz[i], radius, imaging.processing)
            noise *= colour
            left += float(np.mean((noise * after) ** 2))
        power += float(np.mean(noise**2))
    power /= len(planes)
    count = float(np.prod(shape))
    scale = np.float32(np.sqrt(count / 2 / power))

    for i in range(shape[0]):
        share, radius, index = measured(kz[i])
        plane = spectrum[i]
        plane *= signal_table[index] * share
        random = rng.standard_normal((*plane.shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
        random *= noise_table[index] * (share * scale)
        if imaging.processing:
            colour, after = processed(kz[i], radius, imaging.processing)
            random *= colour
            plane += random
            plane *= after
        else:
            plane += random
    return float(np.sqrt(left / len(planes) / power)) if imaging.processing else 1.0
