"""A scene: the noise-free density of cells with motors and what is around them."""

from dataclasses import dataclass, replace

import numpy as np

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas, Volume
from motorscope.simulation.density.contents import paint_contents
from motorscope.simulation.density.envelope import draw_layers, paint_envelope
from motorscope.simulation.density.shapes import Cell, CoarseGrid, draw_cell, make_room
from motorscope.simulation.density.sites import Site, find_sites
from motorscope.simulation.density.surroundings import paint_surroundings
from motorscope.simulation.lookalikes import paint_lookalikes
from motorscope.simulation.motors.motor import Motor, draw_motor, seat
from motorscope.simulation.species import SPECIES, Species
from motorscope.simulation.swept.compose import draw_swept

_DEBRIS = (0.0, 6000.0)
"""Ribosomes per cubic µm that a lysed cell keeps."""


@dataclass(frozen=True)
class Scene:
    """What is in a tomogram before it is imaged.

    Attributes
    ----------
    density
        float32 ``(z, y, x)``; protein about 1, ice 0, gold 7 to 22.
    spacing
        Å per voxel.
    motors
        Every motor drawn.
    """

    density: Volume
    spacing: float
    motors: tuple[Motor, ...]


def simulate_density(config: SimulationConfig, rng: np.random.Generator) -> Scene:
    """Draw a scene.

    Its number of motors follows `SimulationConfig.motor_counts`; only where cells offer no room for
    so many, as can happen in small volumes, there are fewer.
    """
    # At 0 nothing is drawn, so that a seed gives the scene that it always gave.
    if config.swept_cells and rng.random() < config.swept_cells:
        density, motors = draw_swept(config, rng)
        return Scene(density, config.spacing, motors)
    # Each kind of thing has a stream of its own, so that a change to one leaves the others alone.
    layout, envelopes, contents, lookalikes, around, machines = rng.spawn(6)
    canvas = Canvas(np.zeros(config.shape, np.float32), config.spacing)
    grid = CoarseGrid.over(config.shape, config.spacing)
    chances = np.array(config.motor_counts, dtype=float)
    count = int(layout.choice(len(chances), p=chances / chances.sum()))
    cells, placed = _cells_with_sites(config, grid, count, layout)
    for which, site, species in placed:
        cells[which] = seat(grid, cells[which], site, species, layout)

    for which, cell in enumerate(cells):
        own = [site for owner, site, _ in placed if owner == which]
        layers = draw_layers(config, cell, envelopes)
        paint_envelope(canvas, grid, cell, layers, own, envelopes)
        left = replace(config, ribosomes=_DEBRIS, granules=(0, 0)) if layers.torn else config
        paint_contents(canvas, grid, cell, left, own, contents)
    taken = [site for _, site, _ in placed]
    paint_lookalikes(canvas, grid, cells, config, taken, lookalikes)
    paint_surroundings(canvas, grid, cells, config, around)
    motors = tuple(
        draw_motor(canvas, grid, cells[which], site, species, config, machines)
        for which, site, species in placed
    )
    return Scene(canvas.density, config.spacing, motors)


def _cells_with_sites(
    config: SimulationConfig, grid: CoarseGrid, count: int, rng: np.random.Generator
) -> tuple[list[Cell], list[tuple[int, Site, Species]]]:
    """Draw cells until they have room for the motors; keep the best try."""
    best: tuple[list[Cell], list[tuple[int, Site, Species]]] = ([], [])
    for attempt in range(6):
        cells = _draw_cells(config, grid, count, rng)
        placed = _place(config, grid, cells, count, rng)
        if attempt == 0 or len(placed) > len(best[1]):
            best = (cells, placed)
        if len(placed) == count:
            break
    return best


def _draw_cells(
    config: SimulationConfig, grid: CoarseGrid, count: int, rng: np.random.Generator
) -> list[Cell]:
    if count == 0 and rng.random() < config.no_cell / max(config.motor_counts[0], config.no_cell):
        return []
    cells = [draw_cell(config, grid, rng)]
    if rng.random() < config.second_cell:
        for _ in range(4):
            whole = draw_cell(config, grid, rng)
            dented = make_room(whole, cells[0])
            before, after = int((whole.inner < 0).sum()), int((dented.inner < 0).sum())
            # A cell that would lie mostly within the other is drawn again.
            if after > 0.7 * before > 0:
                cells.append(dented)
                break
    return cells


def _place(
    config: SimulationConfig,
    grid: CoarseGrid,
    cells: list[Cell],
    count: int,
    rng: np.random.Generator,
) -> list[tuple[int, Site, Species]]:
    """Put the motors on the cells, one kind per tomogram and kind of envelope."""
    placed: list[tuple[int, Site, Species]] = []
    names = [name for name in config.species if name != "firmicute"] or ["enteric"]
    negative = SPECIES[str(rng.choice(names))]
    for which, cell in enumerate(cells):
        last = which == len(cells) - 1
        wanted = count - len(placed)
        if not last and wanted > 1:
            wanted = int(rng.integers(1, wanted + 1))
        species = SPECIES["firmicute"] if cell.gram_positive else negative
        others = cells[:which] + cells[which + 1 :]
        taken = [site for _, site, _ in placed]
        found = find_sites(grid, cell, others, species, wanted, taken, rng) if wanted else []
        placed += [(which, site, species) for site in found]
    return placed
