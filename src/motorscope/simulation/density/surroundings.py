"""What lies around the cells: gold beads (5–15 nm), the carbon film's edge, ice and dirt."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas, Offsets, Volume
from motorscope.simulation.density.shapes import Cell, CoarseGrid

GOLD = 7.0
"""Density of gold, in the same units as protein's 1."""


def paint_surroundings(
    canvas: Canvas,
    grid: CoarseGrid,
    cells: list[Cell],
    config: SimulationConfig,
    rng: np.random.Generator,
) -> None:
    """Draw carbon, contamination and gold where there is no cell."""
    if rng.random() < config.carbon:
        _carbon(canvas, rng)
    for _ in range(int(rng.integers(config.contamination[0], config.contamination[1] + 1))):
        centre = _outside(canvas, grid, cells, 300, rng)
        if centre is not None:
            _dirt(canvas, centre, rng)
    # Beads sit on the two surfaces of the ice.
    radius = float(rng.uniform(25, 75))
    for _ in range(int(rng.integers(config.gold[0], config.gold[1] + 1))):
        centre = _outside(canvas, grid, cells, radius + 60, rng)
        if centre is not None:
            canvas.ball(centre, radius * float(rng.normal(1, 0.06)), GOLD)


def _outside(
    canvas: Canvas,
    grid: CoarseGrid,
    cells: list[Cell],
    distance: float,
    rng: np.random.Generator,
) -> np.ndarray | None:
    """Draw a point at least so far from all cells; ``None`` where there seems to be none."""
    for _ in range(10):
        point = rng.uniform(0, 1, 3) * canvas.extent
        if all(grid.sample(cell.outer, point)[0] > distance for cell in cells):
            return point
    return None


def _dirt(canvas: Canvas, centre: np.ndarray, rng: np.random.Generator) -> None:
    density = float(rng.uniform(0.2, 0.9))
    size = float(np.clip(rng.lognormal(5.0, 0.7), 60, 900))
    for _ in range(int(rng.integers(1, 6))):
        lump = centre + rng.normal(0, 0.6 * size, 3)
        canvas.ball(lump, size * float(rng.uniform(0.4, 1)), density, share=0.8)


def _carbon(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a film with the edge of a round hole of about 1 µm radius, at one depth."""
    _, height, width = canvas.density.shape
    extent = canvas.extent
    radius = float(rng.uniform(8000, 20000))
    angle = rng.uniform(0, 2 * np.pi)
    middle = extent[1:] * 0.5 + (radius - rng.uniform(0.25, 0.6) * extent[1:].min()) * np.array(
        [np.sin(angle), np.cos(angle)]
    )
    thick = float(rng.uniform(100, 250))
    level = float(rng.uniform(0.1, 0.9)) * extent[0]
    rough = gaussian_filter1d(rng.normal(0, 1, 720), 3, mode="wrap")
    rough = (rough / rough.std() * 60).astype(np.float32)
    density = float(rng.uniform(0.5, 0.9))
    grain = rng.normal(0, 0.12, (height, width)).astype(np.float32)

    def shape(o: Offsets) -> tuple[Volume, Volume | np.float32]:
        z, y, x = o
        across = np.hypot(y, x)
        turn = ((np.arctan2(y, x) / (2 * np.pi) + 0.5) * 719).astype(int)
        edge = np.float32(radius) + rough[turn] - across
        share = canvas.coverage(edge) * canvas.coverage(np.abs(z) - np.float32(thick / 2))
        return share, np.float32(density) + grain

    centre = np.array([level, *middle])
    reach = np.array([thick / 2 + canvas.spacing, 1e9, 1e9])
    canvas.paint(centre - reach, centre + reach, centre, shape)
