"""What a search of a tomogram leaves in its journal, whoever searched: the queue or a command."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks.combining.alike import with_alike
from motorscope.picks.summits import Summits
from motorscope.picks.table import PickTable
from motorscope.review.heatmap_part import Heatmap
from motorscope.review.journal.file import SUFFIX, Journal
from motorscope.review.journal.place import journal_at
from motorscope.review.record import Search, TomogramRecord, to_json
from motorscope.review.regridding import mover
from motorscope.tomogram import (
    HEATMAP_SUFFIX,
    Tomogram,
    VoxelGrid,
    heatmap_fingerprint,
    open_tomogram,
)


def heatmap_of(journal: Path) -> Path:
    """Return where the heatmap of a search is kept: beside the journal."""
    return journal.with_name(journal.name.removesuffix(SUFFIX) + HEATMAP_SUFFIX)


def read_heatmap(path: Path, wanted: str = "") -> Heatmap | None:
    """Return a heatmap; one that is absent or damaged is no reason to stop.

    Parameters
    ----------
    wanted
        Its fingerprint: the heatmap of another search is none. Empty if nobody knows.
    """
    if not path.exists():
        return None
    try:
        tomogram = open_tomogram(path)
        tomogram.grid.known_spacing()
        values = np.array(tomogram.data, dtype=np.float32)
    except (MotorscopeError, OSError):
        return None
    return None if wanted not in ("", heatmap_fingerprint(values)) else (values, tomogram.grid)


def forget_review(tomogram: Tomogram) -> None:
    """Remove a tomogram's journal and heatmap from the disk, if no window has them open."""
    if tomogram.path is None:
        return
    with suppress(PicksError, OSError):  # in use, or read-only: then it stays
        journal = journal_at(tomogram.path, tomogram.name)
        if journal.exists():
            Journal(journal).close()
            journal.unlink()
            heatmap_of(journal).unlink(missing_ok=True)


def keep_search(
    journal: Journal,
    grid: VoxelGrid,
    found: Summits,
    threshold: float,
    search: Search,
) -> None:
    """Write what a search found into a journal; what a person decided or added stays.

    Parameters
    ----------
    grid
        The tomogram's; picks of the journal stay on their voxels.
    found
        What was seen, with the model that saw it, and how far apart candidates are.
    threshold
        From which score on candidates are shown.
    search
        Which search it was.

    Raises
    ------
    PicksError
        If the journal cannot be written.
    """
    geometry = to_json(threshold=threshold, spacing=grid.spacing, origin=grid.origin)
    if move := mover(grid, journal.remarks):
        journal.rewrite(journal.history.mapped(move), journal.remarks | geometry)
    before = journal.table
    table = before.with_candidates(found.candidates, found.distance)
    marks = search_marks(before, table, threshold, found.distance, search)
    begun = len(before) or journal.history.can_undo
    journal.record(table, geometry | marks | found.remarks, "new" if begun else "first")


def keep_alike(journal: Journal, grid: VoxelGrid, found: PickTable, distance: float) -> None:
    """Write what looks like examples into a journal; see `with_alike`.

    The tomogram is to be reviewed (again) if there is something new.

    Raises
    ------
    PicksError
        If the journal cannot be written.
    """
    geometry = to_json(spacing=grid.spacing, origin=grid.origin)
    if move := mover(grid, journal.remarks):
        journal.rewrite(journal.history.mapped(move), journal.remarks | geometry)
    before, threshold = journal.table, TomogramRecord.from_json(journal.remarks).threshold
    table = with_alike(before, found, distance, threshold or 0.0)
    if table != before:
        begun = len(before) or journal.history.can_undo
        marks = geometry | to_json(reviewed=None)
        journal.record(table, marks, "new" if begun else "first")


def search_marks(
    before: PickTable,
    after: PickTable,
    threshold: float,
    minimum_distance: float,
    search: Search,
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
    return to_json(searched=search, reviewed=None) if new else to_json(searched=search)
