"""Marks of a queue's tomograms: what they say, and which tomograms can get one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motorscope.errors import PicksError
from motorscope.plugin.queue.worklist import NO_MOTOR, NOTHING, REVIEWED, TO_REVIEW, Entry
from motorscope.review.review import stamp
from motorscope.words import counted

Mark = Mapping[str, Any] | None
"""What a journal says of a review that is finished; ``None`` for one that is not."""


@dataclass(frozen=True)
class Batch:
    """Tomograms that got a mark in one go."""

    mark: Mark
    paths: tuple[Path, ...]


def new_mark(no_motor: bool = False) -> Mark:
    """Return the mark of a review that was finished here and now."""
    return {"no_motor": no_motor, **stamp()}


def state_of(mark: Mark) -> str:
    """Return how a tomogram with this mark is called."""
    return TO_REVIEW if mark is None else NO_MOTOR if mark["no_motor"] else REVIEWED


def check_mark(entry: Entry, mark: Mark, accepted: int) -> None:
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
    if mark is not None and mark["no_motor"] and accepted:
        them = "it" if accepted == 1 else "them"
        raise PicksError(
            f"{entry.name} has {counted(accepted, 'accepted motor')}; reject or delete {them} "
            "first, or press Reviewed."
        )


def changed_since(entry: Entry) -> PicksError:
    """Return the error of a mark that is not the last thing that was done any more."""
    return PicksError(f"{entry.name} was changed since it was marked; open it, and undo there.")


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
