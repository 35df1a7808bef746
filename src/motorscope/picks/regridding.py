"""Picks stay on their voxels when a tomogram's grid turns out to be another one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from motorscope.picks.history import State
from motorscope.picks.journal_lines import updated
from motorscope.picks.summits import summits_of
from motorscope.picks.table import PickTable
from motorscope.tomogram import VoxelGrid


def mover(grid: VoxelGrid, remarks: Mapping[str, Any]) -> Callable[[State], State] | None:
    """Return what brings states of a journal into the world of a grid; ``None`` if they are there.

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

    def moved(table: PickTable) -> PickTable:
        return table.move(table.ids, grid.to_world(old.to_voxels(table.positions)))

    def moved_state(state: State) -> State:
        seen = summits_of(state.remarks)
        known = {} if seen is None else updated(state.remarks, seen.mapped(moved).remarks)
        return State(moved(state.table), known or state.remarks)

    return moved_state


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
