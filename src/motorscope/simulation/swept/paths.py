"""Hooks, filaments, pili and other long things: where they run, and how they are laid."""

from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from motorscope.simulation.density.canvas import Canvas, Point, Volume, dot
from motorscope.simulation.density.shapes import CoarseGrid
from motorscope.simulation.swept.bodies import Body
from motorscope.simulation.swept.kinds import Kind
from motorscope.simulation.swept.layout import Machine
from motorscope.simulation.swept.stage import Stage, Textures, across, normal, unit

STEP = 45.0
"""Å between the points of a path."""
_FINE = 2.5  # Å between the values of a table of radii
_UP = np.array([1.0, 0.0, 0.0])


def flagellum_path(
    grid: CoarseGrid,
    cells: Volume,
    machine: Machine,
    kind: Kind,
    ice: float,
    extent: Point,
    rng: np.random.Generator,
) -> tuple[Point, int]:
    """Return points ``(n, 3)``, Å, of a hook and filament, and how many of them are the hook's.

    The hook bends rather in the plane of the ice; the filament is a flat helix that keeps out of
    cells and in the ice.

    Parameters
    ----------
    cells
        Signed distance from all cells' outer membranes on the coarse grid, Å.
    """
    ahead = machine.site.axis
    point = machine.site.point + ahead * (kind.hook - 30) * machine.scale
    points = [point]
    hook = float(rng.uniform(500, 620))
    side = across(ahead, rng) * (0.4, 1, 1)
    side = unit(side - ahead * (side @ ahead))
    bend = np.radians(rng.uniform(10, 85)) / hook
    for _ in range(round(hook / STEP)):
        ahead = unit(ahead + side * bend * STEP)
        side = unit(side - ahead * (side @ ahead))
        point = point + ahead * STEP
        points.append(point)
    count = len(points)
    if machine.tail == "hook":
        return np.array(points), count
    pitch = rng.uniform(11000, 26000)
    height = rng.uniform(800, 2000) * (0.5 if kind.sheathed else 1)
    curl, phase = height * (2 * np.pi / pitch) ** 2, rng.uniform(0, 2 * np.pi)
    for s in np.arange(0, rng.uniform(2500, 30000), STEP):
        turn = 2 * np.pi * s / pitch + phase
        push = curl * (np.cos(turn) * unit(np.cross(_UP, ahead)) + 0.5 * np.sin(turn) * _UP)
        level = point[0] - extent[0] / 2
        if abs(level + 600 * ahead[0]) > ice / 2 - 140:
            push = push - 0.002 * np.sign(level) * _UP
        if s > 150 and grid.sample(cells, point + 250 * ahead)[0] < 160:
            push = push + 0.003 * normal(grid, cells, point)
        ahead = unit(ahead + push * STEP)
        point = point + ahead * STEP
        points.append(point)
        if (point[1:] < -200).any() or (point[1:] > extent[1:] + 200).any():
            break
    return np.array(points), count


def periplasmic_path(
    grid: CoarseGrid,
    body: Body,
    machine: Machine,
    kind: Kind,
    extent: Point,
    rng: np.random.Generator,
) -> tuple[Point, int]:
    """Return points of a hook and a filament that turn within the periplasm along the cell."""
    line = body.line
    point = machine.site.point + machine.site.axis * (kind.hook - 30) * machine.scale
    points = [point]
    last = len(line) - 1
    inwards = 1 if np.argmin(np.linalg.norm(line - point, axis=1)) < len(line) / 2 else -1
    length = rng.uniform(5000, 25000) if machine.tail == "filament" else 500.0
    level = float(rng.uniform(130, 170))
    for s in np.arange(0, length, STEP):
        outwards = normal(grid, body.inner, point)
        nearest = int(np.argmin(np.linalg.norm(line - point, axis=1)))
        further = int(np.clip(nearest + 2 * inwards, 0, last))
        if further == nearest:
            break
        along = line[further] - line[nearest]
        along = unit(along - outwards * (along @ outwards))
        turned = min(1.0, s / 300)
        point = point + unit((1 - turned) * machine.site.axis + turned * along) * STEP
        if s > 240:
            above = float(grid.sample(body.inner, point)[0])
            point = point - outwards * float(np.clip(above - level, -30, 30)) * 0.6
        points.append(point)
        if (point < -200).any() or (point > extent + 200).any():
            break
    return np.array(points), 1 + round(450 / STEP)


