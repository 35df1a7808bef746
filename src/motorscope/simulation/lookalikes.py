"""Structures that could be mistaken for a motor, none of which is one.

Injectisomes (stacks of 20–30 nm rings, a thin needle, no C ring), chemoreceptor arrays (a dark
layer 25–30 nm below the inner membrane), pili (a thin fibre on a small base), phages (heads of
50–60 nm) on the surface, vesicles, hooks and filaments lying free, folds of the inner membrane,
clumps of ribosomes at the membrane.
"""

from collections.abc import Callable

import numpy as np

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas, Point, Ring, perpendicular
from motorscope.simulation.density.contents import ribosome_templates
from motorscope.simulation.density.shapes import Cell, CoarseGrid
from motorscope.simulation.density.sites import Site, find_sites
from motorscope.simulation.motors.flagellum import filament_path
from motorscope.simulation.species import SPECIES

_Painter = Callable[[Canvas, CoarseGrid, Cell, Site, np.random.Generator], None]


def paint_lookalikes(
    canvas: Canvas,
    grid: CoarseGrid,
    cells: list[Cell],
    config: SimulationConfig,
    taken: list[Site],
    rng: np.random.Generator,
) -> None:
    """Draw some look-alikes at the envelopes of the cells, away from the motors' sites."""
    count = int(rng.integers(config.lookalikes[0], config.lookalikes[1] + 1))
    for own in rng.spawn(count):  # so that no look-alike changes what the next one is
        kind = str(own.choice(config.lookalike_kinds))
        if not cells:
            return
        which = int(own.integers(len(cells)))
        cell = cells[which]
        others = cells[:which] + cells[which + 1 :]
        species = SPECIES["campylobacter" if kind in ("array", "injectisome") else "enteric"]
        sites = find_sites(grid, cell, others, species, 1, taken, own)
        if sites:
            _PAINTERS[kind](canvas, grid, cell, sites[0], own)
            taken.append(sites[0])


def _width(grid: CoarseGrid, cell: Cell, site: Site) -> float:
    return float(np.clip(-grid.sample(cell.outer, site.point)[0], 100, 800))


def _injectisome(
    canvas: Canvas, grid: CoarseGrid, cell: Cell, site: Site, rng: np.random.Generator
) -> None:
    density, width = float(rng.uniform(0.7, 1.0)), _width(grid, cell, site)
    canvas.rings(
        site.point,
        site.axis,
        (
            Ring(0, 240, 0, 80, density),
            Ring(0, 100, 0.5 * width, width, 0.9 * density),
            Ring(0, 200, width, 80, density),
            Ring(0, 110, -160, 60, 0.7 * density),
            Ring(110, 50, -120, 50, 0.5 * density, studs=6),
            Ring(0, 60, width + 250, 500, 0.6 * density),
        ),
    )


def _array(
    canvas: Canvas, grid: CoarseGrid, cell: Cell, site: Site, rng: np.random.Generator
) -> None:
    """Draw pillars, 120 Å apart, that end in a layer about 250 Å below the membrane."""
    u, v = perpendicular(site.axis)
    reach, depth = float(rng.uniform(500, 1500)), float(rng.uniform(220, 290))
    density = float(rng.uniform(0.6, 0.9))
    count = int(reach / 120)
    for i in range(-count, count + 1):
        for j in range(-count, count + 1):
            flat = 120 * ((i + 0.5 * (j % 2)) * u + 0.866 * j * v)
            if np.linalg.norm(flat) > reach:
                continue
            top = site.point + flat
            normal = grid.gradient(cell.inner, top)
            top = top - normal * float(grid.sample(cell.inner, top)[0])
            foot = top - normal * depth
            canvas.tube([top, foot], 22, 0.45 * density)
            canvas.ball(foot, 75, density)


def _pilus(
    canvas: Canvas, grid: CoarseGrid, cell: Cell, site: Site, rng: np.random.Generator
) -> None:
    density, width = float(rng.uniform(0.6, 0.9)), _width(grid, cell, site)
    canvas.rings(
        site.point,
        site.axis,
        (
            Ring(0, 150, 0, 60, 0.6 * density),
            Ring(0, 130, 0.5 * width, 60, 0.5 * density),
            Ring(0, 170, width - 30, 110, density),
        ),
    )
    path = filament_path(canvas, grid, cell, site.point + site.axis * width, site.axis, rng, 0.3)
    canvas.tube(path, 32, 0.8 * density)


def _phage(
    canvas: Canvas, grid: CoarseGrid, cell: Cell, site: Site, rng: np.random.Generator
) -> None:
    width = _width(grid, cell, site)
    surface = site.point + site.axis * width
    tail, head = float(rng.uniform(150, 1300)), float(rng.uniform(250, 310))
    canvas.tube([surface, surface + site.axis * tail], 55, 0.7)
    centre = surface + site.axis * (tail + head)
    canvas.ball(centre, head, float(rng.uniform(0.75, 1.1)))
    if rng.random() < 0.3:
        canvas.ball(centre, head - 60, 0.2)


def _vesicle(
    canvas: Canvas, grid: CoarseGrid, cell: Cell, site: Site, rng: np.random.Generator
) -> None:
    radius = float(rng.uniform(150, 900))
    if rng.random() < 0.5:
        centre = site.point + site.axis * (_width(grid, cell, site) + radius + 80)
    else:
        centre = site.point - site.axis * (radius + 200)
    canvas.ball(centre, radius, float(rng.uniform(0.02, 0.4)), share=0.85)
    canvas.shell(centre, radius, 65, float(rng.uniform(0.6, 0.9)))


def _filament(
    canvas: Canvas, grid: CoarseGrid, cell: Cell, site: Site, rng: np.random.Generator
) -> None:
    """Draw a filament, sometimes with its hook, that lies in the ice beside the cell."""
    direction = rng.normal(size=3) * (0.1, 1, 1)
    direction /= np.linalg.norm(direction)
    start = site.point + site.axis * float(rng.uniform(500, 2500))
    path = filament_path(canvas, grid, cell, start, direction, rng)
    canvas.tube(path, float(rng.uniform(30, 115)), float(rng.uniform(0.6, 0.9)), 25, 0.4)


def _invagination(
    canvas: Canvas, grid: CoarseGrid, cell: Cell, site: Site, rng: np.random.Generator
) -> None:
    """Draw a finger of inner membrane that reaches into the cell."""
    length, radius = float(rng.uniform(200, 700)), float(rng.uniform(90, 200))
    ends = [site.point - site.axis * 0.6 * radius, site.point - site.axis * length]
    canvas.tube(ends, radius + 33, 0.8)
    canvas.tube(ends, radius - 33, 0.12)


def _clump(
    canvas: Canvas, grid: CoarseGrid, cell: Cell, site: Site, rng: np.random.Generator
) -> None:
    template = ribosome_templates(canvas.spacing, rng, 1.0)
    spread: Point = rng.normal(0, 170, (int(rng.integers(3, 9)), 3))
    spread = spread - np.clip(spread @ site.axis, -60, None)[:, None] * site.axis
    for centre in site.point - 170 * site.axis + spread:
        canvas.stamp(template[int(rng.integers(len(template)))], centre[None])


_PAINTERS: dict[str, _Painter] = {
    "injectisome": _injectisome,
    "array": _array,
    "pilus": _pilus,
    "phage": _phage,
    "vesicle": _vesicle,
    "filament": _filament,
    "invagination": _invagination,
    "clump": _clump,
}
