"""Parts of machines as pictures of radius and height, and how they are turned about an axis.

A picture has pixels of 5 Å, ``(radius, height)``; height 0 is the middle of the inner membrane and
grows out of the cell. A part may repeat about the axis, and single studs of it may be missing.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from motorscope.simulation.density.canvas import Canvas, dot, perpendicular
from motorscope.simulation.density.shapes import CoarseGrid
from motorscope.simulation.density.sites import Site
from motorscope.simulation.motors.profile import Picture, between_pixels
from motorscope.simulation.swept.stage import Textures

PIXEL = 5.0
"""Å per pixel."""
LOW = -500.0
"""Height of the first row, Å."""
_ROWS, _COLUMNS = 190, 250
_EDGE = 12.0  # Å over which the edge of a stroke fades
_WALL = 8.0  # and that of a hollow cylinder

_r, _h = np.meshgrid(
    np.arange(_ROWS) * PIXEL, LOW + np.arange(_COLUMNS) * PIXEL, indexing="ij"
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A part of a machine.

    Attributes
    ----------
    picture
        Density ``(radius, height)``; protein is about 1.
    fold
        How often it repeats about the axis; 0 if it is the same all around.
    depth, sharp
        How much its density changes around the axis, 0 to 1, and how narrow the peaks are.
    role
        A stud may be missing; studs and spokes leave what was there before.
    """

    picture: Picture
    fold: int = 0
    depth: float = 0.0
    sharp: float = 1.0
    role: Literal["body", "stud", "spoke"] = "body"


def part(
    *pictures: Picture,
    fold: int = 0,
    depth: float = 0.0,
    sharp: float = 1.0,
    role: Literal["body", "stud", "spoke"] = "body",
) -> Part:
    """Join pictures, the denser one in each pixel, to a part."""
    return Part(np.max(pictures, axis=0).astype(np.float32), fold, depth, sharp, role)


def stroke(points: tuple[tuple[float, float], ...], width: float, density: float) -> Picture:
    """Draw a line of a width in Å through points (radius, height)."""
    nearest = np.full(_r.shape, np.inf)
    for (r0, h0), (r1, h1) in pairwise(points):
        dr, dh = r1 - r0, h1 - h0
        t = np.clip(((_r - r0) * dr + (_h - h0) * dh) / max(dr * dr + dh * dh, 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.hypot(_r - r0 - t * dr, _h - h0 - t * dh))
    return _filled((nearest - width / 2) / _EDGE, density)


def blob(r: float, h: float, wide: float, high: float, density: float) -> Picture:
    """Draw an ellipse with these half axes in Å."""
    away = np.hypot((_r - r) / wide, (_h - h) / high)
    return _filled((away - 1) * min(wide, high) / _EDGE, density)


def hollow(inside: float, outside: float, low: float, high: float, density: float) -> Picture:
    """Draw a hollow cylinder about the axis between two radii and two heights in Å."""
    walls = np.clip((_r - inside) / _WALL + 0.5, 0, 1) * np.clip((outside - _r) / _WALL + 0.5, 0, 1)
    ends = np.clip((_h - low) / _WALL + 0.5, 0, 1) * np.clip((high - _h) / _WALL + 0.5, 0, 1)
    picture: Picture = (density * walls * ends).astype(np.float32)
    return picture


def beaded(picture: Picture, period: float, depth: float) -> Picture:
    """Change a picture's density along the radius, as that of a disk made of circles."""
    waves = 1 - depth + depth * np.cos(2 * np.pi * _r / period)
    result: Picture = (picture * waves).astype(np.float32)
    return result


def _filled(distance: NDArray[np.float64], density: float) -> Picture:
    return (density * np.clip(0.5 - distance, 0, 1)).astype(np.float32)


def paint_turned(
    canvas: Canvas,
    grid: CoarseGrid,
    inner: NDArray[np.float32],
    parts: list[Part],
    site: Site,
    textures: Textures,
    rng: np.random.Generator,
    scale: float = 1.0,
    gain: float = 1.0,
    empties_cytoplasm: bool = True,
) -> None:
    """Turn a machine's parts about its axis into the canvas.

    Parameters
    ----------
    inner
        Signed distance from the inner membrane on the coarse grid, Å: away from the axis a machine
        follows the membrane's bend.
    scale, gain
        Factors of its size and of its density.
    empties_cytoplasm
        Whether there is room in and under the C ring, and studs may be missing.
    """
    soft = np.hypot(5.0, 0.28 * canvas.spacing) / PIXEL / scale  # a voxel is a mean over its width
    phases = rng.uniform(0, 2 * np.pi, len(parts))
    there = rng.random(64) < (rng.uniform(0.75, 1.0) if empties_cytoplasm else 1.0)
    bow = rng.normal(0, 1.2e-5, 2)  # 1/Å
    follows = float(rng.uniform(0.5, 0.95))

    pictures = [gaussian_filter(p.picture, soft, mode=("reflect", "constant")) for p in parts]
    solid = np.sum([q for q, p in zip(pictures, parts, strict=True) if p.role == "body"], axis=0)
    cover = 0.9 * np.clip(solid / 0.55, 0, 1)
    if empties_cytoplasm:
        room = np.clip((260 - _r) / 40, 0, 1) * np.clip((-40 - _h) / 30, 0, 1)
        room *= np.clip((_h + 270) / 40, 0, 1)
        cover = np.maximum(cover, 0.55 * gaussian_filter(room, 2))
    touched = (np.max([*pictures, cover], axis=0) > 0.004) & (_r < (_ROWS - 3) * PIXEL)
    touched[:, -2:] = False

    reach = scale * float(np.hypot(_r, _h)[touched].max()) + 2 * canvas.spacing
    box = canvas.box(site.point - reach, site.point + reach)
    if box is None:
        return
    offsets = canvas.offsets(box, site.point)
    u, v = perpendicular(site.axis)
    height = dot(offsets, site.axis)
    bend = height * np.abs(height)
    across, along = dot(offsets, u) - bow[0] * bend, dot(offsets, v) - bow[1] * bend
    radius = np.hypot(across, along)
    share = np.clip((radius - 160) / 220, 0, 1) * np.float32(follows)
    height = (height + share * (grid.fine(inner, box) - height)) / scale
    row, column = radius / (scale * PIXEL), (height - LOW) / PIXEL
    near = (row < _ROWS - 2) & (column > 0) & (column < _COLUMNS - 2)
    near &= touched[
        np.where(near, row, 0).astype(np.intp), np.where(near, column, 0).astype(np.intp)
    ]
    where = np.nonzero(near)
    row, column = row[where], column[where]
    angle = np.arctan2(along[where], across[where])
    dense = np.zeros(row.shape, np.float32)
    for one, picture, phase in zip(parts, pictures, phases, strict=True):
        value = between_pixels(picture, row, column)
        if one.fold:
            turn = one.fold * angle + phase
            wave = (0.5 + 0.5 * np.cos(turn)) ** one.sharp
            value = value * (1 - one.depth + 1.7 * one.depth * wave)
            if one.role == "stud":
                value = value * there[np.floor(turn / (2 * np.pi) + 0.5).astype(int) % one.fold]
        dense += value
    here = canvas.density[box]
    rough = 1 + 0.14 * textures.fine_at(box)[where]
    here[where] = here[where] * (1 - between_pixels(cover, row, column)) + gain * dense * rough
