"""Places for motors: where in a cell's inner membrane one can sit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.simulation.density.canvas import Point, Volume
from motorscope.simulation.density.shapes import Cell, CoarseGrid
from motorscope.simulation.species import CENTRE_HEIGHT, Species


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
