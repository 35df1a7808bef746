"""Changes to a training crop that leave its motors motors; their positions follow.

Every function takes a :class:`Crop` and returns a new one. Random choices come from the generator
that is passed in, so a crop is a function of its seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from motorscope.training.settings.crop_config import AugmentationConfig

Volume = NDArray[np.float32]
Positions = NDArray[np.float64]

NOWHERE: Positions = np.empty((0, 3))
REACH = 12
"""Voxels from a motor's centre to the rim of its C ring or stators, where voxels are 16–20 Å."""


@dataclass(frozen=True)
class Crop:
    """A piece of a tomogram and what is known of it; voxel centres lie at integers.

    Attributes
    ----------
    volume
        float32 ``(z, y, x)``.
    positions
        Motor centres ``(n, 3)`` in voxels.
    undecided
        Places ``(n, 3)`` in voxels, not all inside, of which nobody knows whether they are motors.
    """

    volume: Volume
    positions: Positions
    undecided: Positions = field(default_factory=NOWHERE.copy)


# Geometry


def cut(crop: Crop, centre: ArrayLike, shape: Sequence[int], scale: ArrayLike) -> Crop:
    """Cut a piece of `shape` about `centre` (voxels), magnified by `scale` per axis, linearly.

    Voxel *i* of the result shows ``centre + (i - (shape - 1) / 2) / scale``; what lies outside the
    volume is its mirror image. Motors outside the piece are dropped.
    """
    middle, size, factor = (np.asarray(values, dtype=float) for values in (centre, shape, scale))
    start = middle - (size - 1) / 2 / factor
    places = [
        first + np.arange(side) / step
        for first, side, step in zip(start, shape, factor, strict=True)
    ]
    # Only the part that is needed is read: the source may be a memory map.
    bounds = np.array(crop.volume.shape)
    low = np.clip([int(place[0]) - 1 for place in places], 0, bounds - 1)
    high = np.clip([int(place[-1]) + 3 for place in places], low + 1, bounds)
    volume = np.asarray(crop.volume[tuple(map(slice, low, high))], dtype=np.float32)
    for axis, place in enumerate(places):
        volume = _interpolate(volume, place - low[axis], axis)
    return inside(_moved(crop, volume, lambda places: (places - start) * factor))


def inward(
    centre: ArrayLike, crop: Crop, shape: Sequence[int], scale: ArrayLike
) -> NDArray[np.float64]:
    """Return the place nearest to `centre` (voxels) where a piece to `cut` lies in the volume.

    A mirror image would show motors that the truth does not know. In a volume that is smaller than
    the piece it cannot be helped.
    """
    bounds = np.array(crop.volume.shape)
    room = np.minimum(np.array(shape) / np.asarray(scale), bounds) / 2
    place: NDArray[np.float64] = np.clip(np.asarray(centre, dtype=float), room, bounds - room)
    return place


def cuts_motor(
    positions: Positions, centre: ArrayLike, shape: Sequence[int], scale: ArrayLike
) -> bool:
    """Tell whether a face of a piece to `cut` would go through a motor, within `REACH` of it.

    A network that learns from halves of motors sees motors at the borders of every tomogram.
    """
    size = np.array(shape)
    places = (positions - np.asarray(centre)) * np.asarray(scale) + (size - 1) / 2
    touched = ((places > -REACH) & (places < size - 1 + REACH)).all(axis=1)
    whole = ((places >= REACH) & (places <= size - 1 - REACH)).all(axis=1)
    return bool((touched & ~whole).any())


def _interpolate(volume: Volume, places: Positions, axis: int) -> Volume:
    """Return the values at `places` (voxels) along one axis, mirrored about the end voxels."""
    last = volume.shape[axis] - 1
    reflected = np.abs((places + last) % (2 * last) - last) if last else places * 0
    below = np.floor(reflected).astype(int)
    above = np.minimum(below + 1, last)
    share = (reflected - below).astype(np.float32)
    result: Volume = np.take(volume, below, axis)
    if share.any():
        shape = [-1 if index == axis else 1 for index in range(volume.ndim)]
        result += share.reshape(shape) * (np.take(volume, above, axis) - result)
    return result


def _moved(crop: Crop, volume: Volume, move: Callable[[Positions], Positions]) -> Crop:
    return Crop(volume, move(crop.positions), move(crop.undecided))


def inside(crop: Crop) -> Crop:
    """Drop the motors whose centre lies outside the voxels."""
    high = np.array(crop.volume.shape) - 0.5
    keep = ((crop.positions >= -0.5) & (crop.positions < high)).all(axis=1)
    return replace(crop, positions=crop.positions[keep])


