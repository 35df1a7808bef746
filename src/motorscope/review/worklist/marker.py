"""Many tomograms of a worklist are marked, some at a time, so that a window stays alive."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from motorscope.errors import PicksError
from motorscope.review.record import Mark
from motorscope.review.worklist.deciding import (
    decide,
    mark_as,
    take_decision_back,
    take_mark_back,
)
from motorscope.review.worklist.desk import Desk
from motorscope.review.worklist.entry import Entry
from motorscope.review.worklist.marks import state_of
from motorscope.words import counted

_PATIENCE = 0.03  # seconds at a time, so that the window stays alive


@dataclass
class _Work:
    """Tomograms that are marked one after the other, and what came of it so far."""

    paths: deque[Path]
    step: Callable[[Path], None]
    end: Callable[[list[Path], list[str]], None]


@dataclass(frozen=True)
class _Last:
    """What was done last, and how to take it back from each tomogram."""

    paths: tuple[Path, ...]
    back: Callable[[Path], None]


class Marker:
    """Marks tomograms, decides on picks, and takes the last of it back.

    Attributes
    ----------
    changed
        Emitted when marks were written or taken back.
    said, warned
        Emitted with a sentence for a person: a remark, or an error.
    """

    changed = Signal()
    said = Signal(str)
    warned = Signal(str)

    def __init__(self, desk: Desk, later: Callable[[], object]) -> None:
        """Begin with nothing; `later` lets `go_on` be called soon."""
        self._desk, self._later = desk, later
        self._last: _Last | None = None
        self._work: _Work | None = None
        self._done: list[Path] = []
        self._problems: list[str] = []

    @property
    def busy(self) -> bool:
        """Whether marks are being written."""
        return self._work is not None

    @property
    def can_undo(self) -> bool:
        """Whether there is a mark to take back."""
        return self._last is not None and not self.busy

    def mark(self, entries: Sequence[Entry], mark: Mark | None) -> None:
        """Mark tomograms; those that cannot get the mark are said at the end."""
        self._do(
            [entry.path for entry in entries],
            lambda path: mark_as(self._desk, path, mark),
            lambda path: take_mark_back(self._desk, path, mark),
            f"marked as {state_of(mark)}",
        )

    def decide(self, picks: Mapping[Path, Sequence[int]], status: str) -> None:
        """Give picks of tomograms a status; those that cannot be decided are said at the end."""
        count = counted(sum(map(len, picks.values())), "candidate")
        self._do(
            list(picks),
            lambda path: decide(self._desk, path, picks[path], status),
            lambda path: take_decision_back(self._desk, path, picks[path], status),
            f"{count} {'to be decided again' if status == 'candidate' else status}",
        )

    def undo(self) -> None:
        """Take back what was done last."""
        last, self._last = self._last, None
        if last is not None:
            self._begin(
                last.paths,
                last.back,
                lambda done, problems: self._say(done, problems, "as before"),
            )

    def _do(
        self,
        paths: Sequence[Path],
        step: Callable[[Path], None],
        back: Callable[[Path], None],
        words: str,
    ) -> None:
        def end(done: list[Path], problems: list[str]) -> None:
            if done:
                self._last = _Last(tuple(done), back)
            self._say(done, problems, words)

        self._begin(paths, step, end)

    def _begin(
        self,
        paths: Sequence[Path],
        step: Callable[[Path], None],
        end: Callable[[list[Path], list[str]], None],
    ) -> None:
        if self.busy:
            self.warned.emit("Tomograms are being marked; wait until that has ended.")
            return
        self._work = _Work(deque(paths), step, end)
        self._done, self._problems = [], []
        self.go_on()

    def go_on(self) -> None:
        """Do some of the work, and the rest later."""
        work, begun = self._work, time.monotonic()
        if work is None:
            return
        with self._desk.changed.blocked():  # the list is drawn once for all of them
            while work.paths and time.monotonic() - begun < _PATIENCE:
                path = work.paths.popleft()
                try:
                    work.step(path)
                    self._done.append(path)
                except PicksError as error:
                    self._problems.append(str(error))
        self._desk.changed.emit()
        if not work.paths:
            self._work = None
            work.end(self._done, self._problems)
            self.changed.emit()
        else:
            self.said.emit(f"Marking: {len(self._done)} done…")
            self._later()

    def _say(self, done: list[Path], problems: list[str], words: str) -> None:
        if len(done) == 1 and not problems:
            entry = self._desk.entry(done[0])
            left = 0 if entry is None else entry.summary.undecided
            more = f" {counted(left, 'candidate')} left undecided." if left else ""
            name = done[0].name if entry is None else entry.name
            self.said.emit(f"{name}: {words}.{more}")
        elif not problems:
            self.said.emit(f"{counted(len(done), 'tomogram')}: {words}.")
        else:
            most = [f"{counted(len(done), 'tomogram')}: {words}."] if done else []
            most += problems[:3] + ([f"And {len(problems) - 3} more."] if len(problems) > 3 else [])
            self.warned.emit(" ".join(most))
