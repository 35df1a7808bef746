"""Marks of a tomogram whose review is not open: reviewed, no motor, decisions, and back."""

from collections.abc import Sequence

import numpy as np

from motorscope.picks.table import PickTable
from motorscope.review.history import STEP_REMARKS, History
from motorscope.review.journal.file import Journal
from motorscope.review.record import Mark, mark_of, to_json
from motorscope.review.summary import THRESHOLD


def write_mark(journal: Journal, mark: Mark | None) -> None:
    """Write a mark into a journal, as a step that can be undone.

    Parameters
    ----------
    mark
        Where it says that there is no motor, candidates that are shown and undecided are rejected.
        ``None`` if the tomogram is to be reviewed after all.

    Raises
    ------
    PicksError
        If the journal cannot be written.
    """
    table = journal.table
    if mark is not None and mark.no_motor:
        threshold = journal.said.threshold
        ids = undecided(table, THRESHOLD if threshold is None else threshold).ids
        if len(ids):
            table = table.set_status(ids, "rejected", who=mark.who, when=mark.when)
    journal.record(table, to_json(reviewed=mark))


def take_mark_back(journal: Journal, mark: Mark | None) -> bool:
    """Undo a mark, with the rejections that came with it; return whether it was the last step.

    Raises
    ------
    PicksError
        If the journal cannot be written.
    """
    if not is_last_step(journal.history, mark):
        return False
    undo_step(journal)
    return True


def undo_step(journal: Journal) -> None:
    """Take back the last step.

    Raises
    ------
    PicksError
        If the journal cannot be written.
    """
    before = journal.history.undo().now
    remarks = {key: before.remarks.get(key) for key in STEP_REMARKS}
    journal.record(before.table, remarks, step=-1)


def is_last_step(history: History, mark: Mark | None) -> bool:
    """Whether a mark is what was done last, so that an undo takes it back and nothing else."""
    if not history.can_undo:
        return False
    now, before = mark_of(history.now.remarks), mark_of(history.past[-1].remarks)
    return now == mark and before != mark


def is_last_decision(history: History, ids: Sequence[int], status: str) -> bool:
    """Whether a decision on some picks is what was done last."""
    if not history.can_undo:
        return False
    before, now = history.past[-1].table, history.now.table
    if not np.array_equal(before.ids, now.ids):
        return False
    changed = before.statuses != now.statuses
    return bool((now.statuses[changed] == status).all()) and set(now.ids[changed]) == set(ids)


def undecided(table: PickTable, threshold: float) -> PickTable:
    """Return the candidates that are shown and that nobody has decided on."""
    return table.with_status("candidate").above(threshold)
