"""Membranes, wall, periplasm, surface layer and the fine texture of cells.

A membrane is two layers of heads with light tails between them; its brightness varies in patches.
All follow the two distances of a body, slab by slab.
"""

from dataclasses import dataclass

import numpy as np

from motorscope.simulation.density.canvas import Canvas, Volume
from motorscope.simulation.density.shapes import CoarseGrid
from motorscope.simulation.swept.bodies import Body
from motorscope.simulation.swept.stage import Box, Textures

_NEAR = 99.0
"""Å from its middle to where a membrane has faded."""
_ABOVE = 320.0
"""Nothing of a cell is further outside, Å."""
_SLAB = 800_000
"""Voxels that are painted at once."""


@dataclass(frozen=True)
class Layers:
    """Densities of a cell (protein is about 1) and places of its layers, Å.

    A value that varies has its mean and, as `..._grain`, the standard deviation. The peptidoglycan
    lies at a depth below the outer membrane, or is the wall below the outside.
    """

    cytoplasm: float
    cytoplasm_grain: float
    nucleoid_drop: float
    periplasm: float
    periplasm_grain: float
    peptidoglycan: float
    peptidoglycan_depth: float
    peptidoglycan_spread: float
    outer_membrane: float
    inner_membrane: float
    thickness: tuple[float, float]
    surface_layer: float
    surface_height: float


def draw_layers(body: Body, rng: np.random.Generator) -> Layers:
    """Draw the densities of a cell's layers."""

    def about(mean: float, spread: float = 0.12) -> float:
        return max(0.0, mean * float(rng.normal(1, spread)))

    kind = body.kind
    depth, spread = float(rng.uniform(110, 150)), float(rng.uniform(15, 23))
    peptidoglycan = about(0.2, 0.35)
    if kind.gram_positive:
        wall = float(body.width.mean()) - 70
        depth, spread, peptidoglycan = wall / 2, wall / 6, about(0.42)
    return Layers(
        cytoplasm=about(0.34),
        cytoplasm_grain=about(0.20),
        nucleoid_drop=about(0.06),
        periplasm=about(0.06 if body.shrunken else 0.12, 0.25),
        periplasm_grain=about(0.16),
        peptidoglycan=peptidoglycan,
        peptidoglycan_depth=depth,
        peptidoglycan_spread=spread,
        outer_membrane=0.0 if kind.gram_positive else about(1.2, 0.08),
        inner_membrane=about(0.88, 0.1),
        thickness=(float(rng.uniform(38, 45)), float(rng.uniform(36, 43))),
        surface_layer=about(0.8, 0.2) if rng.random() < kind.surface_layer else 0.0,
        surface_height=float(rng.uniform(150, 200)),
    )


def bilayer(
    distance: Volume, spacing: float, thickness: float = 40.0, outward: float = 0.0
) -> Volume:
    """Return a membrane's density at distances in Å from its middle.

    Parameters
    ----------
    spacing
        Of the voxels, Å, which blur it.
    thickness
        Between the two layers of heads, Å.
    outward
        By what share the outer one is denser than their mean.
    """
    table = _bilayer_table(spacing, thickness, outward)
    return np.interp(distance, _places, table, left=0, right=0).astype(np.float32)


_places = np.arange(-_NEAR, _NEAR + 1)


def _bilayer_table(spacing: float, thickness: float, outward: float) -> Volume:
    head, tail = np.hypot(9.5, 0.3 * spacing), np.hypot(10.0, 0.3 * spacing)
    layers = np.zeros(_places.shape)
    for sign in (-1, 1):
        peak = np.exp(-0.5 * ((_places - sign * thickness / 2) / head) ** 2)
        layers += (1 + sign * outward) * 0.95 * 10 / head * peak
    light = 10 / tail * np.exp(-0.5 * (_places / tail) ** 2)
    table: Volume = (1.28 * layers - 0.42 * light).astype(np.float32)
    return table


