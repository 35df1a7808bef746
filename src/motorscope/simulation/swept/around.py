"""What is about cells: vesicles, pili, filaments, phages and scraps in the ice.

On its surfaces lie carbon, frost and gold.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from motorscope.simulation.swept.crowd import add_molecules, globules
from motorscope.simulation.swept.layers import bilayer
from motorscope.simulation.swept.paths import lay_thin
from motorscope.simulation.swept.stage import Stage, Thing, grain, tipped, unit
from motorscope.simulation.swept.within import paint_phage, paint_vesicle

GOLD = 22.0
"""Density of gold; protein is about 1."""


def _outer_vesicle(stage: Stage, rng: np.random.Generator) -> None:
    """Draw an outer-membrane vesicle, more often near a cell, sometimes one in another."""
    radius = float(np.clip(rng.lognormal(np.log(260), 0.45), 110, 750))
    radius = min(radius, max(110.0, stage.ice / 2 - 100))
    within = 250.0 if rng.random() < 0.6 else np.inf
    centre = stage.outside(radius + 50, rng, within)
    if centre is None:
        return
    filling, squash = float(rng.uniform(0.05, 0.3)), float(rng.uniform(0.85, 1))
    paint_vesicle(stage, centre, radius, filling, rng, squash=squash)
    if rng.random() < 0.15 and radius > 300:
        paint_vesicle(stage, centre + rng.normal(0, 20, 3), 0.55 * radius, 0.2, rng)


def _pilus(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a thin filament that stands on a cell."""
    found = stage.surface(rng)
    if found is None:
        return
    point, outwards = found
    grid = stage.grid
    width = float((grid.sample(stage.inner, point) - grid.sample(stage.outer, point))[0])
    start = point + outwards * (float(np.clip(width, 100, 600)) - 20)
    direction = tipped(outwards, rng.uniform(0, 0.9), rng)
    length, radius = float(rng.uniform(1000, 12000)), float(rng.uniform(26, 42))
    lay_thin(stage, start, direction, length, radius, 0.75, rng)


def _loose_filament(stage: Stage, rng: np.random.Generator) -> None:
    start = stage.outside(160, rng)
    if start is not None:
        way = unit(rng.normal(size=3) * (0.15, 1, 1))
        length, radius = float(rng.uniform(3000, 25000)), float(rng.uniform(85, 105))
        lay_thin(stage, start, way, length, radius, 0.8, rng, bend=2.2e-4)


def _phage(stage: Stage, rng: np.random.Generator) -> None:
    within = 120.0 if rng.random() < 0.7 else np.inf
    centre = stage.outside(360, rng, within)
    if centre is not None:
        paint_phage(stage, centre, rng, full=bool(rng.random() < 0.75), tailed=True)


def _debris(stage: Stage, rng: np.random.Generator) -> None:
    """Draw loose proteins in the ice: as many as a field of view of 460 nm has, per area."""
    extent = stage.canvas.extent
    count = int(rng.integers(15, 86) * extent[1] * extent[2] / 4600**2)
    size = np.array([stage.ice, extent[1], extent[2]])
    points = stage.middle + rng.uniform(-0.5, 0.5, (count, 3)) * size
    points = points[stage.grid.sample(stage.outer, points) > 100]
    molecules = globules(8, 45, 12, 18, 0.42, stage.canvas.spacing, rng)
    gains = rng.uniform(0.6, 1.3, len(points))
    add_molecules(stage.canvas, molecules, points, gains, 0.0, rng)


