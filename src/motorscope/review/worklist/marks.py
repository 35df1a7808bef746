"""Marks of a worklist's tomograms: what they are called, and which tomograms can get one."""

from collections.abc import Iterable, Sequence

import numpy as np

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.review.record import Mark
from motorscope.review.worklist.entry import NO_MOTOR, NOTHING, REVIEWED, TO_REVIEW, Entry
from motorscope.words import counted


def state_of(mark: Mark | None) -> str:
    """Return how a tomogram with this mark is called."""
    return TO_REVIEW if mark is None else NO_MOTOR if mark.no_motor else REVIEWED


def check_mark(entry: Entry, mark: Mark | None, accepted: int) -> None:
    """Make sure that a tomogram can get a mark.

    Parameters
    ----------
    accepted
        How many accepted motors it has.

    Raises
    ------
    PicksError
        If it has no journal of its own, or accepted motors where there shall be none.
    """
    if entry.shut:
        raise PicksError(entry.problem)
    if mark is not None and mark.no_motor and accepted:
        them = "it" if accepted == 1 else "them"
        raise PicksError(
            f"{entry.name} has {counted(accepted, 'accepted motor')}; reject or delete {them} "
            "first, or press Reviewed."
        )


def changed_since(entry: Entry) -> PicksError:
    """Return the error of a mark that is not the last thing that was done any more."""
    return PicksError(f"{entry.name} was changed since it was marked; open it, and undo there.")


def check_there(entry: Entry, table: PickTable, ids: Sequence[int]) -> None:
    """Make sure that picks that are to be decided are there.

    Raises
    ------
    PicksError
        If one has been removed.
    """
    if not np.isin(ids, table.ids).all():
        raise PicksError(f"A candidate of {entry.name} is gone; look at it again and decide anew.")


def empty_below(entries: Iterable[Entry], score: float) -> list[Entry]:
    """Return the tomograms that are to be reviewed, and seem to have no motor.

    None is accepted, and no candidate has this score; those whose candidates have none are left
    out.
    """
    return [
        entry
        for entry in entries
        if entry.status in (TO_REVIEW, NOTHING)
        and not entry.summary.accepted
        and (
            not entry.summary.undecided
            if entry.summary.best is None
            else entry.summary.best < score
        )
    ]
