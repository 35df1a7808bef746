"""Flagellar motors: what they are made of, and how they are set into an envelope.

Along the axis, from the cytoplasm outwards: export apparatus (a globule of 20–30 nm), C ring (34–57
nm wide, about 17 nm tall, wall 6–8 nm), MS ring (24–30 nm, in the inner membrane), a ring of stator
studs (50–80 nm), disks in the periplasm (some species, up to 100 nm), rod (11–13 nm), P and L rings
(26 nm, at peptidoglycan and outer membrane), hook (18–20 nm wide, 55 nm long, curved) and filament
(18–23 nm, wavy, sheathed to 30 nm in some species, inside the periplasm in spirochetes).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.simulation.canvas import Canvas, Point, Ring, Volume, perpendicular
from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.shapes import Cell, CoarseGrid

CENTRE_HEIGHT = -60.0
"""Where the labelled centre lies on the axis, Å from the middle of the inner membrane: between MS
ring and C ring."""


@dataclass(frozen=True)
class Species:
    """Sizes of one kind of motor, Å, and where it sits.

    Attributes
    ----------
    c_ring, ms_ring, stators
        Outer diameters.
    stator_strength
        Density of the studs as a share of the motor's.
    disks
        ``(place between the membranes 0…1, diameter, thickness, strength)`` of each periplasmic
        disk.
    filament
        ``plain``, ``sheathed`` or ``periplasmic``.
    places
        Chances of a motor at one pole, at either pole, in a tuft at a pole, anywhere.
    """

    name: str
    c_ring: float
    ms_ring: float
    stators: float
    stator_strength: float
    studs: int
    disks: tuple[tuple[float, float, float, float], ...]
    filament: str
    places: tuple[float, float, float, float]


SPECIES = {
    species.name: species
    for species in (
        Species("enteric", 450, 270, 560, 0.25, 11, (), "plain", (0.15, 0.1, 0.05, 0.7)),
        Species("vibrio", 490, 280, 600, 0.6, 13, ((0.55, 420, 50, 0.5), (0.9, 400, 60, 0.6)),
                "sheathed", (0.7, 0.1, 0.2, 0.0)),
        Species("campylobacter", 520, 290, 700, 0.8, 17,
                ((0.3, 500, 45, 0.6), (0.55, 480, 45, 0.6), (0.85, 900, 60, 0.75)),
                "plain", (0.4, 0.6, 0.0, 0.0)),
        Species("helicobacter", 540, 290, 780, 0.8, 18,
                ((0.3, 620, 50, 0.6), (0.6, 760, 60, 0.6), (0.88, 560, 50, 0.6)),
                "sheathed", (0.4, 0.1, 0.5, 0.0)),
        Species("spirochete", 560, 290, 760, 0.9, 16, ((0.35, 800, 80, 0.6),),
                "periplasmic", (0.5, 0.5, 0.0, 0.0)),
        Species("caulobacter", 400, 250, 520, 0.35, 12, (), "plain", (1.0, 0.0, 0.0, 0.0)),
        Species("firmicute", 440, 270, 540, 0.3, 12, (), "plain", (0.1, 0.1, 0.0, 0.8)),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Motor:
    """A motor that was drawn.

    Attributes
    ----------
    position
        The labelled centre (z, y, x) in Å.
    axis
        Unit vector (z, y, x) along the rod, out of the cell.
    species
        Name of the kind.
    """

    position: tuple[float, float, float]
    axis: tuple[float, float, float]
    species: str


@dataclass(frozen=True)
class Site:
    """A point in the middle of an inner membrane, and the outward unit vector there."""

    point: Point
    axis: Point


def find_sites(
    grid: CoarseGrid,
    cell: Cell,
    others: list[Cell],
    species: Species,
    count: int,
    taken: list[Site],
    rng: np.random.Generator,
    tries: int = 150,
) -> list[Site]:
    """Find up to `count` places for motors in a cell's inner membrane.

    They lie inside the volume, 600 Å or more from each other and from those that are taken, with no
    other cell in front of them. Places where the membrane stands upright come more often: the
    others hardly show, because of the missing wedge, and cells in thin ice are flat there.
    """
    extent = (np.array(grid.fine_shape) - 1) * (grid.step / grid.factor)
    margin = np.minimum(250.0, extent / 6)
    points = grid.points()
    near = np.abs(cell.inner) < 0.7 * grid.step
    near &= ((points > margin) & (points < extent - margin)).all(axis=-1)
    candidates = points[near]
    if not len(candidates):
        return []
    upright = 1 - _slope(cell.inner, near) ** 2
    weights = _pole_weights(candidates, cell, species, count, rng) * (0.03 + upright**1.5)
    chosen: list[Site] = []
    picks = rng.choice(len(candidates), size=tries * max(count, 1), p=weights / weights.sum())
    for pick in picks:
        if len(chosen) == count:
            break
        point = candidates[pick] + rng.uniform(-0.5, 0.5, 3) * grid.step
        for _ in range(3):
            point = point - grid.gradient(cell.inner, point) * grid.sample(cell.inner, point)[0]
        axis = grid.gradient(cell.inner, point)
        centre = point + CENTRE_HEIGHT * axis
        if (centre < margin * 0.6).any() or (centre > extent - margin * 0.6).any():
            continue
        if any(np.linalg.norm(point - site.point) < 600 for site in [*taken, *chosen]):
            continue
        outside = point + axis * 550
        if any(grid.sample(other.outer, outside)[0] < 0 for other in others):
            continue
        chosen.append(Site(point, axis))
    return chosen


def _slope(field: Volume, mask: NDArray[np.bool_]) -> Point:
    """Return the z component, −1 to 1, of the direction of steepest rise at the mask's points."""
    rises = [np.gradient(field, axis=axis)[mask].astype(float) for axis in range(3)]
    size = np.sqrt(sum(rise**2 for rise in rises))
    slope: Point = rises[0] / np.maximum(size, 1e-9)
    return slope


