"""Many tomograms to go through: which there are, how far each is, and what is kept of them."""

from motorscope.review.worklist.entry import (
    FAILED,
    NEW,
    NO_MOTOR,
    NO_SPACING,
    NOTHING,
    OUTDATED,
    REVIEWED,
    RUNNING,
    STATUSES,
    TO_REVIEW,
    Entry,
    Finding,
    with_journal,
)
from motorscope.review.worklist.worklist import ORDERS, Worklist, make_worklist, neighbour

__all__ = [
    "FAILED",
    "NEW",
    "NOTHING",
    "NO_MOTOR",
    "NO_SPACING",
    "ORDERS",
    "OUTDATED",
    "REVIEWED",
    "RUNNING",
    "STATUSES",
    "TO_REVIEW",
    "Entry",
    "Finding",
    "Worklist",
    "make_worklist",
    "neighbour",
    "with_journal",
]
