"""What a search of a tomogram leaves in its journal, whoever searched: the queue or a command."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from motorscope.picks.journal import SUFFIX, Journal
from motorscope.picks.table import PickTable
from motorscope.tomogram import VoxelGrid

HEATMAP_SUFFIX = ".heatmap.mrc"
"""End of the name of the heatmap that belongs to a journal."""


def heatmap_of(journal: Path) -> Path:
    """Return where the heatmap of a search is kept: beside the journal."""
    return journal.with_name(journal.name.removesuffix(SUFFIX) + HEATMAP_SUFFIX)


def search_remark(model: str, sha256: str | None) -> dict[str, Any]:
    """Return what a journal says of a search that has just ended: with which model, and when."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"model": model, "model_sha256": sha256 or "", "when": now}


def keep_search(
    journal: Journal,
    grid: VoxelGrid,
    found: PickTable,
    minimum_distance: float,
    threshold: float,
    search: Mapping[str, Any],
) -> None:
    """Write what a search found into a journal; what a person decided or added stays.

    Parameters
    ----------
    grid
        The tomogram's; picks of the journal stay on their voxels.
    found
        The candidates, with the model that made them.
    minimum_distance, threshold
        How far apart in Å candidates are, and from which score on they are shown.
    search
        See `search_remark`.

    Raises
    ------
    PicksError
        If the journal cannot be written.
    """
    before = moved_to(grid, journal.table, journal.remarks)
    table = before.with_candidates(found, minimum_distance)
    geometry = {"threshold": threshold, "spacing": grid.spacing, "origin": grid.origin}
    marks = search_marks(before, table, threshold, minimum_distance, search)
    journal.record(table, geometry | marks)


def search_marks(
    before: PickTable,
    after: PickTable,
    threshold: float,
    minimum_distance: float,
    search: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the remarks of a search.

    The tomogram is to be reviewed (again) if there is a candidate now, with this score at least,
    that was not there before: none nearer than `minimum_distance` (Å). Else it stays reviewed.
    """
    shown = after.with_status("candidate").above(threshold).positions
    new = len(shown) > 0
    if new and len(before):
        nearest, _ = cKDTree(before.positions).query(shown)
        new = bool(np.any(nearest > minimum_distance))
    return {"searched": dict(search), **({"reviewed": None} if new else {})}


def moved_to(grid: VoxelGrid, table: PickTable, remarks: Mapping[str, Any]) -> PickTable:
    """Return picks of a journal in the world of a grid: they stay on the same voxels."""
    spacing, origin = remarks.get("spacing"), remarks.get("origin")
    if not len(table) or not spacing or not origin:
        return table
    old = VoxelGrid(shape=grid.shape, spacing=_triple(spacing), origin=_triple(origin))
    if old == grid:
        return table
    return table.move(table.ids, grid.to_world(old.to_voxels(table.positions)))


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
