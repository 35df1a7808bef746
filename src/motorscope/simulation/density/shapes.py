"""Cells as signed distances: where the two surfaces of a cell run.

A cell is a tube around a centre line with round ends, squeezed along z as cells in thin ice are.
Distances are kept on a coarse grid (about 64 Å; they are smooth, so straight lines between its
points are exact to less than 1 Å at a radius of 1500 Å) and blown up to voxels slab by slab.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, zoom
from scipy.spatial import cKDTree

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Point, Volume
from motorscope.tomogram.grid import Shape

COARSE = 64.0
"""Step of the coarse grid in Å, about."""


@dataclass(frozen=True)
class CoarseGrid:
    """Every `factor`-th voxel of a volume, and enough beyond its end to cover it."""

    shape: Shape
    fine_shape: Shape
    factor: int
    spacing: float

    @classmethod
    def over(cls, shape: Shape, spacing: float) -> "CoarseGrid":
        """Lay a coarse grid over a volume with this voxel spacing in Å."""
        factor = max(2, round(COARSE / spacing))
        z, y, x = (max(2, -(-(n - 1) // factor) + 1) for n in shape)
        return cls((z, y, x), shape, factor, spacing)

    @property
    def step(self) -> float:
        """Distance of neighbouring points in Å."""
        return self.factor * self.spacing

    def points(self) -> Point:
        """Return the positions ``(z, y, x, 3)`` in Å."""
        axes = [np.arange(n) * self.step for n in self.shape]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)

    def noise(self, length: float, rng: np.random.Generator) -> Volume:
        """Draw a smooth random field with standard deviation 1 and a correlation length in Å."""
        # Drawn on a grid as coarse as its smoothness allows: a long Gaussian on many points would
        # be slow.
        skip = max(1, int(length / (2 * self.step)))
        small = [max(2, -(-n // skip) + 1) for n in self.shape]
        field = gaussian_filter(
            rng.standard_normal(small, dtype=np.float32), length / (self.step * skip), mode="wrap"
        )
        if skip > 1:
            field = zoom(field, skip, order=1, grid_mode=False)
        field = field[tuple(slice(n) for n in self.shape)]
        spread = float(field.std())
        scaled: Volume = (field / spread if spread > 0 else field).astype(np.float32)
        return scaled

    def sample(self, field: Volume, positions: ArrayLike) -> NDArray[np.float64]:
        """Read a field at positions ``(n, 3)`` in Å, between its points along straight lines."""
        where = np.atleast_2d(np.asarray(positions, dtype=float)) / self.step
        values: NDArray[np.float64] = map_coordinates(field, where.T, order=1, mode="nearest")
        return values.astype(np.float64)

    def gradient(self, field: Volume, position: ArrayLike) -> Point:
        """Return the unit vector of steepest rise at one position in Å."""
        p = np.asarray(position, dtype=float)
        ends = np.concatenate([p + self.step * np.eye(3), p - self.step * np.eye(3)])
        values = self.sample(field, ends)
        rise = values[:3] - values[3:]
        size = float(np.linalg.norm(rise))
        return rise / size if size > 0 else np.array([0.0, 0.0, 1.0])

    def fine(self, field: Volume, part: tuple[slice, slice, slice]) -> Volume:
        """Blow a field up to the voxels of a part of the volume."""
        z, y, x = (
            _straight_lines(n, c, self.factor)[s]
            for n, c, s in zip(self.fine_shape, self.shape, part, strict=True)
        )
        blown: Volume = np.matmul(np.matmul(y, np.tensordot(z, field, axes=(1, 0))), x.T)
        return blown

    def part(self, mask: NDArray[np.bool_]) -> tuple[slice, slice, slice] | None:
        """Return the voxels of the box around all points of a mask; ``None`` if it has none."""
        if not mask.any():
            return None
        sides = []
        for axis, n in enumerate(self.fine_shape):
            where = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
            first, last = max(0, where[0] - 1) * self.factor, (where[-1] + 1) * self.factor + 1
            sides.append(slice(int(first), int(min(n, last))))
        return sides[0], sides[1], sides[2]


@dataclass(frozen=True)
class Cell:
    """Where a cell's surfaces run.

    Attributes
    ----------
    inner, outer
        Signed distance in Å (negative inside) from the middle of the inner membrane and from the
        middle of the outer membrane, or, of a Gram-positive cell, from the outside of the wall; on
        the coarse grid.
    poles
        Positions ``(n, 3)`` of the ends, Å; none for a round cell.
    radius
        Å.
    gram_positive
        Whether it has one membrane and a thick wall.
    """

    inner: Volume
    outer: Volume
    poles: Point
    radius: float
    gram_positive: bool


def draw_cell(config: SimulationConfig, grid: CoarseGrid, rng: np.random.Generator) -> Cell:
    """Draw a cell: its shape, place and envelope."""
    extent = (np.array(config.shape, dtype=float) - 1) * config.spacing
    kind = str(rng.choice(config.cell_shapes))
    gram_positive = bool(rng.random() < config.gram_positive)
    radius = float(rng.uniform(*config.radius))
    if kind == "spiral":
        radius = max(config.radius[0] * 0.55, radius * 0.4)
    # Half the depth is what a cell can fill; a cell in a thin volume is squeezed, and sometimes cut
    # at top and bottom.
    room = extent[0] * rng.uniform(0.33, 0.55)
    squeeze = float(np.clip(room / radius, 0.4, 1.0))
    line = _centre_line(kind, radius, config, extent, rng)
    line[:, 0] += extent[0] * rng.uniform(0.4, 0.6)

    squash = np.array([1 / squeeze, 1.0, 1.0])
    tree = cKDTree(line * squash)
    nearest, _ = tree.query(grid.points().reshape(-1, 3) * squash)
    distance = np.asarray(nearest).reshape(grid.shape)
    inner = _true_distance((distance - radius).astype(np.float32), grid.step)
    inner += grid.noise(1500, rng) * np.float32(rng.uniform(5, 25))

    width = np.float32(rng.uniform(*config.periplasm) * (1.25 if gram_positive else 1.0))
    poles = np.empty((0, 3))
    bulge = np.zeros(grid.shape, np.float32)
    if kind != "sphere":
        ends = line[[0, -1]]
        ahead = _unit(
            np.stack([line[0] - line[min(3, len(line) - 1)], line[-1] - line[-min(4, len(line))]])
        )
        poles = ends + ahead * radius
        # The periplasm is often wider at a pole.
        for pole in poles:
            away = np.linalg.norm(grid.points() - pole, axis=-1).astype(np.float32)
            bulge += np.float32(min(rng.exponential(30), 150)) * np.exp(
                -((away / np.float32(0.8 * radius)) ** 2)
            )
    wave = np.float32(rng.uniform(*config.wave) * (0.3 if gram_positive else 1.0))
    swell = width + bulge + wave * grid.noise(rng.uniform(300, 700), rng)
    swell += np.float32(rng.uniform(0, 40)) * grid.noise(2500, rng)
    outer = inner - np.maximum(swell, np.float32(0.6) * width)
    return Cell(inner, outer, poles, radius, gram_positive)


def make_room(cell: Cell, other: Cell, gap: float = 60.0) -> Cell:
    """Dent a cell where it would reach into another one, so that the two touch."""
    wall = gap - other.outer
    width = cell.inner - cell.outer
    return Cell(
        np.maximum(cell.inner, wall + width),
        np.maximum(cell.outer, wall),
        cell.poles,
        cell.radius,
        cell.gram_positive,
    )


def _centre_line(
    kind: str, radius: float, config: SimulationConfig, extent: Point, rng: np.random.Generator
) -> Point:
    """Return points ``(n, 3)`` along a cell's middle, about z = 0, at most 60 Å apart."""
    length = 0.0 if kind == "sphere" else float(rng.uniform(*config.length))
    s = np.linspace(0, length, max(2, int(length / 60) + 1))
    turn = {"rod": 0.15, "bent": 0.6, "comma": 1.0, "spiral": 0.2, "sphere": 0.0}[kind]
    # Curvature, at most so that a U with a small gap comes out.
    curvature = rng.uniform(-1, 1) if kind != "comma" else rng.choice([-1, 1]) * rng.uniform(0.5, 1)
    curvature *= turn / (1.25 * radius + 300)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(
        np.full(len(s), curvature * (s[1] - s[0]))
        + 0.02 * turn * np.cumsum(rng.normal(0, 0.01, len(s)))
    )
    step = s[1] - s[0]
    y, x = np.cumsum(np.sin(heading)) * step, np.cumsum(np.cos(heading)) * step
    z = s * np.sin(np.radians(rng.normal(0, 4)))
    if kind == "spiral":
        pitch, wide = rng.uniform(4000, 9000), rng.uniform(0.4, 1.2) * radius
        phase = 2 * np.pi * s / pitch + rng.uniform(0, 2 * np.pi)
        y, x = (
            y + wide * np.cos(phase) * np.cos(heading),
            x - wide * np.cos(phase) * np.sin(heading),
        )
        z = z + 0.6 * wide * np.sin(phase)
    line = np.stack([z, y, x], axis=1)
    # One end, or any point of the line, lies somewhere in the middle of the field of view.
    anchor = line[0] if rng.random() < 0.75 else line[rng.integers(len(line))]
    target = extent[1:] * rng.uniform(0.22, 0.78, 2)
    inward = line[len(line) // 2, 1:] - line[0, 1:]
    if inward @ (extent[1:] / 2 - target) < 0 and rng.random() < 0.6:
        line[:, 1:] = 2 * anchor[1:] - line[:, 1:]
    line[:, 1:] += target - anchor[1:]
    line[:, 0] -= anchor[0]
    return line


def _true_distance(field: Volume, step: float) -> Volume:
    """Divide by the slope, which squeezing has changed, so that distances are right again."""
    slope = np.sqrt(sum(g**2 for g in np.gradient(field, step)))
    true: Volume = (field / np.clip(slope, 0.5, 4.0)).astype(np.float32)
    return true


def _unit(vectors: Point) -> Point:
    sizes = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: Point = np.divide(vectors, sizes, out=np.zeros_like(vectors), where=sizes > 0)
    return units


def _straight_lines(fine: int, coarse: int, factor: int) -> NDArray[np.float32]:
    """Return the matrix ``(fine, coarse)`` that interpolates along straight lines."""
    where = np.arange(fine) / factor
    low = np.minimum(where.astype(int), coarse - 2)
    rest = (where - low).astype(np.float32)
    matrix = np.zeros((fine, coarse), np.float32)
    rows = np.arange(fine)
    matrix[rows, low] = 1 - rest
    matrix[rows, low + 1] = rest
    return matrix
