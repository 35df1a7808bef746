"""A motor's parts as pictures of radius and height, turned about its axis.

Parts, relative densities, the bright voids beside the rod and above the C ring, and the height of
each part follow the mean of 183 axial sections of real motors (docs/simulation.md has the figures)
and, for other species than those, published subtomogram averages. Every motor differs: each part
moves a little, is stronger or weaker, and some are missing.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from motorscope.simulation.density.canvas import Canvas, Offsets, Point, Volume, dot, perpendicular
from motorscope.simulation.species import Species

PIXEL = 8.0
"""Å per pixel of a profile."""
RADIUS, LOW, HIGH = 640.0, -420.0, 620.0
"""Å: how far a profile reaches from the axis, below the inner membrane and above it."""
_SOFT = 12.0  # Å over which the edge of a part fades

Picture = NDArray[np.float32]
Stroke = tuple[tuple[float, float], ...]

_r, _h = np.meshgrid(np.arange(0, RADIUS, PIXEL), np.arange(LOW, HIGH, PIXEL), indexing="ij")


@dataclass(frozen=True)
class Profile:
    """A motor about its axis: pictures ``(radius, height)`` with pixels of `PIXEL` Å.

    Attributes
    ----------
    round
        Density of what is the same all around.
    studded
        Density of what repeats about the axis, by how often it does.
    kept
        Share, 0 to 1, of what was there before that stays: voids and the motor's own room.
    """

    round: Picture
    studded: dict[int, Picture]
    kept: Picture


def draw_profile(
    species: Species, density: float, gram_positive: bool, rng: np.random.Generator
) -> Profile:
    """Draw one motor of a species.

    Parameters
    ----------
    species
        Sizes.
    density
        Of its strongest parts; 1 is protein.
    gram_positive
        Whether it stands in a wall rather than in an outer membrane.
    """

    def strength(low: float, high: float) -> float:
        return density * float(rng.uniform(low, high))

    def shift(spread: float = 8.0) -> float:
        return float(rng.normal(0, spread))

    size = float(rng.normal(1.0, 0.04))
    width = species.width * size
    wall = rng.uniform(45, 70)
    c = 0.5 * size * species.c_ring - wall / 2  # middle of the C ring's wall
    lean = rng.uniform(-10, 25)
    top, foot = -70 + shift(12), -232 + shift(15)
    ms = 0.5 * size * species.ms_ring
    p_ring, l_ring = 0.66 * width + shift(), 0.92 * width + shift()

    c_ring = _join(
        _stroke(((c - 12 - lean, top), (c - 10, 0.5 * (top + foot)), (c + lean, foot)), wall,
                strength(0.7, 1.0)),
        _stroke(((c - 40, top), (ms, top + 20)), 28, strength(0.2, 0.7)),
    )  # fmt: skip
    hub = _join(
        _stroke(((0, -130 + shift()), (60, -130)), 50, strength(0.5, 1.0)),
        _ellipse(0, -285 + shift(20), rng.uniform(45, 85), 55, strength(0.3, 0.9)),
    )
    ring = _join(
        _stroke(((0, -8), (ms, -4)), 50, strength(0.7, 1.1)),
        _stroke(((45, 20), (90, 85 + shift()), (60, 100)), 45, strength(0.6, 1.0)),
    )
    rod = _stroke(((0, 20), (0, width + 20)), 2 * rng.uniform(55, 75), strength(0.6, 0.95))
    whole = [ring, hub, rod]
    if not gram_positive and species.filament != "periplasmic":
        whole += [
            _stroke(((50, p_ring), (120, p_ring)), 42, strength(0.7, 1.1)),
            _stroke(((100, p_ring + 20), (105, l_ring - 20)), 36, strength(0.4, 0.9)),
            _stroke(((85, l_ring - 15), (130, l_ring + 10)), 48, strength(0.7, 1.1)),
        ]
    for place, diameter, thick, share in species.disks:
        sag = rng.uniform(-60, 60)
        height, reach = place * width + shift(), 0.5 * size * diameter
        points = ((120.0, height), (0.5 * reach + 60, height - 0.3 * sag), (reach, height - sag))
        whole.append(_stroke(points, thick, share * strength(0.5, 1.1)))

    studded = {34: 0.5 * c_ring, 9: 0.2 * c_ring}
    whole.append(0.3 * c_ring)
    if rng.random() < 0.8:  # stators are often gone
        s = 0.5 * size * species.stators - 40
        studs = _join(
            _stroke(((s, -55), (s, 50)), 55, strength(0.5, 1.0)),
            _stroke(((s, 40), (s - 30, 125)), 38, strength(0.3, 0.8)),
        )
        studded[species.studs] = species.stator_strength * studs

    kept = np.ones(_r.shape, np.float32)
    # As bright as ice: beside the rod, and a gap between the inner membrane and the C ring.
    kept -= _ellipse(0, 0.36 * width, rng.uniform(170, 230), 0.24 * width, rng.uniform(0.6, 1.0))
    kept -= _stroke(((0, -62), (0.8 * c, -48)), 34, rng.uniform(0.3, 1.0))
    kept -= _stroke(((0, -150), (0, -200)), 2 * c, rng.uniform(0.1, 0.6))  # protein-free cytoplasm
    everything = np.max([*whole, c_ring, *studded.values()], axis=0)
    kept = np.clip(kept, 0, 1) * (1 - np.clip(everything / max(density, 1e-6), 0, 1))
    # The rod passes through the outer membrane.
    kept *= 1 - _stroke(((0, 0.5 * width), (0, width + 60)), 150, 1.0)
    return Profile(np.max(whole, axis=0), studded, kept.astype(np.float32))


def paint_profile(
    canvas: Canvas, profile: Profile, place: Point, axis: Point, rng: np.random.Generator
) -> None:
    """Turn a profile about its axis into a volume.

    Parameters
    ----------
    place, axis
        Where the height is 0, Å, and the unit vector of growing height, both ``(z, y, x)``.
    """
    w = np.asarray(axis, dtype=float)
    u, v = perpendicular(w)
    soft = 0.4 * canvas.spacing / PIXEL  # a voxel shows the mean over its width

    def blurred(picture: Picture) -> Picture:
        # Across the axis the picture goes on as its mirror image.
        result: Picture = gaussian_filter(picture, soft, mode=("reflect", "nearest"))
        return result

    kept, whole = blurred(profile.kept), blurred(profile.round)
    studs = {fold: blurred(picture) for fold, picture in profile.studded.items()}
    turns = {fold: float(rng.uniform(0, 2 * np.pi)) for fold in studs}
    bow = rng.normal(0, 2e-5, 2)  # 1/Å: no axis is quite straight

    def shape(o: Offsets) -> tuple[Volume, Volume | np.float32]:
        height = dot(o, w)
        bend = height * np.abs(height)
        across, along = dot(o, u) - bow[0] * bend, dot(o, v) - bow[1] * bend
        radius = np.hypot(across, along)
        inside = (radius < RADIUS - 2 * PIXEL) & (height > LOW) & (height < HIGH - 2 * PIXEL)
        where = np.nonzero(inside)
        r, h = radius[where] / PIXEL, (height[where] - LOW) / PIXEL
        value = between_pixels(whole, r, h)
        angle = np.arctan2(along[where], across[where])
        for fold, picture in studs.items():
            # A voxel that is wider than a stud shows their mean.
            fine = np.exp(-0.5 * (0.3 * canvas.spacing * fold / np.maximum(r * PIXEL, 20)) ** 2)
            value += between_pixels(picture, r, h) * (1 + fine * np.cos(fold * angle + turns[fold]))
        share = np.zeros(height.shape, np.float32)
        density = np.zeros(height.shape, np.float32)
        share[where] = 1 - between_pixels(kept, r, h)
        # `paint` blends: what it shall add is divided by its share.
        density[where] = value / np.maximum(share[where], 1e-3)
        return share, density

    reach = np.hypot(RADIUS, max(HIGH, -LOW))
    canvas.paint(place - reach, place + reach, place, shape)


def between_pixels(picture: Picture, r: Picture, h: Picture) -> Picture:
    """Return a picture's values between its pixels."""
    i, k = r.astype(np.int32), h.astype(np.int32)
    a, b = r - i, h - k
    low = picture[i, k] * (1 - b) + picture[i, k + 1] * b
    high = picture[i + 1, k] * (1 - b) + picture[i + 1, k + 1] * b
    values: Picture = (low * (1 - a) + high * a).astype(np.float32)
    return values


def _stroke(points: Stroke, width: float, density: float) -> Picture:
    """Draw a line of a width through points (radius, height)."""
    nearest = np.full(_r.shape, np.inf)
    for (r0, h0), (r1, h1) in pairwise(points):
        dr, dh = r1 - r0, h1 - h0
        t = np.clip(((_r - r0) * dr + (_h - h0) * dh) / max(dr * dr + dh * dh, 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.hypot(_r - r0 - t * dr, _h - h0 - t * dh))
    return _filled(nearest - width / 2, density)


def _ellipse(r: float, h: float, wide: float, high: float, density: float) -> Picture:
    """Draw an ellipse with these half axes."""
    away = np.hypot((_r - r) / wide, (_h - h) / high)
    return _filled((away - 1) * min(wide, high), density)


def _filled(distance: NDArray[np.float64], density: float) -> Picture:
    return (density * np.clip(0.5 - distance / _SOFT, 0, 1)).astype(np.float32)


def _join(*pictures: Picture) -> Picture:
    joined: Picture = np.max(pictures, axis=0)
    return joined
