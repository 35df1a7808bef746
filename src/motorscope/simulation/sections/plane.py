"""The plane of a section, and what everything in it is drawn with: fields, lines, tubes, dots.

Points and directions are ``(y, x)``, lengths in Å; the centre of pixel 0 is at 0 Å.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.spatial import cKDTree

Field = NDArray[np.float32]
"""A value for every pixel, ``(y, x)``."""
Point = NDArray[np.float64]
"""A place or a direction, ``(y, x)``."""

STEP = 40.0
"""Å between the points of a curve."""
_RIM = 11.0  # Å over which the edge of a tube fades


@dataclass(frozen=True)
class Plane:
    """The pixels of a square section: `side` of them along y and x, `spacing` Å wide."""

    side: int
    spacing: float

    @cached_property
    def y(self) -> Field:
        """Å, shape ``(side, 1)``."""
        return (np.arange(self.side, dtype=np.float32) * np.float32(self.spacing))[:, None]

    @cached_property
    def x(self) -> Field:
        """Å, shape ``(1, side)``."""
        return self.y.T

    @property
    def extent(self) -> float:
        """Å from one border to the other."""
        return self.side * self.spacing

    @property
    def area(self) -> float:
        """In squares of 100 nm."""
        return (self.extent / 1000) ** 2

    def point(self, rng: np.random.Generator, margin: float = 0.0) -> Point:
        """Return a random place; `margin` is the share of the side that is left out all around."""
        return rng.uniform(margin, 1 - margin, 2) * self.extent

    def pixel(self, point: Point) -> tuple[int, int]:
        """Return the pixel that is nearest to a place."""
        j, i = np.clip(np.rint(point / self.spacing), 0, self.side - 1).astype(int)
        return int(j), int(i)

    def away(self, point: Point) -> Field:
        """Return the distance of every pixel from a place."""
        distance: Field = np.hypot(self.y - np.float32(point[0]), self.x - np.float32(point[1]))
        return distance

    def frame(self, origin: Point, axis: Point) -> tuple[Field, Field]:
        """Return coordinates along an axis and across it, with their zero at `origin`."""
        y, x = self.y - np.float32(origin[0]), self.x - np.float32(origin[1])
        a, b = np.float32(axis[0]), np.float32(axis[1])
        return y * a + x * b, x * a - y * b

    def slope(self, values: Field) -> tuple[Field, Field]:
        """Return a field's derivatives along y and x, per Å."""
        dy, dx = (np.asarray(d, np.float32) for d in np.gradient(values, self.spacing))
        return dy, dx

    def smooth(self, size: float, rng: np.random.Generator) -> Field:
        """Draw a smooth random field of variance 1 with features of `size` Å.

        A sum of Gaussians of standard deviation ``size / 2`` and random weights on a lattice as
        wide as that: as good as white noise under a Gaussian filter.
        """
        sigma = 0.5 * size / self.spacing
        nodes = (np.arange(-4, self.side / sigma + 4) + rng.random()).astype(np.float32)
        weight = rng.standard_normal((nodes.size, nodes.size), dtype=np.float32)
        away = np.arange(self.side, dtype=np.float32)[:, None] / np.float32(sigma) - nodes
        bell = np.exp(-0.5 * away * away) * np.float32(np.pi**-0.25)
        values: Field = (bell @ weight @ bell.T).astype(np.float32, copy=False)
        return values

    def grain(self, size: ArrayLike, rng: np.random.Generator) -> Field:
        """Draw white noise under a Gaussian of these standard deviations in Å, with variance 1."""
        noise = rng.standard_normal((self.side, self.side), dtype=np.float32)
        values: Field = gaussian_filter(noise, np.asarray(size) / self.spacing)
        values /= values.std()
        return values


@dataclass
class Drawing:
    """A section while it is drawn.

    Attributes
    ----------
    density
        Protein is about 1, ice is 0.
    outside
        Where there is no cell.
    motors
        Their centres.
    """

    plane: Plane
    density: Field
    outside: NDArray[np.bool_]
    motors: list[Point] = field(default_factory=list)

    @classmethod
    def empty(cls, plane: Plane) -> "Drawing":
        """Return one of nothing but ice."""
        density = np.zeros((plane.side, plane.side), np.float32)
        return cls(plane, density, np.ones(density.shape, bool))


def edge(distance: ArrayLike, width: float) -> Field:
    """Return 1 where a distance is negative, 0 where it is positive, fading over about `width`."""
    values: Field = 1 / (
        1 + np.exp(np.clip(np.asarray(distance, np.float32) / np.float32(width), -40, 40))
    )
    return values