def paint_layers(
    canvas: Canvas,
    grid: CoarseGrid,
    body: Body,
    outer: Volume,
    others: Volume | None,
    layers: Layers,
    textures: Textures,
) -> None:
    """Add a cell's envelope and the mean and texture of its inside.

    Parameters
    ----------
    outer
        Signed distance from the outer membrane with the sheaths of its filaments, Å.
    others
        The least of these distances of all other cells: where it is smaller, the cell ends.
    """
    whole = grid.part(outer < _ABOVE + grid.step)
    if whole is None:
        return
    area = (whole[1].stop - whole[1].start) * (whole[2].stop - whole[2].start)
    thick = max(1, _SLAB // area)
    tables = (
        _bilayer_table(canvas.spacing, layers.thickness[0], 0.12),
        _bilayer_table(canvas.spacing, layers.thickness[1], 0.0),
    )
    for first in range(whole[0].start, whole[0].stop, thick):
        box: Box = (slice(first, min(first + thick, whole[0].stop)), whole[1], whole[2])
        e, d = grid.fine(body.inner, box), grid.fine(outer, box)
        t = textures.proteins_at(box)
        empty = grid.fine(body.nucleoid, box)
        value = _ramp(-e, 20, 30) * np.maximum(
            layers.cytoplasm
            - layers.nucleoid_drop * empty
            + layers.cytoplasm_grain * (1 - 0.45 * empty) * t,
            0,
        )
        shell = np.nonzero((e > -_NEAR) & (d < _ABOVE))
        patches = textures.patches_at(box)[shell]
        value[shell] += _envelope(layers, tables, d[shell], e[shell], t[shell], patches, body)
        if others is not None:
            value *= d < grid.fine(others, box)
        canvas.density[box] += value


def _envelope(
    layers: Layers,
    tables: tuple[Volume, Volume],
    d: Volume,
    e: Volume,
    t: Volume,
    patches: Volume,
    body: Body,
) -> Volume:
    """Return the density of all layers but the cytoplasm at distances `d` and `e`, Å."""
    value = _ramp(e, 20, 30) * np.clip(-d / 30, 0, 1)
    value *= np.maximum(layers.periplasm + layers.periplasm_grain * t, 0)
    depth = (d + layers.peptidoglycan_depth) / layers.peptidoglycan_spread
    if body.kind.gram_positive:
        wall = (1 + 0.25 * t) * np.clip(3 - np.abs(depth), 0, 1)
    else:
        wall = (1 + 0.5 * patches) * np.exp(-0.5 * depth**2)
    value += np.where((e > 30) & (d < 0), layers.peptidoglycan * wall, 0)
    if layers.outer_membrane:
        value += layers.outer_membrane * (1 + 0.28 * patches) * _read(tables[0], d)
        sugars = np.maximum(0.16 * t, 0) * (1 - d / 100)
        value += np.where((d > 20) & (d < _NEAR), sugars, 0)
    value += layers.inner_membrane * (1 + 0.3 * patches) * _read(tables[1], e)
    if layers.surface_layer:
        height = (d - layers.surface_height) / 21
        coat = layers.surface_layer * np.maximum(1 + 0.55 * t, 0) * np.exp(-0.5 * height**2)
        value += np.where(d > 40, coat, 0)
    shell: Volume = value.astype(np.float32)
    return shell


def _ramp(distance: Volume, start: float, length: float) -> Volume:
    """Rise from 0 at `start` to 1 within a length."""
    rise: Volume = np.clip((distance - np.float32(start)) / np.float32(length), 0, 1)
    return rise


def _read(table: Volume, distance: Volume) -> Volume:
    """Return a table's values, 1 Å apart, on straight lines; 0 beyond its ends."""
    place = np.clip(distance + np.float32(_NEAR), 0, 2 * _NEAR - 0.01)
    low = place.astype(np.intp)
    value = table[low] + (place - low) * (table[low + 1] - table[low])
    faded: Volume = np.where(np.abs(distance) < _NEAR, value, 0)
    return faded
