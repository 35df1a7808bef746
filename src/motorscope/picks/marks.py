"""Marks of a tomogram whose review is not open: reviewed, no motor, and back."""

from collections.abc import Mapping
from typing import Any

from motorscope.picks.history import STEP_REMARKS, History
from motorscope.picks.journal import Journal
from motorscope.picks.summary import THRESHOLD
from motorscope.picks.table import PickTable

REVIEWED = "reviewed"
"""Remark of a journal: who reviewed the tomogram, when, and whether it has no motor."""


def write_mark(journal: Journal, mark: Mapping[str, Any] | None) -> None:
    """Write a mark into a journal, as a step that can be undone.

    Parameters
    ----------
    mark
        The value of `REVIEWED`; where it says that there is no motor, candidates that are shown and
        undecided are rejected. ``None`` if the tomogram is to be reviewed after all.

    Raises
    ------
    PicksError
        If the journal cannot be written.
    """
    table = journal.table
    if mark is not None and mark["no_motor"]:
        ids = undecided(table, journal.remarks.get("threshold", THRESHOLD)).ids
        if len(ids):
            table = table.set_status(ids, "rejected", who=mark["who"], when=mark["when"])
    journal.record(table, {REVIEWED: None if mark is None else dict(mark)})


def take_mark_back(journal: Journal, mark: Mapping[str, Any] | None) -> bool:
    """Undo a mark, with the rejections that came with it; return whether it was the last step.

    Raises
    ------
    PicksError
        If the journal cannot be written.
    """
    if not is_last_step(journal.history, mark):
        return False
    before = journal.history.undo().now
    remarks = {key: before.remarks.get(key) for key in STEP_REMARKS}
    journal.record(before.table, remarks, step=-1)
    return True


def is_last_step(history: History, mark: Mapping[str, Any] | None) -> bool:
    """Whether a mark is what was done last, so that an undo takes it back and nothing else."""
    if not history.can_undo:
        return False
    now, before = history.now.remarks.get(REVIEWED), history.past[-1].remarks.get(REVIEWED)
    return now == mark and before != mark


def undecided(table: PickTable, threshold: float) -> PickTable:
    """Return the candidates that are shown and that nobody has decided on."""
    return table.with_status("candidate").above(threshold)