def line(distance: Field, sigma: float) -> Field:
    """Return a Gaussian of a distance: a line where it is 0."""
    scaled = distance / np.float32(sigma)
    values: Field = np.exp(-0.5 * scaled * scaled)
    return values


def unit(angle: float) -> Point:
    """Return the direction at an angle from x to y, radians."""
    return np.array([np.sin(angle), np.cos(angle)])


def random_direction(rng: np.random.Generator) -> Point:
    """Return any direction."""
    return unit(rng.uniform(0, 2 * np.pi))


def curve(
    start: Point,
    direction: Point,
    length: float,
    bend: float,
    rng: np.random.Generator,
    turn: float = 0.0,
    turn_length: float = 550.0,
    waves: float = 0.0,
) -> NDArray[np.float64]:
    """Draw the points of a bent line, ``(n, 2)``, `STEP` apart.

    Parameters
    ----------
    bend
        Spread of its curvature, 1/Å.
    turn, turn_length
        Angle in radians by which it turns besides, over its first so many Å.
    waves
        Spread in radians of the angles by which it winds, over some 200 Å each.
    """
    s = np.arange(max(2, int(length / STEP))) * STEP
    angle = np.arctan2(direction[0], direction[1]) + rng.normal(0, bend) * s
    angle = angle + 0.5 * rng.normal(0, bend / 1500) * s**2 + turn * np.clip(s / turn_length, 0, 1)
    if waves:
        winding = gaussian_filter(rng.normal(size=s.size + 20), 2.5)[10:-10]
        angle = angle + waves * winding * 3.0  # of variance 1 again
    steps = np.stack([np.sin(angle), np.cos(angle)], axis=1) * STEP
    return start + np.cumsum(steps, axis=0)


def add_tube(
    drawing: Drawing,
    points: NDArray[np.float64],
    half_width: float,
    density: float,
    core: float = 0.0,
    fade: ArrayLike = 1.0,
    within: ArrayLike = True,
) -> None:
    """Add a thick line to a drawing.

    Parameters
    ----------
    points
        ``(n, 2)``, as of `curve`.
    core
        How much less dense its middle is than its walls.
    fade
        Factor on the density, for all or for each point.
    within
        Where it may be drawn.
    """
    plane = drawing.plane
    indices = np.rint(points / plane.spacing).astype(int)
    seen = ((indices >= 0) & (indices < plane.side)).all(axis=1)
    if not seen.any():
        return
    marked = np.zeros((plane.side, plane.side), np.uint8)
    marked[tuple(indices[seen].T)] = 1
    reach = int(np.ceil((half_width + 6 * _RIM) / plane.spacing))
    where = np.nonzero(maximum_filter(marked, 2 * reach + 1))
    at = np.stack(where, axis=1) * plane.spacing
    # The distance from the straight piece about the nearest point.
    _, nearest = cKDTree(points).query(at)
    tangents = np.gradient(points, axis=0) / STEP
    offset, tangent = at - points[nearest], tangents[nearest]
    along = np.abs((offset * tangent).sum(axis=1))
    across = offset[:, 0] * tangent[:, 1] - offset[:, 1] * tangent[:, 0]
    away = np.hypot(across, np.maximum(along - STEP / 2, 0))
    value = edge(away - half_width, _RIM)
    value *= 1 - core * line(away.astype(np.float32), 0.35 * half_width)
    value *= np.broadcast_to(np.asarray(fade, np.float32), len(points))[nearest]
    value *= np.broadcast_to(np.asarray(within), marked.shape)[where]
    # Two things that overlap are not twice as dense.
    room = np.clip(1 - 0.6 * np.clip(drawing.density[where], 0, 1), 0.3, 1)
    drawing.density[where] += density * value * room


def dots(
    plane: Plane,
    chance: ArrayLike,
    count: int,
    radius: float,
    density: float,
    rng: np.random.Generator,
) -> Field:
    """Draw round dots anywhere, each kept with the chance that its pixel has.

    Parameters
    ----------
    count
        How many are tried.
    density
        Their mean; each has half as much to half as much again.
    """
    field = np.zeros((plane.side, plane.side), np.float32)
    j, i = rng.integers(0, plane.side, (2, count))
    keep = rng.random(count) < np.broadcast_to(np.asarray(chance), field.shape)[j, i]
    peaks = density * rng.uniform(0.5, 1.5, int(keep.sum()))
    np.add.at(field, (j[keep], i[keep]), peaks.astype(np.float32))
    sigma = radius / plane.spacing / 1.6
    values: Field = gaussian_filter(field, sigma) * np.float32(2 * np.pi * sigma * sigma)
    return values
