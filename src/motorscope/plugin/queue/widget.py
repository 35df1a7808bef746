"""The queue's dock: many tomograms, searched in the background, reviewed one after the other."""

from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QSize, QTimer, Signal
from qtpy.QtWidgets import QDockWidget

from motorscope.batch.queue import Failed, Opened, TomogramReader, scan_job
from motorscope.engine import Failure
from motorscope.plugin.connections import listen
from motorscope.plugin.detect.controller import DetectController
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.qt.controls import mind_wheel_and_keys
from motorscope.plugin.qt.dock import Dock, bring_to_front
from motorscope.plugin.qt.layouts import in_column
from motorscope.plugin.qt.parts import Hint, StatusLine
from motorscope.plugin.queue.controller import QueueController
from motorscope.plugin.queue.gallery_widget import CandidatesWidget
from motorscope.plugin.queue.list_widget import ListControls
from motorscope.plugin.queue.marks_widget import ask_below, is_sure
from motorscope.plugin.queue.search_widget import SearchControls
from motorscope.plugin.queue.steps_widget import StepControls
from motorscope.plugin.queue.table_view import QueueTable
from motorscope.plugin.review.commands import serve_reviews
from motorscope.review import Mark
from motorscope.review.worklist import Entry, Worklist, neighbour
from motorscope.review.worklist.marker import Marker
from motorscope.words import counted


