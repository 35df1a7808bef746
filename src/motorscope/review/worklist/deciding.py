"""Decisions on a worklist's tomograms and their picks, open or not: steps that can be undone."""

from collections.abc import Sequence
from pathlib import Path

from motorscope.review.journal.marks import is_last_decision, is_last_step, undecided
from motorscope.review.record import Mark, to_json
from motorscope.review.worklist.desk import Desk
from motorscope.review.worklist.keeping import (
    as_reviewed,
    decide_on_disk,
    mark_on_disk,
    take_back_on_disk,
    take_decision_back_on_disk,
)
from motorscope.review.worklist.marks import changed_since, check_mark, check_there


def mark_as(desk: Desk, path: Path, mark: Mark | None) -> None:
    """Mark a tomogram as reviewed.

    Parameters
    ----------
    mark
        See `motorscope.review.Mark`. Where it says that there is no motor, candidates
        that are shown and undecided are rejected.

    Raises
    ------
    PicksError
        If it is not in the queue, cannot get the mark, or that cannot be kept on disk.
    """
    entry, review = desk.target(path)
    if review is None:
        desk.put(mark_on_disk(entry, mark))
        return
    check_mark(entry, mark, review.counts().accepted)
    empty = mark is not None and mark.no_motor
    ids = undecided(review.table, review.threshold).ids.tolist() if empty else []
    review.conclude(to_json(reviewed=mark), ids)
    desk.put(as_reviewed(entry, review))


def take_mark_back(desk: Desk, path: Path, mark: Mark | None) -> None:
    """Undo a mark, with the rejections that came with it.

    Raises
    ------
    PicksError
        If it is not in the queue, was changed since, or that cannot be kept on disk.
    """
    entry, review = desk.target(path)
    if review is None:
        desk.put(take_back_on_disk(entry, mark))
        return
    if not is_last_step(review.history, mark):
        raise changed_since(entry)
    review.undo()
    desk.put(as_reviewed(entry, review))


def decide(desk: Desk, path: Path, ids: Sequence[int], status: str) -> None:
    """Give picks of a tomogram a status.

    Raises
    ------
    PicksError
        If it is not in the queue, a pick is gone, or that cannot be kept on disk.
    """
    entry, review = desk.target(path)
    if review is None:
        desk.put(decide_on_disk(entry, ids, status))
        return
    check_there(entry, review.table, ids)
    review.decide_on(ids, status)
    desk.put(as_reviewed(entry, review))


def take_decision_back(desk: Desk, path: Path, ids: Sequence[int], status: str) -> None:
    """Undo a decision.

    Raises
    ------
    PicksError
        If the tomogram is not in the queue, was changed since, or that cannot be kept on disk.
    """
    entry, review = desk.target(path)
    if review is None:
        desk.put(take_decision_back_on_disk(entry, ids, status))
        return
    if not is_last_decision(review.history, ids, status):
        raise changed_since(entry)
    review.undo()
    desk.put(as_reviewed(entry, review))
