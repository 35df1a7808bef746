"""Cells as chains of spheres, swept along a centre line and flattened in the ice.

Lengths are in Å. A body is kept as two fields on the coarse grid: the signed distance from its
inner membrane, and the width of its periplasm.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from motorscope.simulation.config import Range
from motorscope.simulation.density.canvas import Point, Volume
from motorscope.simulation.density.shapes import CoarseGrid
from motorscope.simulation.density.sites import Site
from motorscope.simulation.swept.kinds import Kind
from motorscope.simulation.swept.stage import across, normal, tipped, unit

_UP = np.array([1.0, 0.0, 0.0])
_NARROWEST = 140.0
"""A periplasm is nowhere narrower, Å."""
_SPAN = 160.0
"""Normals are means over twice this, Å, so that small waves do not tip a motor."""


@dataclass(frozen=True)
class Body:
    """A cell.

    Attributes
    ----------
    line, radii
        Centres ``(n, 3)`` and radii ``(n,)`` of its spheres, the primary pole first.
    squeeze
        Its height as a share of its width.
    inner, width
        Fields on the coarse grid: signed distance from the inner membrane (negative inside), and
        how far the outer membrane, or the wall's outside, is above it.
    nucleoid
        0 to 1, on the coarse grid.
    shrunken
        Whether the protoplast has shrunk away from the wall.
    """

    kind: Kind
    line: Point
    radii: Point
    squeeze: float
    inner: Volume
    width: Volume
    nucleoid: Volume
    shrunken: bool

    @property
    def outer(self) -> Volume:
        """Signed distance from the outer membrane."""
        outer: Volume = self.inner - self.width
        return outer


def draw_line(
    shape: str, radius: float, heading: Point, length: float, rng: np.random.Generator
) -> tuple[Point, Point]:
    """Draw centres ``(n, 3)`` from the origin on, and radii ``(n,)``, of a chain of spheres."""
    step = max(120.0, radius / 6)
    count = max(2, int(length / step) + 1)
    s: Point = np.arange(count, dtype=float) * step
    bend, lift = _curvature(shape, s, rng)
    bend = bend + rng.normal(0, 1 / 60000)
    line = np.zeros((count, 3))
    first = ahead = unit(heading)
    for i in range(1, count):
        side = unit(np.cross(_UP, ahead))
        line[i] = line[i - 1] + ahead * step
        ahead = unit(ahead + step * (bend[i] * side + lift[i] * np.cross(ahead, side)))
        ahead = unit(ahead - 0.04 * _UP * (ahead[0] - first[0]))  # cells lie flat

    wobble = gaussian_filter1d(rng.standard_normal(count + 20), 5)[:count] / 0.24
    radii = radius * np.clip(1 + 0.03 * wobble, 0.85, 1.15)
    slim = {"spiral": 0.68, "wave": 0.6, "comma": 0.85}.get(shape)
    if slim is not None and count > 6:
        slim += rng.uniform(-0.08, 0.1)
        tip = np.minimum(s, s[-1] - s) / (rng.uniform(1.3, 2.6) * radius)
        radii *= slim + (1 - slim) * np.clip(tip, 0, 1) ** 0.7
    return line, radii


def _curvature(shape: str, s: Point, rng: np.random.Generator) -> tuple[Point, Point]:
    """Return curvatures in the plane of the ice and out of it, 1/Å, along a line."""
    flat = np.zeros(len(s))
    if shape == "comma":
        return flat + rng.choice([-1, 1]) * rng.uniform(1 / 15000, 1 / 4800), flat
    if shape == "spiral":
        pitch, height = rng.uniform(7000, 15000), rng.uniform(400, 1100)
        most = height * (2 * np.pi / pitch) ** 2
        turn = 2 * np.pi * s / pitch + rng.uniform(0, 2 * np.pi)
        return most * np.cos(turn), 0.35 * most * np.sin(turn)
    if shape == "wave":
        pitch, height = rng.uniform(16000, 30000), rng.uniform(1200, 3200)
        turn = 2 * np.pi * s / pitch + rng.uniform(0, 2 * np.pi)
        return height * (2 * np.pi / pitch) ** 2 * np.cos(turn), flat
    return flat + rng.normal(0, 1 / 40000), flat


def sweep(grid: CoarseGrid, line: Point, radii: Point, squeeze: float) -> Volume:
    """Return the signed distance from a chain of swept spheres on the coarse grid, Å."""
    points = grid.points().astype(np.float32)
    level = np.float32(line[:, 0].mean())
    points[..., 0] = (points[..., 0] - level) / np.float32(squeeze) + level
    distance = np.full(grid.shape, np.inf, np.float32)
    for a, b, r, s in zip(line[:-1], line[1:], radii[:-1], radii[1:], strict=True):
        way = (b - a).astype(np.float32)
        away = points - a.astype(np.float32)
        t = np.clip(away @ (way / max(float(way @ way), 1e-6)), 0, 1)
        away -= t[..., None] * way
        here = np.sqrt(np.einsum("...i,...i", away, away)) - (np.float32(r) + t * np.float32(s - r))
        np.minimum(distance, here, out=distance)
    return distance


def draw_body(
    grid: CoarseGrid,
    kind: Kind,
    line: Point,
    radii: Point,
    squeeze: float,
    rng: np.random.Generator,
) -> Body:
    """Draw a cell about a chain of spheres: its waves, its periplasm and its nucleoid."""

    def waves(height: Range, length: Range) -> Volume:
        return np.float32(rng.uniform(*height)) * grid.noise(float(rng.uniform(*length)), rng)

    inner = sweep(grid, line, radii, squeeze)
    inner += waves((20, 80), (550, 1100)) + waves((4, 13), (160, 300))
    slope = np.sqrt(sum(g * g for g in np.gradient(inner, grid.step)))
    inner /= np.clip(gaussian_filter(slope, 2), 0.55, 1.6)  # squeezing has changed distances

    width = np.full(grid.shape, rng.uniform(*kind.periplasm), np.float32)
    width += waves((10, 40), (400, 900)) + waves((8, 30), (140, 260))
    shrunken = False
    if not kind.gram_positive and rng.random() < 0.3:
        pole = 0 if rng.random() < 0.7 else -1
        centre = line[pole] + rng.normal(0, 0.3, 3) * radii[pole]
        away = np.linalg.norm(grid.points() - centre, axis=-1) / (0.7 * radii[pole])
        width += (rng.uniform(60, 240) * np.exp(-(away**2) / 2)).astype(np.float32)
    elif not kind.gram_positive and not kind.periplasmic and rng.random() < 0.12:
        shrunken = True
        room = grid.noise(float(rng.uniform(900, 1400)), rng) - np.float32(0.2)
        width += np.float32(rng.uniform(200, 450)) * np.maximum(room, 0)
    width = np.maximum(width, np.float32(_NARROWEST))

    nucleoid = np.zeros(grid.shape, np.float32)
    if rng.random() < 0.7:
        branches = grid.noise(float(rng.uniform(350, 600)), rng)
        deep = np.clip((-inner - rng.uniform(250, 550)) / 250, -1, 1)
        nucleoid = np.clip(1.8 * (0.8 * branches + 0.9 * deep - rng.uniform(-0.1, 0.7)), 0, 1)
        nucleoid = np.where(deep > -0.99, nucleoid, 0).astype(np.float32)
    return Body(kind, line, radii, squeeze, inner.astype(np.float32), width, nucleoid, shrunken)


def surface_site(grid: CoarseGrid, body: Body, where: str, rng: np.random.Generator) -> Site | None:
    """Draw a place in a cell's inner membrane: at a "pole", the "far pole", "subpole" or "side"."""
    line, radii = body.line, body.radii
    last = len(line) - 1
    if where in ("pole", "far pole"):
        end, before = (0, 1) if where == "pole" else (last, last - 1)
        ahead = unit(line[end] - line[before])
        direction = tipped(ahead, abs(rng.normal(0, np.radians(13))), rng)
        return site_towards(grid, body, line[end], direction, outermost=True)
    if where == "subpole":
        primary = rng.random() < 0.75
        end, before = (0, 1) if primary else (last, last - 1)
        step = max(float(np.linalg.norm(line[1] - line[0])), 1e-6)
        along = min(last, int(rng.uniform(0.1, 1.7) * radii[end] / step))
        angle = np.radians(rng.uniform(55, 95))
        direction = tipped(unit(line[end] - line[before]), angle, rng)
        return site_towards(grid, body, line[along if primary else last - along], direction)
    i = int(rng.integers(len(line)))
    ahead = unit(line[min(last, i + 1)] - line[max(0, i - 1)])
    return site_towards(grid, body, line[i], across(ahead, rng))