class QueueWidget(Dock):
    """A folder of tomograms: what is done, what is to do, and the way from one to the next.

    Model and device are those of the workspace.

    Signals
    -------
    settled
        Emitted when a folder has been read, or a search has ended.
    """

    tall = True
    settled = Signal()

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        self._viewer = napari_viewer
        serve_reviews(self.workspace)
        self.desk = QueueController(DetectController.of(self.workspace))
        self.ends.callback(self.desk.close)
        self.scans, self.reads = self.new_runner(), self.new_runner()
        self._reader = TomogramReader(
            self.reads, tomogram_arguments, self._on_opened, self._on_open_failed
        )
        self._row = 0
        self._pick: tuple[Path, int] | None = None
        self.candidates: CandidatesWidget | None = None
        self._scanned = False
        self._make_parts()
        self._connect()
        self.refresh()
        mind_wheel_and_keys(self)

    def sizeHint(self) -> QSize:
        """Wide enough for a name and the numbers."""
        return QSize(380, 600)

    # Opening a folder

    def open(self, source: Path) -> None:
        """Read a folder or a list of tomograms in a thread."""
        if self.search.runner.busy:
            self.status.warn("The detector is still running; stop it before you open a folder.")
            return
        self._scanned = False
        self.scans.cancel()
        self._reader.forget()
        self.status.say(f"Reading {source}…")
        self.scans.start(
            scan_job,
            source,
            self.workspace.folder,
            on_message=self._on_scan,
            on_result=self._on_scanned,
        )

    def _on_scan(self, message: Worklist | list[Entry]) -> None:
        if isinstance(message, Worklist):
            self.desk.set_queue(message)
        else:
            self.desk.take_entries(message)

    def _on_scanned(self, result: Any) -> None:
        if result is None:
            return
        self._scanned = not isinstance(result, Failure)
        if isinstance(result, Failure):
            self.status.warn(result.text)
        else:
            maps = self.desk.queue.maps if self.desk.queue else 0
            self.status.say(f"{counted(maps, 'map')} of ours left out." if maps else "")
            self._read_ahead()
        self.refresh()
        self.settled.emit()

    # Going through the tomograms

    def open_entry(self, path: Path) -> None:
        """Show a tomogram of the queue as soon as it is there."""
        entry = self.desk.entry(path)
        spacing = self.status.guard(self.search.given_spacing)
        if entry is None or spacing is None:
            return
        if entry.shut:
            self.status.warn(entry.problem)
            return
        self.status.say(f"Opening {entry.name}…")
        self._reader.want(entry, *spacing)

    def step(self, step: int) -> None:
        """Open the next tomogram of the list (-1: the one before)."""
        path = self._neighbour(step)
        if path is None:
            side = "last" if step > 0 else "first"
            self.status.say(f"This is the {side} tomogram of the list.")
        else:
            self.open_entry(path)

    def mark(self, mark: Mark | None) -> None:
        """Mark what is selected, or else the open tomogram; go on to the next if that is wanted.

        A person is asked first where it is not the open tomogram alone.
        """
        following, current = self._neighbour(1), self.desk.current  # the mark may take it out
        entries = self._targets()
        if mark is None:
            entries = [entry for entry in entries if entry.summary.record.reviewed]
        alone = entries == [current]
        if not entries:
            self.status.warn("Select tomograms in the list, or open one, to mark them.")
        elif alone or is_sure(self, entries, mark):
            self.marker.mark(entries, mark)
            marked = None if current is None else self.desk.entry(current.path)
            done = marked is not None and marked.summary.record.reviewed == mark
            if alone and mark and done and self.steps.go_on.isChecked() and following is not None:
                self.open_entry(following)

    def _targets(self) -> list[Entry]:
        """Return what a mark is about."""
        chosen = set(self.table.selected_paths())
        selected = [entry for entry in self.table.rows.entries if entry.path in chosen]
        return selected or ([] if self.desk.current is None else [self.desk.current])

    def _neighbour(self, step: int) -> Path | None:
        listed = [entry.path for entry in self.table.rows.entries]
        current = self.desk.current
        awaited = self._reader.wanted
        path = awaited or (None if current is None else current.path)
        return neighbour(listed, path, self._row, step)

    def _on_opened(self, opened: Opened) -> None:
        self.status.say("")
        remark = self.status.guard(lambda: self.desk.show(opened))
        if remark:
            self.status.warn(remark)
        self._go_to_pick()
        self.table.select_paths({opened.path})
        self._read_ahead()

    def _on_open_failed(self, failed: Failed) -> None:
        self.desk.fail(failed.path, failed.text, failed.unspaced)
        self.status.warn(failed.text)

    def _read_ahead(self) -> None:
        entry = self.desk.entry(self._neighbour(1))
        try:
            spacing = self.search.given_spacing()
        except Exception:  # it is said when a tomogram is opened
            return
        if entry is not None and not entry.problem and self.desk.current is not None:
            self._reader.read_ahead(entry, *spacing)

    # All candidates

    def show_candidates(self) -> None:
        """Show the candidates of all tomograms of the list, in a dock of their own."""
        if self.candidates is None:
            made = CandidatesWidget(self._viewer, self.marker, lambda: self.table.rows.entries)
            made.opened.connect(self._on_candidate)
            made.ends.callback(self._forget_candidates)
            self.candidates = made
            self._viewer.window.add_dock_widget(made, name="Motorscope candidates", area="bottom")
        bring_to_front(self.candidates)

    def _forget_candidates(self) -> None:
        self.candidates = None

    def _close_candidates(self) -> None:
        """End the gallery with the queue, whose list it shows."""
        made = self.candidates
        if made is not None:
            if isinstance(dock := made.parentWidget(), QDockWidget):
                dock.hide()
            made.ends.close()

    def _on_candidate(self, path: Path, pick: int) -> None:
        self._pick = (path, pick)
        current = self.desk.current
        if current is None or current.path != path:
            self.open_entry(path)
        else:
            self._go_to_pick()

    def _go_to_pick(self) -> None:
        """Go to the candidate that was chosen among all, once its tomogram is open."""
        current, wanted = self.desk.current, self._pick
        review = self.desk.reviews.review(self.desk.layer)
        if wanted is not None and current is not None and current.path == wanted[0]:
            self._pick = None
            if review is not None and wanted[1] in review.table.ids:
                review.go_to(wanted[1])

    # Looks

    def refresh(self) -> None:
        """Show the queue as it is."""
        queue, current = self.desk.queue, self.desk.current
        path = None if current is None else current.path
        listed: list[Entry] = []
        if queue is not None:
            listed = self.list.listed(queue)
            self.count.setText(queue.in_words())
        self.table.show_entries(listed, path)
        rows = [row for row, entry in enumerate(listed) if entry.path == path]
        self._row = rows[0] if rows else min(self._row, len(listed))
        self._update_buttons()
        if self.candidates is not None:
            self.candidates.refresh()

    def _update_buttons(self) -> None:
        self.search.update_buttons(self._scanned and not self.scans.busy)
        listed, targets = bool(self.table.rows.entries), self._targets()
        self.steps.update_buttons(listed, targets, self.desk.current, self.marker.can_undo)

    def _make_parts(self) -> None:
        self.list = ListControls()
        self.table = QueueTable()
        self.count = Hint()
        self.status = StatusLine()
        self.status.follow(self.workspace, self.ends)
        runner = self.new_runner()
        self.search = SearchControls(self.desk, self.workspace, self.table, runner, self.status)
        self.steps = StepControls(self._viewer, self.ends)
        soon = QTimer(self)
        soon.setSingleShot(True)
        self.marker = Marker(self.desk, soon.start)
        soon.timeout.connect(self.marker.go_on)
        self.ends.callback(self._close_candidates)
        parts = (self.list, self.table, self.count, self.search, self.steps, self.status)
        in_column(self, *parts, around=(6, 4, 6, 4), spacing=4).setStretchFactor(self.table, 1)

    # Wires

    def _connect(self) -> None:
        self.list.opened.connect(self.open)
        self.list.all.clicked.connect(self.show_candidates)
        self.list.changed.connect(self.refresh)
        self.table.ordered.connect(self.list.set_order)
        self.search.spacing.textChanged.connect(lambda: self._reader.forget())
        self.table.opened.connect(self.open_entry)
        self.search.found.connect(self._on_found)
        self.search.settled.connect(self.settled)
        self.steps.pressed.connect(self._on_pressed)
        self.table.selectionModel().selectionChanged.connect(self._update_buttons)
        listen(self.ends, self.marker.changed, self._update_buttons)
        listen(self.ends, self.marker.said, self.status.say)
        listen(self.ends, self.marker.warned, self.status.warn)
        for runner in (self.search.runner, self.scans):
            runner.busy_changed.connect(self._update_buttons)
        self.desk.changed.connect(self.refresh)
        self.desk.went_to.connect(self.refresh)

    def _on_pressed(self, name: str) -> None:
        if name in ("previous", "next"):
            self.step(1 if name == "next" else -1)
        elif name == "undo":
            self.marker.undo()
        elif name == "below":
            if chosen := ask_below(self, self.table.rows.entries):
                self.marker.mark(chosen, Mark.now(no_motor=True))
        else:
            self.mark(None if name == "unmark" else Mark.now(no_motor=name == "no motor"))

    def _on_found(self, path: Path) -> None:
        self._reader.forget(path)
        self._read_ahead()
