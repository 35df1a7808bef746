"""Picks stay on their voxels when a tomogram's grid turns out to be another one."""

from collections.abc import Callable, Mapping
from typing import Any

from motorscope.picks.summits import summits_of
from motorscope.picks.table import PickTable
from motorscope.review.history import State
from motorscope.review.journal.lines import updated
from motorscope.review.record import TomogramRecord
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
    record = TomogramRecord.from_json(remarks)
    if record.spacing is None or record.origin is None:
        return None
    old = VoxelGrid(shape=grid.shape, spacing=record.spacing, origin=record.origin)
    if old == grid:
        return None

    def moved(table: PickTable) -> PickTable:
        return table.move(table.ids, grid.to_world(old.to_voxels(table.positions)))

    def moved_state(state: State) -> State:
        seen = summits_of(state.remarks)
        known = {} if seen is None else updated(state.remarks, seen.mapped(moved).remarks)
        return State(moved(state.table), known or state.remarks)

    return moved_state
