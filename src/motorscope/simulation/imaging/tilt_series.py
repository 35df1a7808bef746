"""Imaging by true projections and weighted back-projection: slow, for evaluation.

Every view is a projection of the density along the tilted beam, with its own contrast transfer and
noise; the volume is put together from all views, each weighted with a ramp. Both directions are one
sparse matrix per view, because the tilt axis runs along y, so all x, z planes are alike.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.sparse import coo_array, csr_array

from motorscope.simulation.density.canvas import Volume
from motorscope.simulation.imaging.optics import Imaging, noise_filter, noise_level, signal_filter
from motorscope.simulation.imaging.processing import Processing, converged, end

_DAMAGE = 0.35
"""How much the last view's resolution is worse than the first one's: the dose."""
_MISALIGNMENT = 5.0
"""Standard deviation of a view's shift after alignment, Å."""


@dataclass(frozen=True)
class View:
    """One image of a tilt series.

    Attributes
    ----------
    tilt
        Degrees.
    damage
        0 for the view that was taken first, towards 1 for the last: the least tilted come first.
    """

    tilt: float
    damage: float


def draw_views(imaging: Imaging) -> tuple[View, ...]:
    """Return the views of a dose-symmetric tilt series."""
    count = round((imaging.tilt_high - imaging.tilt_low) / imaging.tilt_step)
    tilts = imaging.tilt_low + imaging.tilt_step * np.arange(count + 1)
    order = np.argsort(np.argsort(np.abs(tilts)))
    return tuple(
        View(float(tilt), float(place / (count + 1)))
        for tilt, place in zip(tilts, order, strict=True)
    )


def image_by_projection(
    density: Volume, spacing: float, imaging: Imaging, rng: np.random.Generator
) -> Volume:
    """Turn a noise-free density into a tomogram, view by view; see `fourier.image_density`.

    The tilt axis is taken to run along y exactly, and the noise has the ramp of the back-projection
    whatever that of `Imaging.processing` is. About 0.3 s per view for 128 × 512 × 512 voxels.

    Returns
    -------
    numpy.ndarray
        float32 ``(z, y, x)``, dense things dark, in units in which the noise has a standard
        deviation of 1 before `Imaging.processing`.
    """
    depth, height, width = density.shape
    processing = imaging.processing
    flat = np.ascontiguousarray(density.transpose(0, 2, 1)).reshape(depth * width, height)
    result = np.zeros_like(flat)
    # Noise is back-projected into a few rows first, to learn how strong it comes out.
    rows = min(height, 8)
    trial = np.zeros((depth * width, rows), np.float32)
    left = trial.copy()
    noises = []
    views = draw_views(imaging)
    for view in views:
        noise = _noise((height, width), spacing, imaging, rng)
        back = _matrix(depth, width, view.tilt).T
        trial += back @ noise.T[:, :rows]
        if processing:
            left += back @ _processed(noise, spacing, processing).T[:, :rows]
        noises.append(noise)
    scale = noise_level(spacing, imaging) / float(trial.std())
    late = processing.late * float(left.std() / trial.std()) if processing else 0.0
    del trial, left
    for view, noise in zip(views, noises, strict=True):
        matrix = _matrix(depth, width, view.tilt)
        seen = np.ascontiguousarray((matrix @ flat).T)
        seen = _filtered(seen, spacing, imaging, view, rng)
        seen += np.float32(scale) * noise
        if processing:
            seen = _processed(seen, spacing, processing)
        result += matrix.T @ np.ascontiguousarray(seen.T)
    result *= np.float32(-1 / noise_level(spacing, imaging))
    image = np.ascontiguousarray(result.reshape(depth, width, height).transpose(0, 2, 1))
    if late:
        image += np.float32(late) * rng.standard_normal(image.shape, dtype=np.float32)
    return image


def _matrix(depth: int, width: int, tilt: float) -> csr_array:
    """Return the matrix ``(width, depth * width)`` that projects a plane (z, x) onto a line.

    A voxel at (z, x) from the middle falls at ``x cos t + z sin t`` and is shared by the two
    nearest pixels; what falls beyond the line is lost. The transposed matrix projects back.
    """
    t = np.radians(tilt)
    z = np.arange(depth) - (depth - 1) / 2
    x = np.arange(width) - (width - 1) / 2
    where = (x[None, :] * np.cos(t) + z[:, None] * np.sin(t) + (width - 1) / 2).ravel()
    low = np.floor(where).astype(np.int32)
    share = (where - low).astype(np.float32)
    pixel = np.concatenate([low, low + 1])
    voxel = np.tile(np.arange(depth * width, dtype=np.int32), 2)
    value = np.concatenate([1 - share, share])
    kept = (pixel >= 0) & (pixel < width)
    matrix: csr_array = coo_array(
        (value[kept], (pixel[kept], voxel[kept])), shape=(width, depth * width)
    ).tocsr()
    return matrix


def _frequencies(shape: tuple[int, int], spacing: float) -> tuple[Volume, Volume]:
    """Return the length of each frequency of an image ``(y, x)``, and the share of it across."""
    ky = fft.fftfreq(shape[0], spacing)[:, None]
    kx = fft.rfftfreq(shape[1], spacing)[None, :]
    return np.hypot(ky, kx).astype(np.float32), np.abs(kx).astype(np.float32)


def _filtered(
    seen: Volume, spacing: float, imaging: Imaging, view: View, rng: np.random.Generator
) -> Volume:
    """Image one projection: contrast transfer, damage, misalignment, and the ramp."""
    height, width = seen.shape
    # Mirrored on the right, so that its two sides meet: the ramp would make much of a step.
    wide = np.concatenate([seen, seen[:, ::-1]], axis=1)
    k, across = _frequencies((height, 2 * width), spacing)
    blur = imaging.resolution * np.sqrt((1 + _DAMAGE * view.damage) ** 2 - 1)
    factor = signal_filter(k, imaging) * np.exp(-((k * blur) ** 2))
    factor = factor * across * spacing * np.radians(imaging.tilt_step)
    shift = rng.normal(0, _MISALIGNMENT, 2)
    ky = fft.fftfreq(height, spacing)[:, None]
    phase = np.exp(-2j * np.pi * (ky * shift[0] + across * shift[1]))
    spectrum = fft.rfft2(wide) * (factor * phase).astype(np.complex64)
    image: Volume = fft.irfft2(spectrum, s=(height, 2 * width))[:, :width].astype(np.float32)
    return image


def _processed(image: Volume, spacing: float, processing: Processing) -> Volume:
    """Return what programs leave of a view, its noise included."""
    height, width = image.shape
    wide = np.concatenate([image, image[:, ::-1]], axis=1)
    k, across = _frequencies((height, 2 * width), spacing)
    factor = (end(k, processing) * converged(across, processing)).astype(np.float32)
    left: Volume = fft.irfft2(fft.rfft2(wide) * factor, s=(height, 2 * width))[:, :width]
    return left


def _noise(
    shape: tuple[int, int], spacing: float, imaging: Imaging, rng: np.random.Generator
) -> Volume:
    """Draw the noise of one view, with the ramp."""
    k, across = _frequencies(shape, spacing)
    # `noise_filter` has the mean effect of the ramp on a volume; here the true one takes its place.
    envelope = noise_filter(k, replace(imaging, processing=None)) / np.clip(k * 64.0, 0.35, 1.0)
    spectrum = fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    spectrum *= (envelope * across * spacing).astype(np.float32)
    noise: NDArray[np.float32] = fft.irfft2(spectrum, s=shape).astype(np.float32)
    return noise
