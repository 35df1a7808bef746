"""Where the entries of a worklist are kept, whoever searches, opens and marks its tomograms."""

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path

from psygnal import Signal

from motorscope.review.review import Review
from motorscope.review.worklist.entry import Entry
from motorscope.review.worklist.worklist import Worklist


class Desk(ABC):
    """A worklist, some of whose tomograms are open.

    Attributes
    ----------
    changed
        Emitted when an entry, or the whole worklist, has changed.
    queue
        The worklist, or ``None`` before there is one.
    """

    changed = Signal()

    def __init__(self) -> None:
        self.queue: Worklist | None = None

    def entry(self, path: Path | None) -> Entry | None:
        """Return the entry of a path, or ``None`` if the worklist has none."""
        return None if self.queue is None or path is None else self.queue.entries.get(path)

    def put(self, *entries: Entry) -> None:
        """Take entries in place of those of the same tomograms."""
        if self.queue is not None and entries:
            known = [each for each in entries if each.path in self.queue.entries]
            self.queue = self.queue.with_entries(*known)
            self.changed.emit()

    @abstractmethod
    def target(self, path: Path) -> tuple[Entry, Review | None]:
        """Return the entry of a tomogram to be marked, and its review if it is open.

        Raises
        ------
        PicksError
            If it is not in the worklist, or its journal cannot be written.
        """

    # Searching

    def begin(self, path: Path) -> None:
        """Mark a tomogram as being searched."""
        entry = self.entry(path)
        if entry is not None:
            self.put(replace(entry, running=True, problem=""))

    def fail(self, path: Path, text: str, unspaced: bool = False) -> None:
        """Keep why a tomogram could not be opened or searched.

        Parameters
        ----------
        text
            Why, in a sentence.
        unspaced
            Whether it could not be searched because nobody knows its voxel spacing.
        """
        entry = self.entry(path)
        if entry is not None:
            self.put(replace(entry, running=False, problem=text, unspaced=unspaced))

    def end_search(self) -> None:
        """Nothing is searched any more: whatever was, is as before."""
        if self.queue is not None:
            running = [each for each in self.queue.entries.values() if each.running]
            self.put(*(replace(each, running=False) for each in running))
