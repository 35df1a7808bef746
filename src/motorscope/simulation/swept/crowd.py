"""Ribosomes and smaller complexes, packed into the cytoplasm without overlap."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from motorscope.simulation.density.canvas import Canvas, Point, Volume
from motorscope.simulation.swept.stage import Stage, unit

_SMALL_PER_RIBOSOME = 2.2
_TRIES = {"ribosomes": 20, "complexes": 6}
"""Places that are looked at for each molecule that is wanted: many end in a nucleoid."""


def paint_crowd(stage: Stage, per_volume: float) -> None:
    """Draw ribosomes (`per_volume` per cubic µm of cytoplasm) and smaller complexes."""
    spacing = stage.canvas.spacing
    volume = float((stage.inner < -100).sum()) * (stage.grid.step * 1e-4) ** 3
    for name, share, gap, depth, in_nucleoid in (
        ("ribosomes", 1.0, 205.0, 135.0, 0.03),
        ("complexes", _SMALL_PER_RIBOSOME, 95.0, 75.0, 0.25),
    ):
        rng = stage.streams.of(name)
        wanted = int(per_volume * share * volume)
        points = _places(stage, wanted, _TRIES[name], gap, depth, in_nucleoid, rng)
        if name == "ribosomes":
            molecules = globules(24, 110, 46, 26, 0.55, spacing, rng)
            gains, pushes = rng.normal(1, 0.1, len(points)), 0.4
        else:
            molecules = globules(32, 56, 18, 19, 0.4, spacing, rng)
            gains, pushes = rng.uniform(0.35, 0.9, len(points)), 0.3
        add_molecules(stage.canvas, molecules, points, gains, pushes, rng)


def _places(
    stage: Stage,
    wanted: int,
    tries: int,
    gap: float,
    depth: float,
    in_nucleoid: float,
    rng: np.random.Generator,
) -> Point:
    """Draw up to so many points below the inner membrane, at least a gap in Å apart."""
    grid = stage.grid
    where = np.argwhere(stage.inner < -depth + grid.step)
    if not len(where) or not wanted:
        return np.empty((0, 3))
    points = (where[rng.integers(len(where), size=tries * wanted)]).astype(float)
    points = (points + rng.uniform(-0.5, 0.5, points.shape)) * grid.step
    chance = rng.random(len(points))
    fits = grid.sample(stage.inner, points) < -depth
    fits &= chance < 1 - (1 - in_nucleoid) * grid.sample(stage.nucleoid, points)
    for centre, radius in stage.kept_free:
        fits &= np.linalg.norm(points - centre, axis=1) > radius
    points = points[fits]
    return points[first_come(points, gap)][:wanted]


def first_come(points: Point, gap: float) -> NDArray[np.intp]:
    """Return which points ``(n, 3)`` stay if, in their order, each keeps a gap to those before."""
    if not len(points):
        return np.empty(0, np.intp)
    early, late = cKDTree(points).query_pairs(gap, output_type="ndarray").T
    undecided, stays = np.ones(len(points), bool), np.zeros(len(points), bool)
    while undecided.any():
        free = undecided.copy()
        free[late] = False  # someone before it may still stay
        stays |= free
        undecided &= ~free
        undecided[late[free[early]]] = False
        open_pairs = undecided[early] & undecided[late]
        early, late = early[open_pairs], late[open_pairs]
    return np.flatnonzero(stays)


def globules(
    count: int,
    radius: float,
    beads: int,
    size: float,
    density: float,
    spacing: float,
    rng: np.random.Generator,
) -> list[Volume]:
    """Draw small cubes with a complex of beads in each: two unequal lobes.

    Parameters
    ----------
    radius, size
        Of the complex, and the standard deviation of a bead's Gaussian, Å.
    density
        Of its denser parts.
    """
    half = int(np.ceil((radius + 2.5 * size) / spacing)) + 1
    at = np.arange(-half, half + 1) * spacing
    blur = np.hypot(size, 0.3 * spacing)
    cubes = []
    for _ in range(count):
        lobe = unit(rng.normal(size=3))
        centres = rng.normal(size=(beads, 3))
        centres *= (
            (radius - 1.2 * size)
            * rng.random((beads, 1)) ** (1 / 3)
            / np.linalg.norm(centres, axis=1, keepdims=True)
        )
        upper = centres @ lobe > 0.15 * radius
        centres[upper] = 0.86 * (centres[upper] + 12 * lobe)
        centres += rng.uniform(-0.5, 0.5, 3) * spacing
        z, y, x = (np.exp(-0.5 * ((at[:, None] - c) / blur) ** 2) for c in centres.T)
        cube = np.einsum("im,jm,km->ijk", z * rng.uniform(0.4, 1.6, beads), y, x, optimize=True)
        cube = np.tanh(cube / np.percentile(cube[cube > 0.2 * cube.max()], 70))
        cube = np.where(cube > 0.03, 2.2 * density * cube, 0).astype(np.float32)
        edge = min(int(i.min()) for i in np.nonzero(cube))
        edge = min(edge, 2 * half - max(int(i.max()) for i in np.nonzero(cube)))
        cubes.append(cube[(slice(edge, 2 * half + 1 - edge),) * 3])
    return cubes


def add_molecules(
    canvas: Canvas,
    molecules: list[Volume],
    points: Point,
    gains: Point,
    pushes: float,
    rng: np.random.Generator,
) -> None:
    """Add one of the molecules at each point ``(n, 3)``, Å.

    Parameters
    ----------
    gains
        ``(n,)`` factors of their density.
    pushes
        What share of what was there they push out, per density.
    """
    volume = canvas.density
    which = rng.integers(len(molecules), size=len(points))
    for place, kind, gain in zip(
        np.rint(points / canvas.spacing).astype(int), which, gains, strict=True
    ):
        cube = molecules[kind]
        low = place - cube.shape[0] // 2
        first = np.maximum(0, -low)
        last = np.minimum(cube.shape, np.array(volume.shape) - low)
        if (last <= first).any():
            continue
        piece = np.float32(gain) * cube[tuple(map(slice, first, last))]
        here = volume[tuple(map(slice, low + first, low + last))]
        here *= 1 - np.clip(np.float32(pushes) * piece, 0, 1)
        here += piece