def flip(crop: Crop, axis: int) -> Crop:
    """Mirror along an axis."""
    sign, shift = np.ones(3), np.zeros(3)
    sign[axis], shift[axis] = -1, crop.volume.shape[axis] - 1
    return _moved(crop, np.flip(crop.volume, axis), lambda places: places * sign + shift)


def swap_yx(crop: Crop) -> Crop:
    """Exchange the axes y and x."""
    return _moved(crop, crop.volume.swapaxes(1, 2), lambda places: places[:, [0, 2, 1]])


def rotate_quarter(crop: Crop, turns: int) -> Crop:
    """Rotate by quarter turns in the plane of y and x."""
    for _ in range(turns % 4):
        crop = flip(swap_yx(crop), 1)
    return crop


def mirror_end(crop: Crop, axis: int, keep: int) -> Crop:
    """Replace what follows the first `keep` voxels of an axis by their mirror image.

    So small tomograms look to the network: they are filled up to a multiple of 32, the edge voxel
    repeated. The mirror image of a motor looks like a motor, so it counts as one.
    """
    size = crop.volume.shape[axis]
    index = np.arange(size) % (2 * keep)
    index = np.minimum(index, 2 * keep - 1 - index)
    volume = np.take(crop.volume, index, axis=axis)

    def images(places: Positions) -> Positions:
        kept = places[places[:, axis] < keep - 0.5]
        every = []
        for start in range(0, size, 2 * keep):
            there, back = kept.copy(), kept.copy()
            there[:, axis] = start + kept[:, axis]
            back[:, axis] = start + 2 * keep - 1 - kept[:, axis]
            every += [there, back]
        return np.concatenate(every)

    return inside(_moved(crop, volume, images))


# Grey values


def normalise(crop: Crop, low: float, high: float) -> Crop:
    """Clip to two percentiles and map them onto 0 and 1, as is done with whole tomograms."""
    bottom, top = np.percentile(crop.volume[::2, ::2, ::2], [low, high])
    span = max(float(top - bottom), 1e-6 * max(abs(float(top)), abs(float(bottom)), 1e-30))
    volume = np.clip((crop.volume - bottom) / span, 0, 1).astype(np.float32)
    return replace(crop, volume=volume)


def invert(crop: Crop) -> Crop:
    """Exchange dark and light on grey values 0…1."""
    return replace(crop, volume=1 - crop.volume)


def grade(crop: Crop, gamma: float, contrast: float, brightness: float) -> Crop:
    """Change grey values 0…1 by an exponent, a factor about 0.5 and a shift; clipped to 0…1."""
    volume = (crop.volume**gamma - 0.5) * contrast + 0.5 + brightness
    return replace(crop, volume=np.clip(volume, 0, 1).astype(np.float32))


def add_noise(crop: Crop, sigma: float, rng: np.random.Generator) -> Crop:
    """Add white Gaussian noise."""
    noise = rng.standard_normal(crop.volume.shape, dtype=np.float32)
    return replace(crop, volume=crop.volume + np.float32(sigma) * noise)


def blur(crop: Crop, sigma: float) -> Crop:
    """Smooth with a Gaussian: a tomogram of coarser voxels looks like that once it is resampled."""
    return replace(crop, volume=ndimage.gaussian_filter(crop.volume, sigma, truncate=3.0))


def thicken(crop: Crop, thickness: float) -> Crop:
    """Average over sections of so many voxels along z, as tomograms of few thick sections look.

    Between the middles of the sections the values are interpolated, as resampling does it.
    """
    depth = crop.volume.shape[0]
    count = min(max(round(depth / thickness), 2), depth)
    starts = np.linspace(0, depth, count + 1)[:-1].astype(int)
    sums = np.add.reduceat(crop.volume, starts, axis=0)
    sizes = np.diff(starts, append=depth).astype(np.float32)
    sections = (sums / sizes[:, None, None]).astype(np.float32)
    places = np.clip((np.arange(depth) + 0.5) * count / depth - 0.5, 0, count - 1)
    return replace(crop, volume=_interpolate(sections, places, 0))


def slope(crop: Crop, rise: float, angle: float) -> Crop:
    """Add a gradient in the plane of y and x: `rise` from end to end, towards `angle` (radians)."""
    y, x = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in crop.volume.shape[1:])
    plane = np.float32(np.sin(angle)) * y[:, None] + np.float32(np.cos(angle)) * x[None, :]
    return replace(crop, volume=(crop.volume + np.float32(rise) * plane).astype(np.float32))


