"""Hooks and filaments: where they run, and how they are drawn.

Hook: 18–20 nm wide, 55 nm long, curved. Filament: 18–23 nm wide, micrometres long, wavy, sheathed
to 30 nm in some species, inside the periplasm in spirochetes.
"""

import numpy as np

from motorscope.simulation.density.canvas import Canvas, Point, perpendicular
from motorscope.simulation.density.shapes import Cell, CoarseGrid
from motorscope.simulation.density.sites import Site
from motorscope.simulation.species import Species

_STEP = 70.0


def draw_flagellum(
    canvas: Canvas,
    grid: CoarseGrid,
    cell: Cell,
    site: Site,
    axis: Point,
    width: float,
    species: Species,
    density: float,
    whole: bool,
    rng: np.random.Generator,
) -> None:
    """Draw the hook of a motor and, if it is `whole`, the filament.

    Parameters
    ----------
    axis
        Unit vector ``(z, y, x)`` along the rod, out of the cell.
    width
        Distance of the two membranes at the motor, Å.
    density
        Of the motor's parts; 1 is protein.
    """
    if species.filament == "periplasmic":
        path = periplasmic_path(grid, cell, site, width, rng)
        canvas.tube(path if whole else path[: 2 + round(450 / _STEP)], 95, 0.85 * density)
        return
    path = filament_path(canvas, grid, cell, site.point + axis * width, axis, rng)
    hook = 1 + round(550 / _STEP)
    strength = float(rng.uniform(0.6, 1.0)) * density
    canvas.tube(path[:hook], float(rng.uniform(85, 105)), strength, 25, 0.5 * strength)
    if not whole:
        return
    sheathed = species.filament == "sheathed"
    radius = 150.0 if sheathed else float(rng.uniform(90, 115))
    strength = float(rng.uniform(0.5, 0.9)) * density
    canvas.tube(
        path[hook - 1 :],
        radius,
        strength,
        bore=100 if sheathed else 25,
        bore_density=(0.75 if sheathed else 0.5) * strength,
    )


def filament_path(
    canvas: Canvas,
    grid: CoarseGrid,
    cell: Cell,
    start: Point,
    axis: Point,
    rng: np.random.Generator,
    hook_bend: float | None = None,
) -> Point:
    """Return points, 70 Å apart, of a hook and filament that leave the cell along `axis`.

    The hook bends by up to a right angle over its 550 Å; the filament is a wave of 2 µm length and
    up to 0.2 µm height, which keeps away from the cell and near its own depth in the ice.
    """
    length = float(np.clip(rng.exponential(9000), 900, 25000))
    steps = int(length / _STEP)
    u, v = perpendicular(axis)
    angle = rng.uniform(0, 2 * np.pi)
    side = np.cos(angle) * u + np.sin(angle) * v
    bend = float(rng.uniform(0, 1.3)) if hook_bend is None else hook_bend
    pitch, height = rng.uniform(18000, 24000), rng.uniform(500, 2500)
    phase = rng.uniform(0, 2 * np.pi)
    direction, point = axis.copy(), start.copy()
    points = [point]
    hook = 550 / _STEP
    for i in range(steps):
        if i < hook:
            direction = direction + side * (bend / hook)
        else:
            s = (i - hook) * _STEP
            curl = height * (2 * np.pi / pitch) ** 2 * np.sin(2 * np.pi * s / pitch + phase)
            direction = direction + _STEP * curl * np.cross(direction, (1.0, 0.0, 0.0))
            direction = direction * (0.985, 1.0, 1.0)
            near = float(grid.sample(cell.outer, point)[0])
            if near < 250:
                direction = direction + 0.12 * grid.gradient(cell.outer, point)
        direction = direction / np.linalg.norm(direction)
        point = point + direction * _STEP
        points.append(point)
        if (point < -300).any() or (point > canvas.extent + 300).any():
            break
    return np.array(points)


def periplasmic_path(
    grid: CoarseGrid, cell: Cell, site: Site, width: float, rng: np.random.Generator
) -> Point:
    """Return the points of a filament that turns within the periplasm and runs along the cell."""
    point = site.point + site.axis * 0.55 * width
    u, v = perpendicular(site.axis)
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.cos(angle) * u + np.sin(angle) * v
    if len(cell.poles):
        middle = cell.poles.mean(axis=0) - point
        direction = direction + 1.5 * middle / max(float(np.linalg.norm(middle)), 1.0)
    points = [point]
    for _ in range(int(rng.uniform(20, 130))):
        normal = grid.gradient(cell.inner, point)
        direction = direction - normal * (direction @ normal)
        length = float(np.linalg.norm(direction))
        if not length:  # out of the volume, where no membrane is known to follow
            break
        direction = direction / length
        point = point + direction * _STEP
        inside = float(grid.sample(cell.inner, point)[0])
        outside = float(grid.sample(cell.outer, point)[0])
        point = point + normal * 0.5 * (-outside - inside)
        points.append(point)
    return np.array(points)