def site_towards(
    grid: CoarseGrid, body: Body, start: Point, direction: Point, outermost: bool = False
) -> Site | None:
    """Return where a ray leaves a cell through its inner membrane, or ``None``."""
    way = np.arange(0, 2.2 * body.radii.max() + 600, 10.0)
    distance = grid.sample(body.inner, start + way[:, None] * direction)
    leaves = np.flatnonzero((distance[:-1] < 0) & (distance[1:] >= 0))
    if not len(leaves):
        return None
    i = int(leaves[-1 if outermost else 0])
    share = distance[i] / (distance[i] - distance[i + 1])
    point = start + (way[i] + 10.0 * share) * direction
    return Site(point, normal(grid, body.inner, point, _SPAN))


def seated(
    grid: CoarseGrid, body: Body, site: Site, kind: Kind, scale: float, rng: np.random.Generator
) -> Body:
    """Bend a cell's membranes so that they meet a machine squarely; the outer one has a dent."""
    away = (grid.points() - site.point).astype(np.float32)
    height = away @ site.axis.astype(np.float32)
    radius = np.sqrt(np.maximum(np.einsum("...i,...i", away, away) - height**2, 0))
    near = 0.85 * np.exp(-((radius / 380) ** 4) - (height / 600) ** 4)
    inner = (body.inner * (1 - near) + height * near).astype(np.float32)
    width = body.width
    if not kind.gram_positive:
        flat = 0.92 * np.exp(-((radius / (kind.flat * scale + 140)) ** 3) - (height / 1000) ** 6)
        width = width * (1 - flat) + flat * np.float32(kind.width * scale)
        dent = rng.normal(0, 20) + (60 if kind.sheathed else 0)
        width = width + dent * np.exp(-((radius / 170) ** 2) - (height / 800) ** 6)
    return replace(body, inner=inner, width=width.astype(np.float32))
