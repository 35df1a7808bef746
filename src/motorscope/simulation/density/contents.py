"""What fills a cell.

Crowded ribosomes (20–25 nm) outside a smooth nucleoid, storage granules (50–200 nm), filaments.
"""

import numpy as np
from scipy.special import expit

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas, Point, Volume
from motorscope.simulation.density.shapes import Cell, CoarseGrid
from motorscope.simulation.density.sites import Site

_TEMPLATES = 10


def paint_contents(
    canvas: Canvas,
    grid: CoarseGrid,
    cell: Cell,
    config: SimulationConfig,
    sites: list[Site],
    rng: np.random.Generator,
) -> None:
    """Draw granules, filaments and ribosomes into a cell, leaving the room below each site free."""
    granules = _paint_granules(canvas, grid, cell, config, sites, rng)
    centres = _ribosomes(grid, cell, config, rng)
    for site in sites:
        below = site.point - site.axis * 190
        centres = centres[np.linalg.norm(centres - below, axis=1) > 330]
    for centre, radius in granules:
        centres = centres[np.linalg.norm(centres - centre, axis=1) > radius + 60]
    templates = ribosome_templates(
        canvas.spacing, rng, density=float(rng.uniform(*config.ribosome_density))
    )
    which = rng.integers(len(templates), size=len(centres))
    for i, template in enumerate(templates):
        canvas.stamp(template, centres[which == i])
    for _ in range(rng.integers(0, 4)):
        _paint_filament(canvas, grid, cell, rng)


def ribosome_templates(spacing: float, rng: np.random.Generator, density: float) -> list[Volume]:
    """Draw small cubes with a lumpy ball of about 220 Å in each: two subunits and some lumps."""
    half = int(np.ceil(160 / spacing))
    axis = np.arange(-half, half + 1) * spacing
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    templates = []
    for _ in range(_TEMPLATES):
        cube = np.zeros(z.shape)
        lean = rng.normal(size=3)
        lean /= np.linalg.norm(lean)
        lumps = [(lean * 35, 85.0), (-lean * 65, 65.0)]
        lumps += [(rng.normal(0, 55, 3), float(rng.uniform(30, 50))) for _ in range(4)]
        for (cz, cy, cx), radius in lumps:
            distance = np.sqrt((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2) - radius
            cube = np.maximum(cube, np.clip(0.5 - distance / max(spacing, 12.0), 0, 1))
        templates.append((density * cube).astype(np.float32))
    return templates


def _ribosomes(
    grid: CoarseGrid, cell: Cell, config: SimulationConfig, rng: np.random.Generator
) -> Point:
    """Draw positions ``(n, 3)`` of ribosomes, at least about their own size apart."""
    inside = cell.inner < -190
    # The nucleoid: a smooth, branched region in the middle with hardly any ribosomes.
    share = rng.uniform(0.0, 0.5)
    depth = np.clip(-cell.inner / max(0.45 * cell.radius, 1.0), 0, 1)
    branch = grid.noise(rng.uniform(600, 1200), rng)
    crowd = expit(-4 * (branch + 1.5 * depth - 2.4 + 2.2 * (0.5 - share)))
    weights = np.where(inside, 0.05 + 0.95 * crowd, 0.0).ravel()
    voxel = (grid.step * 1e-4) ** 3  # µm³
    wanted = int(rng.uniform(*config.ribosomes) * voxel * weights.sum())
    if wanted == 0:
        return np.empty((0, 3))
    chosen = rng.choice(weights.size, size=wanted, p=weights / weights.sum())
    points = np.stack(np.unravel_index(chosen, grid.shape), axis=1) * grid.step
    points = points + rng.uniform(-0.5, 0.5, points.shape) * grid.step
    # One per cube of 170 Å: cheaper than comparing all pairs, and enough against heaps.
    cubes = np.floor(points / 170.0).astype(np.int64)
    first = np.unique(cubes, axis=0, return_index=True)[1]
    points = points[np.sort(first)]
    return points[grid.sample(cell.inner, points) < -170]


def random_inside(
    grid: CoarseGrid, field: Volume, low: float, high: float, count: int, rng: np.random.Generator
) -> Point:
    """Draw points ``(count, 3)`` where a field lies between two values; none if it never does."""
    where = np.argwhere((field > low) & (field < high))
    if not len(where):
        return np.empty((0, 3))
    chosen = where[rng.integers(len(where), size=count)]
    return (chosen + rng.uniform(-0.5, 0.5, chosen.shape)) * grid.step


def _paint_granules(
    canvas: Canvas,
    grid: CoarseGrid,
    cell: Cell,
    config: SimulationConfig,
    sites: list[Site],
    rng: np.random.Generator,
) -> list[tuple[Point, float]]:
    granules = []
    count = int(rng.integers(config.granules[0], config.granules[1] + 1))
    for centre in random_inside(grid, cell.inner, -1e9, -450, count, rng):
        radius = min(
            float(rng.uniform(200, 1000)), -float(grid.sample(cell.inner, centre)[0]) - 150
        )
        if radius < 150 or any(
            np.linalg.norm(site.point - centre) < radius + 450 for site in sites
        ):
            continue
        canvas.ball(centre, radius, float(rng.uniform(0.45, 0.9)), share=0.9)
        granules.append((centre, radius))
    return granules


def _paint_filament(canvas: Canvas, grid: CoarseGrid, cell: Cell, rng: np.random.Generator) -> None:
    """Draw a thin filament of the cytoskeleton."""
    start = random_inside(grid, cell.inner, -1e9, -300, 1, rng)
    if not len(start):
        return
    direction = rng.normal(size=3) * (0.2, 1, 1)
    points = [start[0]]
    for _ in range(int(rng.uniform(20, 80))):
        direction = direction / np.linalg.norm(direction) + rng.normal(0, 0.06, 3)
        point = points[-1] + 60 * direction / np.linalg.norm(direction)
        if grid.sample(cell.inner, point)[0] > -120:
            break
        points.append(point)
    canvas.tube(np.array(points), float(rng.uniform(25, 45)), 0.7)