def _pole_weights(
    candidates: Point, cell: Cell, species: Species, count: int, rng: np.random.Generator
) -> Point:
    places = np.array(species.places)
    if count > 2:
        places = places * (0.2, 0.3, 1.0, 1.0) + (0.0, 0.0, 0.2, 0.1)
    place = rng.choice(4, p=places / places.sum())
    if place == 3 or not len(cell.poles):
        return np.ones(len(candidates))
    poles = cell.poles if place == 1 else cell.poles[[rng.integers(len(cell.poles))]]
    wide = cell.radius * (0.9 if place == 2 else 0.5)
    near = np.zeros(len(candidates))
    for pole in poles:
        near += np.exp(-0.5 * (np.linalg.norm(candidates - pole, axis=1) / wide) ** 2)
    # Faraway points keep a small chance, so that a pole outside the volume does not leave a cell
    # without motor.
    return near + 1e-6


def draw_motor(
    canvas: Canvas,
    grid: CoarseGrid,
    cell: Cell,
    site: Site,
    species: Species,
    config: SimulationConfig,
    rng: np.random.Generator,
) -> Motor:
    """Draw a motor at its site and return where it is."""
    density = float(rng.uniform(*config.motor_density))
    # Motors stand a little askew, and no two are quite the same size.
    tilt = rng.normal(0, 0.05, 3)
    axis = site.axis + tilt - site.axis * (tilt @ site.axis)
    axis = axis / np.linalg.norm(axis)
    size = float(rng.normal(1.0, 0.05))
    width = float(-grid.sample(cell.outer, site.point)[0])
    for _ in range(3):
        width -= float(grid.sample(cell.outer, site.point + axis * width)[0])
    width = float(np.clip(width, 150, 800))

    c_wall = rng.uniform(60, 80)
    c_radius = 0.5 * size * species.c_ring - c_wall / 2
    # Within the C ring the cytoplasm is thin; ribosomes have been kept out already.
    parts = [
        Ring(0, 2 * c_radius, -150, 170, 0.12, share=0.6),
        Ring(c_radius, c_wall, -130, 170 * size, density),
        Ring(0.5 * c_radius, 0.9 * c_radius, -60, 45, 0.8 * density),
        Ring(0, size * species.ms_ring, 0, 90, density),
        Ring(0, 170, -190, 90, 0.85 * density),
        Ring(120, 60, -290, 60, 0.7 * density, studs=6),
    ]
    if rng.random() < 0.9:
        stud_radius = 0.5 * size * species.stators - 40
        parts.append(
            Ring(stud_radius, 75, 35, 130, species.stator_strength * density, species.studs)
        )
    for place, diameter, thickness, strength in species.disks:
        parts.append(Ring(0, size * diameter, place * width, thickness, strength * density))
    parts.append(Ring(0, 120, 0.5 * width, width, density))
    if cell.gram_positive:
        parts.append(Ring(0, 190, 0.5 * width, 60, 0.8 * density))
    else:
        parts.append(Ring(0, 260, width - 110, 70, density))
        parts.append(Ring(0, 260, width, 80, density))
    canvas.rings(site.point, axis, tuple(parts), turn=float(rng.uniform(0, 2 * np.pi)))

    if rng.random() < config.filament:
        start = site.point + axis * width
        if species.filament == "periplasmic":
            path = periplasmic_path(grid, cell, site, width, rng)
            canvas.tube(path, 95, 0.85 * density)
        else:
            path = filament_path(canvas, grid, cell, start, axis, rng)
            hook = 1 + round(550 / _STEP)
            canvas.tube(path[:hook], 95, density, bore=25, bore_density=0.5 * density)
            if rng.random() < 0.85:
                sheathed = species.filament == "sheathed"
                radius = 150.0 if sheathed else float(rng.uniform(90, 115))
                canvas.tube(
                    path[hook - 1 :],
                    radius,
                    0.8 * density,
                    bore=100 if sheathed else 25,
                    bore_density=0.6 * density if sheathed else 0.4 * density,
                )
    centre = site.point + CENTRE_HEIGHT * axis
    return Motor(_triple(centre), _triple(axis), species.name)


_STEP = 70.0


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


def _triple(values: Point) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
