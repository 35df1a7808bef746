"""A tomogram of a worklist: how far it is, which is what its journal says."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from motorscope.errors import MotorscopeError
from motorscope.review.record import TomogramRecord
from motorscope.review.searches import heatmap_of
from motorscope.review.summary import Summary, read_summary
from motorscope.tomogram import Vector

NEW, OUTDATED, RUNNING = "new", "outdated", "running"
TO_REVIEW, NOTHING = "to review", "nothing found"
REVIEWED, NO_MOTOR = "reviewed", "no motor"
NO_SPACING, FAILED = "no spacing", "failed"
STATUSES = (NEW, OUTDATED, RUNNING, TO_REVIEW, NOTHING, REVIEWED, NO_MOTOR, NO_SPACING, FAILED)
"""What a tomogram of a worklist can be.

``Outdated``: searched before a person said how dense things look. ``Nothing found``: no candidate
reaches the threshold; nobody has looked at it. ``No motor`` is reviewed."""


class Finding(Protocol):
    """What was found in a tomogram elsewhere, as by a batch; its journal may not have it yet."""

    @property
    def error(self) -> str:
        """Why it could not be searched; empty if it was."""

    @property
    def when(self) -> str:
        """The end of its search (ISO 8601, UTC)."""

    @property
    def heatmap(self) -> Path | None:
        """Its heatmap, if that was kept."""

    def is_news(self, record: TomogramRecord) -> bool:
        """Tell whether the last search that a journal knows was before this one."""

    def write(self, journal: Path) -> None:
        """Write it into the tomogram's journal."""


@dataclass(frozen=True)
class Entry:
    """A tomogram of a worklist.

    Attributes
    ----------
    path, name
        Its file or folder of slices, and what its picks go by.
    journal
        The journal's path, whether or not there is one yet.
    summary
        What the journal holds.
    running
        Whether the detector is at it.
    problem
        Why it could not be opened or searched, in a sentence; empty if nothing is wrong.
    unspaced
        Whether that is because nobody knows its voxel spacing.
    shut
        Whether there is no use in trying: its picks could not be told from another's.
    found
        What a batch found in it, if it is from the folder of one.
    """

    path: Path
    name: str
    journal: Path
    summary: Summary = field(default_factory=Summary)
    running: bool = False
    problem: str = ""
    unspaced: bool = False
    shut: bool = False
    found: Finding | None = None

    @property
    def status(self) -> str:
        """One of `STATUSES`."""
        if self.running:
            return RUNNING
        if self.problem:
            return NO_SPACING if self.unspaced else FAILED
        record = self.summary.record
        if record.reviewed is not None:
            return NO_MOTOR if record.reviewed.no_motor and not self.summary.accepted else REVIEWED
        if record.outdated:
            return OUTDATED
        picks = self.summary.undecided + self.summary.accepted + self.summary.rejected
        if picks:
            return TO_REVIEW
        searched = self.summary.best is not None or record.searched is not None
        return NOTHING if searched else NEW

    @property
    def heatmap(self) -> Path:
        """Where the heatmap of a search is kept: beside the journal."""
        return heatmap_of(self.journal)

    @property
    def last_heatmap(self) -> Path:
        """Where the heatmap of the last search is, which may have been a batch's."""
        found, last = self.found, self.summary.record.searched
        if found is not None and found.heatmap is not None and last is not None:
            if last.when == found.when:
                return found.heatmap
        return self.heatmap

    @property
    def spacing(self) -> Vector | None:
        """The spacing (z, y, x) in Å that the picks were made with, if there are any."""
        return self.summary.record.spacing


def with_journal(entry: Entry) -> Entry:
    """Return an entry as its journal has it; one that is damaged is its problem.

    What was found elsewhere since is written into the journal first.
    """
    if entry.shut:
        return entry
    found = entry.found
    try:
        summary = read_summary(entry.journal)
        if found is not None and found.is_news(summary.record):
            found.write(entry.journal)
            summary = read_summary(entry.journal)
    except MotorscopeError as error:
        return replace(entry, problem=str(error))
    if found is not None and found.error:
        return replace(entry, summary=summary, problem=found.error)
    return replace(entry, summary=summary)
