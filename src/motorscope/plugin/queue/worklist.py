"""A queue of tomograms as plain data: what is in a folder, and how far each of them is.

Nothing of its own is stored: the state of a tomogram is what its journal says, so that a folder
that is opened again is as it was left.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from motorscope.batch.review import Reviewable, into_journal, reviewables
from motorscope.batch.store import is_batch
from motorscope.errors import MotorscopeError
from motorscope.picks import Summary, read_summary
from motorscope.picks.journal_place import journal_at, namesakes_in, project_folder
from motorscope.picks.searches import heatmap_of
from motorscope.tomogram import Found, find_tomograms, name_of, natural_key, read_list

NEW, RUNNING, TO_REVIEW, NOTHING = "new", "running", "to review", "nothing found"
REVIEWED, NO_MOTOR = "reviewed", "no motor"
NO_SPACING, FAILED = "no spacing", "failed"
STATUSES = (NEW, RUNNING, TO_REVIEW, NOTHING, REVIEWED, NO_MOTOR, NO_SPACING, FAILED)
"""What a tomogram of a queue can be.

``Nothing found``: no candidate reaches the threshold; nobody has looked at it. ``No motor`` is
reviewed."""

ORDERS = ("name", "status", "best", "undecided", "accepted", "rejected")
"""Orders of a queue."""


@dataclass(frozen=True)
class Entry:
    """A tomogram of a queue.

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
    found: Reviewable | None = None

    @property
    def status(self) -> str:
        """One of `STATUSES`."""
        if self.running:
            return RUNNING
        if self.problem:
            return NO_SPACING if self.unspaced else FAILED
        reviewed = self.summary.remarks.get("reviewed")
        if reviewed:
            return NO_MOTOR if reviewed["no_motor"] and not self.summary.accepted else REVIEWED
        picks = self.summary.undecided + self.summary.accepted + self.summary.rejected
        if picks:
            return TO_REVIEW
        searched = self.summary.best is not None or "searched" in self.summary.remarks
        return NOTHING if searched else NEW

    @property
    def heatmap(self) -> Path:
        """Where the heatmap of a search is kept: beside the journal."""
        return heatmap_of(self.journal)

    @property
    def last_heatmap(self) -> Path:
        """Where the heatmap of the last search is, which may have been a batch's."""
        found, last = self.found, self.summary.remarks.get("searched") or {}
        if found is not None and found.heatmap is not None and last.get("when") == found.when:
            return found.heatmap
        return self.heatmap

    @property
    def spacing(self) -> tuple[float, float, float] | None:
        """The spacing (z, y, x) in Å that the picks were made with, if there are any."""
        known = self.summary.remarks.get("spacing")
        return (float(known[0]), float(known[1]), float(known[2])) if known else None


@dataclass(frozen=True)
class Queue:
    """Tomograms to go through.

    Attributes
    ----------
    source
        The folder, or the list, that they are from.
    entries
        The tomograms by their paths, in the order of their names.
    maps
        How many maps of ours the folder holds besides; they are no tomograms.
    """

    source: Path
    entries: Mapping[Path, Entry]
    maps: int = 0

    def with_entries(self, *entries: Entry) -> "Queue":
        """Return the queue with these entries in place of those of the same paths."""
        return replace(self, entries={**self.entries, **{entry.path: entry for entry in entries}})

    def listed(
        self, text: str = "", status: str = "", order: str = "name", backwards: bool = False
    ) -> list[Entry]:
        """Return entries in an order of `ORDERS`.

        Parameters
        ----------
        text
            Only those whose name has all these words in it, upper and lower case alike.
        status
            Only those with this one of `STATUSES`; all if empty.
        backwards
            Whether to turn the order round; equal ones are in the order of their names always.

        Raises
        ------
        ValueError
            If there is no such order.
        """
        words = text.casefold().split()
        chosen = [
            entry
            for entry in self.entries.values()
            if (not status or entry.status == status)
            and all(word in entry.name.casefold() for word in words)
        ]
        if order == "name":
            chosen = chosen[::-1] if backwards else chosen
        elif order == "status":
            chosen.sort(key=lambda entry: STATUSES.index(entry.status), reverse=backwards)
        elif order == "best":
            chosen.sort(
                key=lambda entry: -1.0 if entry.summary.best is None else entry.summary.best,
                reverse=backwards,
            )
        elif order in ORDERS[3:]:
            chosen.sort(key=lambda entry: getattr(entry.summary, order), reverse=backwards)
        else:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
        return chosen

    def counts(self) -> Counter[str]:
        """Return how many entries have which status."""
        return Counter(entry.status for entry in self.entries.values())


def scan(source: Path, folder: Path | None = None) -> Queue:
    """Return the queue of a folder's tomograms, a list or a batch, before any journal is read.

    Parameters
    ----------
    source
        A folder of tomogram files and of sub-folders with numbered slices or with TIFF stacks, or
        such a sub-folder itself, a text file with a path on each line, or the folder of a batch.
    folder
        Where journals are that cannot be beside their tomogram; the user's data folder if ``None``.

    Raises
    ------
    TomogramError
        If it cannot be read, or there is no tomogram.
    PicksError
        If there is no place for journals.
    BatchError
        If a batch has no outcomes yet.
    """
    batch = {Path(each.item.path): each for each in reviewables(source)} if is_batch(source) else {}
    if batch:
        found = Found({path: each.item.name for path, each in batch.items()})
    elif source.is_file():
        found = Found({path: name_of(path) for path in read_list(source)})
    else:
        found = find_tomograms(source)
    paths = found.names
    folder = folder or project_folder()
    entries: dict[Path, Entry] = {}
    owners: dict[Path, Entry] = {}
    named = sorted((natural_key(name), path, name) for path, name in paths.items())
    namesakes = {each: namesakes_in(each) for each in {path.absolute().parent for path in paths}}
    for _, path, name in named:
        alike = namesakes[path.absolute().parent].get(name, ())
        entry = Entry(path, name, journal_at(path, name, folder, alike), found=batch.get(path))
        owner = owners.setdefault(entry.journal.resolve(), entry)
        if owner.path != path:
            problem = (
                f"{path} would share its picks with {owner.path}, which is the same tomogram or "
                "has the same name; take it out of the list, or rename it."
            )
            entry = replace(entry, problem=problem, shut=True)
        entries[path] = entry
    return Queue(source, entries, len(found.maps))


def with_journal(entry: Entry) -> Entry:
    """Return an entry as its journal has it; one that is damaged is its problem.

    What a batch found since is written into the journal first.
    """
    if entry.shut:
        return entry
    found = entry.found
    try:
        summary = read_summary(entry.journal)
        if found is not None and found.is_news(summary.remarks):
            into_journal(found, entry.journal)
            summary = read_summary(entry.journal)
    except MotorscopeError as error:
        return replace(entry, problem=str(error))
    if found is not None and found.error:
        return replace(entry, summary=summary, problem=found.error)
    return replace(entry, summary=summary)


def neighbour(listed: Iterable[Path], current: Path | None, row: int, step: int) -> Path | None:
    """Return the path `step` (1 or -1) further in a list, or ``None`` at its end.

    Where the current one is not in the list any more, it is taken to have been at `row`.
    """
    paths = list(listed)
    if current in paths:
        there = paths.index(current) + step
    else:
        there = row if step > 0 else row - 1
    return paths[there] if 0 <= there < len(paths) else None
