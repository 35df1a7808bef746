"""The layers of a cell's envelope, as densities that depend on the distance from its surfaces.

Gram-negative: inner membrane, periplasm of 25–35 nm, peptidoglycan of 4–6 nm, outer membrane.
Gram-positive: one membrane and a wall of 30–40 nm. A membrane is two dark leaflets 4 nm apart, 7–8
nm over all; at 16 Å per voxel the two are fused into one line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas, Volume
from motorscope.simulation.density.shapes import Cell, CoarseGrid
from motorscope.simulation.density.sites import Site

LEAFLET_DISTANCE = 40.0
"""Å between the middles of a membrane's two leaflets."""
LEAFLET_WIDTH = 9.0
"""Standard deviation of a leaflet's density, Å."""
_TILES = (31, 127, 149), (37, 139, 113)
"""Sizes of two tiles of noise; their sum repeats itself only after the product of these."""
_REACH = 700.0
_STEP = 2.0


@dataclass(frozen=True)
class Layers:
    """Densities of a cell's envelope and inside; protein is about 1.

    `grain_size` is the standard deviation of the finest grain, Å. `torn` is the share of the
    envelope that a lysed cell has lost.
    """

    membrane: float
    outer_membrane: float
    peptidoglycan: float
    peptidoglycan_depth: float
    wall: float
    periplasm: float
    cytoplasm: float
    grain: float
    grain_size: float
    surface_layer: float
    torn: float


def draw_layers(config: SimulationConfig, cell: Cell, rng: np.random.Generator) -> Layers:
    """Draw the densities of a cell's layers."""
    lysed = rng.random() < config.lysed
    periplasm = rng.uniform(*config.periplasm_density)
    cytoplasm = rng.uniform(*config.cytoplasm)
    if lysed:
        periplasm, cytoplasm = 0.3 * periplasm, cytoplasm * rng.uniform(0.0, 0.35)
    return Layers(
        membrane=rng.uniform(*config.inner_membrane),
        outer_membrane=rng.uniform(*config.outer_membrane),
        peptidoglycan=rng.uniform(0.0, 0.3),
        peptidoglycan_depth=rng.uniform(70, 140),
        wall=rng.uniform(0.35, 0.6),
        periplasm=periplasm,
        cytoplasm=max(cytoplasm, 0 if lysed else periplasm + 0.02),
        grain=rng.uniform(*config.grain) * (rng.uniform(0.3, 1.5) if lysed else 1.0),
        grain_size=rng.uniform(*config.grain_size),
        surface_layer=rng.uniform(0.3, 0.6) if rng.random() < 0.1 else 0.0,
        torn=rng.uniform(0.1, 0.8) if lysed else 0.0,
    )


def paint_envelope(
    canvas: Canvas,
    grid: CoarseGrid,
    cell: Cell,
    layers: Layers,
    sites: Sequence[Site],
    rng: np.random.Generator,
) -> None:
    """Add a cell's envelope and the mean of its inside, with the fine grain of small proteins.

    A lysed cell's is torn into pieces, but holds about the motors' sites.
    """
    at = np.arange(-_REACH, _REACH + _STEP, _STEP)
    # A voxel averages over its width, so the tables are blurred by about as much.
    blur = np.hypot(LEAFLET_WIDTH, 0.35 * canvas.spacing)
    membrane = _membrane(at, blur)
    inner = layers.membrane * membrane
    inner = inner + (layers.cytoplasm - layers.periplasm) * _inside(at + 30, blur)
    if cell.gram_positive:
        outer = layers.wall * _inside(at, 20) * (1 - _inside(at + 330, 25))
        outer = outer + layers.periplasm * _inside(at, blur)
    else:
        outer = layers.outer_membrane * membrane + layers.periplasm * _inside(at + 30, blur)
        outer = outer + layers.peptidoglycan * np.exp(
            -0.5 * ((at + layers.peptidoglycan_depth) / np.hypot(22, 0.35 * canvas.spacing)) ** 2
        )
    if layers.surface_layer:
        outer = outer + layers.surface_layer * np.exp(-0.5 * ((at - 180) / 25) ** 2)
    grain = layers.grain * _inside(at + 60, 20)

    tables = [table.astype(np.float32) for table in (inner, outer, grain)]
    tiles = [_grain(canvas.spacing, layers.grain_size, shape, rng) for shape in _TILES]
    whole = _whole(grid, layers.torn, sites, rng)
    part = grid.part(cell.outer < 300)
    if part is None:
        return
    area = (part[1].stop - part[1].start) * (part[2].stop - part[2].start)
    thick = max(1, 1_000_000 // area)
    for first in range(part[0].start, part[0].stop, thick):
        slab = (slice(first, min(first + thick, part[0].stop)), part[1], part[2])
        where = _index(grid.fine(cell.inner, slab))
        fine = _tiled(tiles[0], slab)
        fine += _tiled(tiles[1], slab)
        fine *= tables[2][where]
        fine += tables[0][where]
        fine += tables[1][_index(grid.fine(cell.outer, slab))]
        if whole is not None:
            fine *= np.clip(grid.fine(whole, slab), 0, 1)
        canvas.density[slab] += fine


def _whole(
    grid: CoarseGrid, torn: float, sites: Sequence[Site], rng: np.random.Generator
) -> Volume | None:
    """Return a field whose values, clipped to 0…1, say what is left of a torn envelope."""
    if torn == 0:
        return None
    rough = grid.noise(float(rng.uniform(250, 900)), rng)
    left = 4 * (rough - np.float32(np.quantile(rough, torn)))
    for site in sites:
        away = np.linalg.norm(grid.points() - site.point, axis=-1)
        left += (8 * np.exp(-((away / rng.uniform(250, 700)) ** 2))).astype(np.float32)
    return left


def _index(distance: Volume) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    distance += np.float32(_REACH)
    distance *= np.float32(1 / _STEP)
    np.clip(distance, 0, 2 * _REACH / _STEP, out=distance)
    return distance.astype(np.int16)


def _membrane(at: np.ndarray, blur: float) -> np.ndarray:
    half = LEAFLET_DISTANCE / 2
    leaflets = np.exp(-0.5 * ((at - half) / blur) ** 2) + np.exp(-0.5 * ((at + half) / blur) ** 2)
    # As much matter whatever the blur.
    return leaflets * (LEAFLET_WIDTH / blur) * 1.25


def _inside(at: np.ndarray, blur: float) -> np.ndarray:
    return 1 / (1 + np.exp(np.clip(at / (0.6 * blur), -50, 50)))


def _grain(
    spacing: float, size: float, shape: tuple[int, int, int], rng: np.random.Generator
) -> Volume:
    """Draw a tile of noise with grains of a size (Å, Gaussian), half of the grain's variance."""
    tile = rng.standard_normal(shape, dtype=np.float32)
    tile = gaussian_filter(tile, size / spacing, mode="wrap", truncate=3)
    scaled: Volume = tile / np.float32(np.sqrt(2) * tile.std())
    return scaled


def _tiled(tile: Volume, part: tuple[slice, slice, slice]) -> Volume:
    places = (np.arange(s.start, s.stop) % n for s, n in zip(part, tile.shape, strict=True))
    return tile[np.ix_(*places)]
