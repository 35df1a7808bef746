"""Decisions on picks of a queue's tomograms, open or not: each is a step that can be undone."""

from collections.abc import Sequence
from pathlib import Path

from motorscope.plugin.queue.controller import QueueController
from motorscope.review.marks import is_last_decision
from motorscope.review.worklist.keeping import (
    as_reviewed,
    decide_on_disk,
    take_decision_back_on_disk,
)
from motorscope.review.worklist.marks import changed_since, check_there


def decide(desk: QueueController, path: Path, ids: Sequence[int], status: str) -> None:
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


def take_decision_back(desk: QueueController, path: Path, ids: Sequence[int], status: str) -> None:
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
