"""Picks stay on their voxels when a tomogram's grid turns out to be another one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from motorscope.picks.table import PickTable
from motorscope.tomogram import VoxelGrid


def mover(grid: VoxelGrid, remarks: Mapping[str, Any]) -> Callable[[PickTable], PickTable] | None:
    """Return what brings picks of a journal into the world of a grid; ``None`` if they are there.

    Parameters
    ----------
    grid
        The tomogram's grid now.
    remarks
        The journal's, with ``spacing`` and ``origin`` of the grid that its picks are on.
    """
    spacing, origin = remarks.get("spacing"), remarks.get("origin")
    if not spacing or not origin:
        return None
    old = VoxelGrid(shape=grid.shape, spacing=_triple(spacing), origin=_triple(origin))
    if old == grid:
        return None
    return lambda table: table.move(table.ids, grid.to_world(old.to_voxels(table.positions)))


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
