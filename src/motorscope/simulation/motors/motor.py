"""Flagellar motors: how they are set into an envelope.

Two ways of drawing stand side by side, so that no detector learns one drawing by heart: profiles
with the parts, voids and relative densities of real averages (`profile`), and plain rings of the
measured sizes. Along the axis, from the cytoplasm outwards: export apparatus, C ring (34–57 nm
wide, about 17 nm tall), MS ring (24–30 nm, in the inner membrane), stators (50–80 nm), disks in the
periplasm (some species), rod (11–13 nm), P and L rings (26 nm), hook and filament.
"""

from dataclasses import dataclass, replace

import numpy as np

from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.density.canvas import Canvas, Point, Ring, Volume
from motorscope.simulation.density.shapes import Cell, CoarseGrid
from motorscope.simulation.density.sites import Site
from motorscope.simulation.motors.flagellum import draw_flagellum
from motorscope.simulation.motors.profile import draw_profile, paint_profile
from motorscope.simulation.species import CENTRE_HEIGHT, Species


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


def seat(
    grid: CoarseGrid, cell: Cell, site: Site, species: Species, rng: np.random.Generator
) -> Cell:
    """Bend a cell's membranes so that they meet a motor squarely.

    Near the motor they keep the species' distance; at the rod the outer one dips to meet the L
    ring, or rises with the hook.
    """
    away = (grid.points() - site.point).astype(np.float32)
    height = away @ site.axis.astype(np.float32)
    radius = np.sqrt(np.maximum((away**2).sum(axis=-1) - height**2, 0))
    near = np.exp(-((radius / np.float32(380)) ** 4) - (height / np.float32(600)) ** 4) * 0.85
    inner = cell.inner * (1 - near) + height * near
    width = cell.inner - cell.outer
    if not cell.gram_positive:
        reach = np.float32(species.flat + 140)
        near = 0.9 * np.exp(-((radius / reach) ** 3) - (height / np.float32(1000)) ** 6)
        width = width * (1 - near) + near * np.float32(species.width * rng.normal(1, 0.04))
        dip = rng.normal(-30 if species.filament == "plain" else 30, 35)
        width += np.float32(dip) * np.exp(-((radius / 170) ** 2) - (height / 800) ** 6)
    inner = inner.astype(np.float32)
    outer: Volume = inner - np.maximum(width, 100).astype(np.float32)
    return replace(cell, inner=inner, outer=outer)


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
    # Motors stand a little askew.
    tilt = rng.normal(0, 0.05, 3)
    axis = site.axis + tilt - site.axis * (tilt @ site.axis)
    axis = axis / np.linalg.norm(axis)
    if rng.random() < config.ring_motors:
        width = _width(grid, cell, site, axis)
        canvas.rings(
            site.point,
            axis,
            _rings(species, cell.gram_positive, width, density, rng),
            turn=float(rng.uniform(0, 2 * np.pi)),
        )
    else:
        width = species.width
        profile = draw_profile(species, density, cell.gram_positive, rng)
        paint_profile(canvas, profile, site.point, axis, rng)
    if rng.random() < config.hook:
        whole = rng.random() < config.filament
        draw_flagellum(canvas, grid, cell, site, axis, width, species, density, whole, rng)
    centre = site.point + CENTRE_HEIGHT * axis
    return Motor(_triple(centre), _triple(axis), species.name)


def _width(grid: CoarseGrid, cell: Cell, site: Site, axis: Point) -> float:
    """Return how far the outer membrane lies from a site along an axis, Å."""
    width = float(-grid.sample(cell.outer, site.point)[0])
    for _ in range(3):
        width -= float(grid.sample(cell.outer, site.point + axis * width)[0])
    return float(np.clip(width, 150, 800))


def _rings(
    species: Species, gram_positive: bool, width: float, density: float, rng: np.random.Generator
) -> tuple[Ring, ...]:
    """Return a motor of plain rings; no two are quite the same size."""
    size = float(rng.normal(1.0, 0.05))
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
    if gram_positive:
        parts.append(Ring(0, 190, 0.5 * width, 60, 0.8 * density))
    else:
        parts.append(Ring(0, 260, width - 110, 70, density))
        parts.append(Ring(0, 260, width, 80, density))
    return tuple(parts)


def _triple(values: Point) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
