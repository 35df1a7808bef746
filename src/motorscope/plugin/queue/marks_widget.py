"""Marks of several tomograms of a queue: asked for, written without stopping the window, undone."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QMessageBox,
    QWidget,
)

from motorscope.errors import PicksError
from motorscope.plugin.qt.making import number_box
from motorscope.plugin.qt.parts import Hint, StatusLine
from motorscope.plugin.queue.controller import QueueController
from motorscope.plugin.queue.deciding import decide, mark_as, take_decision_back, take_mark_back
from motorscope.review import Mark
from motorscope.review.summary import THRESHOLD
from motorscope.review.worklist import NO_MOTOR, Entry
from motorscope.review.worklist.candidates import threshold_of
from motorscope.review.worklist.marks import empty_below, state_of
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


class Marker(QWidget):
    """Marks tomograms, decides on picks, and takes the last of it back. It has no looks.

    Signals
    -------
    changed
        Emitted when marks were written or taken back.
    """

    changed = Signal()

    def __init__(self, desk: QueueController, status: StatusLine, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        self._desk, self._status = desk, status
        self._last: _Last | None = None
        self._work: _Work | None = None
        self._done: list[Path] = []
        self._problems: list[str] = []
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

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
            self._status.warn("Tomograms are being marked; wait until that has ended.")
            return
        self._work = _Work(deque(paths), step, end)
        self._done, self._problems = [], []
        self._go_on()

    def _go_on(self) -> None:
        """Do some of the work, and the rest soon."""
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
            self._timer.stop()
            work.end(self._done, self._problems)
            self.changed.emit()
        else:
            self._status.say(f"Marking: {len(self._done)} done…")
            self._timer.start()

    def _say(self, done: list[Path], problems: list[str], words: str) -> None:
        if len(done) == 1 and not problems:
            entry = self._desk.entry(done[0])
            left = 0 if entry is None else entry.summary.undecided
            more = f" {counted(left, 'candidate')} left undecided." if left else ""
            name = done[0].name if entry is None else entry.name
            self._status.say(f"{name}: {words}.{more}")
        elif not problems:
            self._status.say(f"{counted(len(done), 'tomogram')}: {words}.")
        else:
            most = [f"{counted(len(done), 'tomogram')}: {words}."] if done else []
            most += problems[:3] + ([f"And {len(problems) - 3} more."] if len(problems) > 3 else [])
            self._status.warn(" ".join(most))


def is_sure(parent: QWidget, entries: Sequence[Entry], mark: Mark | None) -> bool:
    """Ask a person whether these tomograms shall have a mark."""
    state = state_of(mark)
    what = entries[0].name if len(entries) == 1 else f"{len(entries)} tomograms"
    text = f"Mark {what} as {state}?"
    undecided = sum(entry.summary.undecided for entry in entries)
    if state == NO_MOTOR and undecided:
        text += f" {counted(undecided, 'candidate')} that nobody has decided on would be rejected."
    answer = QMessageBox.question(parent, "Motorscope", text)
    return bool(answer == QMessageBox.StandardButton.Yes)


class BelowDialog(QDialog):
    """Asks for a score; tells how many tomograms have no candidate that reaches it."""

    def __init__(self, parent: QWidget, entries: Sequence[Entry]) -> None:
        super().__init__(parent)
        self.setWindowTitle("No motor below a score")
        self._entries = entries
        self.score = number_box(0.0, 1.0, 3, 0.01)
        self.score.setKeyboardTracking(True)  # the count below follows each digit
        thresholds = (threshold_of(each.summary) for each in entries)
        self.score.setValue(min(thresholds, default=THRESHOLD))
        self.hint = Hint()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        form = QFormLayout(self)
        form.addRow("Best candidate below", self.score)
        form.addRow(self.hint)
        form.addRow(self.buttons)
        self.setMinimumWidth(380)
        self.score.valueChanged.connect(self._count)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._count()

    def chosen(self) -> list[Entry]:
        """Return the tomograms that are to be reviewed, and seem to have no motor."""
        return empty_below(self._entries, self.score.value())

    def _count(self) -> None:
        chosen = self.chosen()
        words = (
            f"{len(chosen)} of the {counted(len(self._entries), 'tomogram')} in the list: to be "
            "reviewed, none accepted, no candidate with this score."
        )
        undecided = sum(entry.summary.undecided for entry in chosen)
        if undecided:
            words += f" {counted(undecided, 'candidate')} above the threshold would be rejected."
        self.hint.setText(words)
        self.ok.setText(f"Mark {len(chosen)} as no motor")
        self.ok.setEnabled(bool(chosen))


def ask_below(parent: QWidget, entries: Sequence[Entry]) -> list[Entry]:
    """Ask a person up to which score tomograms have no motor; return none if they cancel."""
    dialog = BelowDialog(parent, entries)
    taken = bool(dialog.exec())
    dialog.deleteLater()
    return dialog.chosen() if taken else []