def _scrap(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a piece of a membrane."""
    place = stage.outside(500, rng)
    box = None if place is None else stage.canvas.box(place - 700, place + 700)
    if place is None or box is None:
        return
    radius, bow = float(rng.uniform(600, 2000)), unit(rng.normal(size=3))
    size = float(rng.uniform(300, 600))
    z, y, x = stage.canvas.offsets(box, place)
    bz, by, bx = (bow * radius).astype(np.float32)
    away = np.sqrt((z + bz) ** 2 + (y + by) ** 2 + (x + bx) ** 2) - np.float32(radius)
    here = np.clip((size - np.sqrt(z**2 + y**2 + x**2)) / 60, 0, 1)
    free = np.clip((stage.grid.fine(stage.outer, box) - 60) / 40, 0, 1)
    stage.canvas.density[box] += bilayer(away, stage.canvas.spacing) * here * free


def _face(stage: Stage, rng: np.random.Generator) -> float:
    """Return the level of one of the two surfaces of the ice, Å."""
    return float(stage.middle[0] + rng.choice([-1, 1]) * (stage.ice / 2 - 40))


def _gold(stage: Stage, rng: np.random.Generator) -> None:
    """Draw beads of one size on one surface of the ice."""
    radius, level = float(rng.choice([25, 50, 50, 75])), _face(stage, rng)
    canvas = stage.canvas
    for y, x in rng.uniform(0, 1, (int(rng.integers(2, 11)), 2)) * canvas.extent[1:]:
        centre = np.array([level + rng.normal(0, 40), y, x])
        across = np.linalg.norm((stage.motors - centre)[:, 1:], axis=1)
        box = canvas.box(centre - radius - 40, centre + radius + 40)
        if box is None or (across < 700).any():
            continue
        oz, oy, ox = canvas.offsets(box, centre)
        away = np.sqrt(oz**2 + oy**2 + ox**2) - np.float32(radius)
        canvas.density[box] += GOLD * np.clip(0.5 - away / (0.6 * canvas.spacing), 0, 1)


def _frost(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a flat piece of ice on a surface, away from the motors."""
    radius, canvas = float(rng.uniform(180, 750)), stage.canvas
    centre = np.array([_face(stage, rng), *(rng.uniform(0, 1, 2) * canvas.extent[1:])])
    box = canvas.box(centre - 1.4 * radius, centre + 1.4 * radius)
    across = np.linalg.norm((stage.motors - centre)[:, 1:], axis=1)
    if box is None or (across < 600 + radius).any():
        return
    z, y, x = canvas.offsets(box, centre)
    away = np.sqrt((2 * z) ** 2 + y**2 + x**2)
    away += 0.22 * radius * grain(away.shape, 0.3 * radius / canvas.spacing, rng)
    rough = 1 + 0.3 * grain(away.shape, 60 / canvas.spacing, rng)
    canvas.density[box] += np.clip((radius - away) / 30, 0, 1) * rng.uniform(0.5, 1.4) * rough


def _carbon(stage: Stage, rng: np.random.Generator) -> None:
    """Draw the holey film on one surface: outside of a large circle."""
    canvas, extent = stage.canvas, stage.canvas.extent
    level, thick = _face(stage, rng), float(rng.uniform(90, 160))
    radius, turn = float(rng.uniform(7000, 13000)), rng.uniform(0, 2 * np.pi)
    reach = 0.5 * float(np.hypot(*extent[1:])) * rng.uniform(0.45, 0.85)
    away = (reach - radius) * np.array([np.sin(turn), np.cos(turn)])
    centre = np.array([level, *(stage.middle[1:] + away)])
    box = canvas.box([level - thick / 2, 0, 0], [level + thick / 2, *extent[1:]])
    if box is None:
        return
    _, y, x = canvas.offsets(box, centre)
    edge = gaussian_filter(rng.standard_normal(canvas.density.shape[1:]), 8, mode="wrap")
    film = (np.hypot(y, x) - radius + 60 * edge / edge.std()) / 60
    film = np.clip(film, 0, 1) * (1.1 + 0.35 * stage.textures.fine_at(box))
    canvas.density[box] += film.astype(np.float32)


AROUND: dict[str, Thing] = {
    "outer vesicles": Thing(_outer_vesicle, 1.2, 2.6),
    "pili": Thing(_pilus, 1.0, 1.0),
    "loose filaments": Thing(_loose_filament, 0.5, 1.1),
    "phages": Thing(_phage, 0.15, 0.73),
    "debris": Thing(_debris, 0.6, 0.6, one=True),
    "scraps": Thing(_scrap, 0.3, 0.66),
    "carbon": Thing(_carbon, 0.22, 0.35, one=True),
    "frost": Thing(_frost, 0.8, 1.76),
    "gold": Thing(_gold, 0.65, 0.65, one=True),
}
"""What lies about cells, and how often."""