def cover_edge(crop: Crop, distance: float, angle: float, rng: np.random.Generator) -> Crop:
    """Cover what lies beyond a line in the plane of y and x with streaky grey.

    So look the edges of a field of view that was rotated. The line lies `distance` voxels from the
    middle, towards `angle` (radians), or so much further out that it leaves all motors free with
    some of their membrane: nobody would label one that it covers. It is frayed.
    """
    y, x = (np.arange(side) - (side - 1) / 2 for side in crop.volume.shape[1:])
    middle = (np.array(crop.volume.shape[1:]) - 1) / 2
    towards = (crop.positions[:, 1:] - middle) @ (np.sin(angle), np.cos(angle))
    distance = max(distance, float(towards.max(initial=-np.inf)) + 2 * REACH)
    across = np.cos(angle) * y[:, None] - np.sin(angle) * x[None, :]
    column = np.clip(across + 150, 0, 299).astype(int)
    fray = ndimage.gaussian_filter1d(rng.normal(0, 6, 300), 1.5)
    fray += ndimage.gaussian_filter1d(rng.normal(0, 25, 300), 25)
    beyond = np.sin(angle) * y[:, None] + np.cos(angle) * x[None, :] - distance - fray[column]
    share = np.clip(beyond / 2, 0, 1).astype(np.float32)
    mean, spread = crop.volume.mean(), crop.volume.std()
    streak = ndimage.gaussian_filter1d(rng.normal(0, 1, 300), rng.uniform(0.5, 1.5))
    streak *= rng.uniform(0.2, 1.0) / streak.std()
    fade = np.exp(-np.clip(beyond, 0, None) / rng.uniform(10, 60))
    grey = (mean + spread * (rng.normal(0, 0.4) + streak[column] * fade)).astype(np.float32)
    volume = crop.volume + share * (grey + rng.uniform(0, 0.4) * (crop.volume - mean) - crop.volume)
    return replace(crop, volume=volume.astype(np.float32))


def coarse_dropout(
    crop: Crop,
    rng: np.random.Generator,
    boxes: tuple[int, int] = (1, 6),
    side: tuple[int, int] = (4, 14),
) -> Crop:
    """Fill a few boxes, each smaller than a motor, with the mean grey value."""
    volume = crop.volume.copy()
    mean = volume.mean()
    for _ in range(rng.integers(boxes[0], boxes[1] + 1)):
        size = rng.integers(side[0], side[1] + 1, 3)
        start = rng.integers(0, np.maximum(np.array(volume.shape) - size, 1))
        volume[tuple(map(slice, start, start + size))] = mean
    return replace(crop, volume=volume)


# All together


def draw_scale(config: AugmentationConfig, rng: np.random.Generator) -> Positions:
    """Draw the magnification per axis (z, y, x)."""
    return np.asarray(rng.uniform(*config.rescale) * rng.uniform(*config.stretch, size=3))


def augment_geometry(crop: Crop, config: AugmentationConfig, rng: np.random.Generator) -> Crop:
    """Flip along every axis, rotate by quarter turns about z and exchange y and x, each by chance.

    Only motions that keep z, the direction of the beam: the missing wedge does not turn with the
    cell.
    """
    for axis in range(3):
        if rng.random() < 0.5:
            crop = flip(crop, axis)
    if crop.volume.shape[1] == crop.volume.shape[2]:
        crop = rotate_quarter(crop, int(rng.integers(4)))
        if rng.random() < 0.5:
            crop = swap_yx(crop)
    return replace(crop, volume=np.ascontiguousarray(crop.volume))


def augment_grey(crop: Crop, config: AugmentationConfig, rng: np.random.Generator) -> Crop:
    """Bring the grey values to 0…1 and change them by chance, as microscopes and programs do."""
    if config.thick_share and rng.random() < config.thick_share:
        crop = thicken(crop, rng.uniform(*config.thickness))
    if rng.random() < config.blur_share:
        crop = blur(crop, rng.uniform(*config.blur))
    spread = float(crop.volume.std())
    crop = slope(crop, spread * rng.uniform(*config.slope), rng.uniform(0, 2 * np.pi))
    if rng.random() < config.edge:
        quarter = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.15)
        crop = cover_edge(crop, rng.uniform(0, 0.45) * crop.volume.shape[2], quarter, rng)
    crop = normalise(crop, rng.uniform(*config.clip_low), rng.uniform(*config.clip_high))
    if rng.random() < config.invert:
        crop = invert(crop)
    crop = grade(
        crop,
        rng.uniform(*config.gamma),
        rng.uniform(*config.contrast),
        rng.uniform(*config.brightness),
    )
    crop = add_noise(crop, rng.uniform(*config.noise), rng)
    if rng.random() < config.dropout:
        crop = coarse_dropout(crop, rng)
    if rng.random() < config.mirror:
        axis = int(rng.integers(3))
        size = crop.volume.shape[axis]
        keep = int(rng.integers(size // 2, size))
        places = np.concatenate((crop.positions, crop.undecided))[:, axis]
        if not (abs(places - keep) < REACH).any():
            crop = mirror_end(crop, axis, keep)
    return crop