def sheathed_outer(grid: CoarseGrid, outer: Volume, path: Point, radius: float) -> Volume:
    """Return the distance from an outer membrane that goes on as a sheath about a path."""
    steps = np.linspace(0, len(path) - 1, 2 * len(path))
    dense = np.stack([np.interp(steps, np.arange(len(path)), c) for c in path.T], axis=1)
    points = grid.points()
    away, _ = cKDTree(dense).query(points.reshape(-1, 3), distance_upper_bound=340 + grid.step)
    tube = np.minimum(np.asarray(away).reshape(grid.shape) - radius, 1e6)
    blend = np.maximum(100 - np.abs(outer - tube), 0) / 100
    joined: Volume = (np.minimum(outer, tube) - 25 * blend**2).astype(np.float32)
    return joined


def lay_thin(
    stage: Stage,
    start: Point,
    direction: Point,
    length: float,
    radius: float,
    density: float,
    rng: np.random.Generator,
    bend: float = 1.2e-4,
) -> None:
    """Draw a long thin thing from a point on: it bends a little and ends where it meets a cell.

    Parameters
    ----------
    length, radius
        Å.
    bend
        Standard deviation of its curvature, 1/Å.
    """
    ahead, extent = unit(direction), stage.canvas.extent
    side, curve = across(ahead, rng), rng.normal(0, bend)
    point, points, left = start, [start], False
    for i in range(int(length / STEP)):
        ahead = unit(ahead + side * curve * STEP + rng.normal(0, 0.0073, 3))
        level = point[0] - extent[0] / 2
        if abs(level + 200 * ahead[0]) > stage.ice / 2:
            ahead = unit(ahead - 0.09 * np.sign(level) * _UP)
        point = point + ahead * STEP
        if (point[1:] < -100).any() or (point[1:] > extent[1:] + 100).any():
            break
        away = float(stage.grid.sample(stage.outer, point)[0])
        left = left or away > 0 or i > 8
        if left and away < -80:
            break
        points.append(point)
    if len(points) > 3:
        table = radii_table(density * disc(radius), stage.canvas.spacing)
        lay_path(stage.canvas, stage.textures, np.array(points), table)


def disc(radius: float) -> Volume:
    """Return 1 within a radius in Å and 0 beyond it, on the radii of a table."""
    inside = np.clip((radius - np.arange(0, 300, _FINE)) / 8 + 0.5, 0, 1)
    return inside.astype(np.float32)


def radii_table(densities: Volume | Point, spacing: float) -> Volume:
    """Blur densities over the radius by what a voxel does."""
    table: Volume = gaussian_filter1d(densities, 0.35 * spacing / _FINE, mode="nearest")
    return table.astype(np.float32)


def flagellum_tables(spacing: float, rng: np.random.Generator) -> tuple[Volume, Volume]:
    """Draw densities over the radius of hooks and of filaments: a bore, two layers of protein."""
    radius = float(rng.uniform(88, 106))
    r = np.arange(0, 300, _FINE, dtype=np.float32)
    gap = 1 - 0.25 * np.exp(-0.5 * ((r - 60) / 8) ** 2)
    hook = 0.95 * disc(93) * (1 - 0.9 * disc(14))
    filament = 0.88 * disc(radius) * (1 - 0.8 * disc(16)) * gap
    return radii_table(hook, spacing), radii_table(filament, spacing)


def lay_path(
    canvas: Canvas, textures: Textures, path: Point, table: Volume, beads: float = 0.04
) -> None:
    """Lay something along points ``(n, 3)``, Å; in every voxel the denser one wins.

    Parameters
    ----------
    table
        Density over the distance from the path, as of `radii_table`.
    beads
        By how much its density changes along it, every 90 Å.
    """
    reach = _FINE * float(np.flatnonzero(table > 0.01).max(initial=0) + 2)
    travelled = 0.0
    for a, b in pairwise(path):
        way = b - a
        length = float(np.linalg.norm(way))
        box = canvas.box(np.minimum(a, b) - reach, np.maximum(a, b) + reach)
        if box is not None and length:
            o = canvas.offsets(box, a)
            # A little over the joints, but no round ends: they would fill the bore.
            t = dot(o, way / length**2)
            z, y, x = (o[i] - t * np.float32(way[i]) for i in range(3))
            place = np.sqrt(z * z + y * y + x * x) * np.float32(1 / _FINE)
            np.minimum(place, len(table) - 2, out=place)
            low = place.astype(np.intp)
            value = table[low] + (place - low) * (table[low + 1] - table[low])
            value *= 1 + np.float32(0.12) * textures.fine_at(box)
            value *= 1 + np.float32(beads) * np.cos((travelled + t * length) * (2 * np.pi / 90))
            here = canvas.density[box]
            np.maximum(here, np.where(np.abs(t - 0.5) < 0.7, value, 0), out=here)
        travelled += length
