"""The queue's dock: many tomograms, searched in the background, reviewed one after the other."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QEvent, QSize, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QDockWidget,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from motorscope.errors import ModelError, PicksError
from motorscope.plugin.layers import parse_spacing
from motorscope.plugin.queue import FAILED, NEW, STATUSES, Entry, Queue, neighbour
from motorscope.plugin.queue_desk import QueueDesk
from motorscope.plugin.queue_jobs import (
    Begun,
    Failed,
    Found,
    Opened,
    QueueTask,
    Spacing,
    scan_job,
    search_job,
)
from motorscope.plugin.settings import preferences
from motorscope.plugin.widgets.parts import Hint, StatusLine, combo_box, duration
from motorscope.plugin.widgets.queue_reader import TomogramReader
from motorscope.plugin.widgets.queue_table import QueueTable
from motorscope.plugin.widgets.runner import CancelTokens, Failure, JobRunner

_STEPS = 1000  # of the progress bar for each tomogram
_KEYS = {"previous": "PageUp", "next": "PageDown", "reviewed": "F", "no motor": "Shift-F"}
_BUTTONS = {
    "previous": ("◀ Previous PgUp", "Open the tomogram before in the list."),
    "next": ("Next PgDn ▶", "Open the next tomogram of the list; it is read ahead."),
    "reviewed": ("Reviewed F", "Keep that the open tomogram is reviewed."),
    "no motor": (
        "No motor ⇧F",
        "Keep that the open tomogram was reviewed and has no motor:\n"
        "candidates that are still to be decided are rejected.",
    ),
    "unmark": ("Not yet", "Take back the mark: the open tomogram is to be reviewed."),
}


class QueueWidget(QWidget):
    """A folder of tomograms: what is done, what is to do, and the way from one to the next.

    Model and device are those of the panel.

    Signals
    -------
    settled
        Emitted when a folder has been read, or a search has ended.
    """

    settled = Signal()

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        from motorscope.plugin.widgets.main import panel_of

        self._viewer = napari_viewer
        self._panel = panel_of(napari_viewer)
        self.desk = QueueDesk(self._panel.session)
        self.searches, self.scans, self.reads = (JobRunner(self) for _ in range(3))
        self._reader = TomogramReader(self.reads, self._on_opened, self._on_open_failed)
        self._order, self._backwards = "name", False
        self._row = 0
        self._begun: Begun | None = None
        self._scanned = False
        self._bound: list[str] = []
        self._make_parts()
        self._lay_out()
        self._connect()
        self._bind()
        self.refresh()

    def sizeHint(self) -> QSize:
        """Wide enough for a name and the numbers."""
        return QSize(380, 600)

    # Opening a folder

    def open(self, source: Path) -> None:
        """Read a folder or a list of tomograms in a thread."""
        if self.searches.busy:
            self.status.warn("The detector is still running; stop it before you open a folder.")
            return
        self._scanned = False
        self.scans.cancel()
        self._reader.forget()
        self.status.say(f"Reading {source}…")
        self.scans.start(
            scan_job,
            source,
            self._panel.session.desk.folder,
            on_message=self._on_scan,
            on_result=self._on_scanned,
        )

    def _on_scan(self, message: Queue | list[Entry]) -> None:
        if isinstance(message, Queue):
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
            self.status.say("")
            self._read_ahead()
        self.refresh()
        self.settled.emit()

    # Going through the tomograms

    def open_entry(self, path: Path) -> None:
        """Show a tomogram of the queue as soon as it is there."""
        entry = self.desk.entry(path)
        spacing = self.status.guard(self._spacing_given)
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

    def mark(self, no_motor: bool = False) -> None:
        """Keep that the open tomogram is reviewed; go on to the next if that is wanted."""
        following = self._neighbour(1)  # before the mark, which may take it out of the list
        entry = self.desk.current

        def do() -> bool:
            self.desk.set_reviewed(no_motor)
            return True

        if not self.status.guard(do) or entry is None:
            return
        marked = self.desk.entry(entry.path)
        if marked is not None:
            left = marked.summary.undecided
            more = f" {left} candidate{'s' * (left != 1)} left undecided." if left else ""
            self.status.say(f"{entry.name}: {marked.status}.{more}")
        if self.go_on.isChecked() and following is not None:
            self.open_entry(following)

    def _unmark(self) -> None:
        self.status.guard(self.desk.unset_reviewed)

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
        self.table.select_paths({opened.path})
        self._read_ahead()

    def _on_open_failed(self, failed: Failed) -> None:
        self.desk.fail(failed)
        self.status.warn(failed.text)

    def _read_ahead(self) -> None:
        entry = self.desk.entry(self._neighbour(1))
        try:
            spacing = self._spacing_given()
        except Exception:  # it is said when a tomogram is opened
            return
        if entry is not None and not entry.problem and self.desk.current is not None:
            self._reader.read_ahead(entry, *spacing)

    def _spacing_given(self) -> tuple[Spacing | None]:
        """Return the spacing in Å for files that do not say it, in a tuple.

        Raises
        ------
        SpacingError
            If what was typed is none.
        """
        text = self.spacing.text().strip()
        return (parse_spacing(text) if text else None,)

    # Searching

    def run_all(self) -> None:
        """Search every tomogram of the list that was not searched yet, or failed."""
        self._run([each for each in self.table.rows.entries if each.status in (NEW, FAILED)])

    def run_selected(self) -> None:
        """Search the selected tomograms, also those that were searched before."""
        chosen = set(self.table.selected_paths())
        self._run([each for each in self.table.rows.entries if each.path in chosen])

    def _run(self, entries: Sequence[Entry]) -> None:
        task = self.status.guard(lambda: self._task(entries))
        if task is None:
            return
        self._begun = None
        self.status.say("")
        self.progress.setText("Starting…")
        self.bar.setRange(0, 0)
        self.searches.start(
            search_job,
            task,
            self._panel.session.models,
            on_message=self._on_search,
            on_result=self._on_searched,
        )

    def _task(self, entries: Sequence[Entry]) -> QueueTask:
        option, problem = self._panel.model.option(), self._panel.model.problem()
        if problem or option is None:
            raise ModelError(problem)
        entries = [entry for entry in entries if not entry.shut]
        if not entries:
            raise PicksError("There is nothing to search; select tomograms, or choose 'all'.")
        (spacing,) = self._spacing_given()
        return QueueTask(
            entries=[(entry, spacing) for entry in entries],
            model=option.choice,
            device=self._panel.model.device.currentData(),
            precision=preferences().precision,
            flips=self._panel.run.flips.isChecked(),
        )

    def _on_search(self, message: Any) -> None:
        from motorscope.detection import Progress

        if isinstance(message, Begun):
            self._begun = message
            self.desk.begin(message)
            self.bar.setRange(0, message.total * _STEPS)
            self.bar.setValue((message.number - 1) * _STEPS)
        elif isinstance(message, Found):
            self._reader.forget(message.path)
            self.desk.take_in(message)
            self._read_ahead()
        elif isinstance(message, Failed):
            self.desk.fail(message)
        elif isinstance(message, Progress):
            self._show_progress(message)

    def _show_progress(self, message: Any) -> None:
        words = message.what
        begun = self._begun
        if begun is not None:
            words = f"{begun.number} of {begun.total}, {begun.path.name}: {words.lower()}"
            done = _STEPS * message.done // max(message.total, 1)
            self.bar.setValue((begun.number - 1) * _STEPS + done)
        if message.seconds_left is not None and message.done < message.total:
            words += f", {duration(message.seconds_left)} left"
        self.progress.setText(words)

    def _on_searched(self, result: Any) -> None:
        self.desk.end_search()
        self.progress.setText("")
        if isinstance(result, Failure):
            self.status.warn(result.text)
        elif result is None:
            self.status.say("Stopped; what was found so far is kept.")
        else:
            self.status.say("Every tomogram was searched.")
        self.settled.emit()

    # Looks

    def refresh(self) -> None:
        """Show the queue as it is."""
        queue, current = self.desk.queue, self.desk.current
        path = None if current is None else current.path
        listed: list[Entry] = []
        if queue is not None:
            listed = queue.listed(
                self.filter.text(), self.state.currentData(), self._order, self._backwards
            )
            counts = queue.counts()
            parts = [f"{counts[status]} {status}" for status in STATUSES if counts[status]]
            self.count.setText(f"{queue.source.name}: " + " · ".join(parts))
        self.table.show_entries(listed, path)
        rows = [row for row, entry in enumerate(listed) if entry.path == path]
        self._row = rows[0] if rows else min(self._row, len(listed))
        self._update_buttons()

    def _update_buttons(self) -> None:
        running, ready = self.searches.busy, self._scanned and not self.scans.busy
        for button in (self.all, self.selected):
            button.setEnabled(ready and not running)
            button.setVisible(not running)
        for part in (self.bar, self.stop):
            part.setVisible(running)
        self.stop.setEnabled(running)
        listed, current = bool(self.table.rows.entries), self.desk.current
        reviewed = current is not None and bool(current.summary.remarks.get("reviewed"))
        for name, button in self.buttons.items():
            button.setEnabled(listed if name in ("previous", "next") else current is not None)
        self.buttons["unmark"].setEnabled(reviewed)

    def _make_parts(self) -> None:
        self.folder = QPushButton("Open folder…")
        self.folder.setToolTip(
            "A folder of tomograms (MRC files, TIFF stacks),\n"
            "or of sub-folders with numbered slices or with TIFF stacks."
        )
        self.list = QPushButton("Open list…")
        self.list.setToolTip("A text file with the path of a tomogram on each line.")
        self.spacing = QLineEdit()
        self.spacing.setToolTip(
            "Voxel spacing in Å for tomograms whose files do not say it; the others keep theirs."
        )
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name")
        self.filter.setClearButtonEnabled(True)
        self.state = combo_box()
        self.state.addItem("all", "")
        for status in STATUSES:
            self.state.addItem(status, status)
        self.state.setToolTip("Only tomograms in this state.")
        self.table = QueueTable()
        self.count = Hint()
        self.all = QPushButton("Run all")
        self.all.setToolTip(
            "Search every tomogram of the list that is new or failed,\n"
            "with the model and the device of the Motorscope panel."
        )
        self.selected = QPushButton("Run selected")
        self.selected.setToolTip(
            "Search the selected tomograms, also those that were searched before:\n"
            "what you decided or added stays."
        )
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop the search; tomograms that are done keep their results.")
        self.progress = Hint()
        self.buttons: dict[str, QPushButton] = {}
        for name, (words, tip) in _BUTTONS.items():
            self.buttons[name] = QPushButton(words)
            self.buttons[name].setToolTip(tip)
        self.go_on = QCheckBox("Then open the next")
        self.go_on.setChecked(True)
        self.go_on.setToolTip("Marking a tomogram as reviewed opens the next one of the list.")
        self.status = StatusLine()

    def _lay_out(self) -> None:
        source, narrow, spacing, run = (QHBoxLayout() for _ in range(4))
        source.addWidget(self.folder)
        source.addWidget(self.list)
        spacing.addWidget(QLabel("Spacing where unknown"))
        spacing.addWidget(self.spacing, 1)
        spacing.addWidget(QLabel("Å"))
        narrow.addWidget(self.filter, 2)
        narrow.addWidget(self.state, 1)
        run.addWidget(self.all, 1)
        run.addWidget(self.selected, 1)
        run.addWidget(self.bar, 1)
        run.addWidget(self.stop)
        grid = QGridLayout()
        for place, name in enumerate(("reviewed", "no motor", "unmark")):
            grid.addWidget(self.buttons[name], 1, 2 * place, 1, 2)
        grid.addWidget(self.buttons["previous"], 0, 0, 1, 3)
        grid.addWidget(self.buttons["next"], 0, 3, 1, 3)
        for button in (self.folder, self.list, *self.buttons.values()):
            button.setStyleSheet("QPushButton { padding: 3px 4px; }")
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        for layout in (source, narrow, spacing, run, grid):
            layout.setSpacing(3)
        column.addLayout(source)
        column.addLayout(narrow)
        column.addWidget(self.table, 1)
        column.addWidget(self.count)
        column.addLayout(spacing)
        column.addLayout(run)
        column.addWidget(self.progress)
        column.addLayout(grid)
        column.addWidget(self.go_on)
        column.addWidget(self.status)

    # Wires

    def _connect(self) -> None:
        self.folder.clicked.connect(self._on_folder)
        self.list.clicked.connect(self._on_list)
        self.spacing.textChanged.connect(lambda: self._reader.forget())
        self.filter.textChanged.connect(self.refresh)
        self.state.currentIndexChanged.connect(self.refresh)
        self.table.opened.connect(self.open_entry)
        self.table.ordered.connect(self._on_order)
        self.all.clicked.connect(self.run_all)
        self.selected.clicked.connect(self.run_selected)
        self.stop.clicked.connect(self._on_stop)
        self.buttons["unmark"].clicked.connect(self._unmark)
        for name, action in self._actions().items():
            self.buttons[name].clicked.connect(action)
        for runner in (self.searches, self.scans):
            runner.busy_changed.connect(self._update_buttons)
        self.desk.changed.connect(self.refresh)
        self.desk.went_to.connect(self.refresh)
        self._panel.closed.connect(self._on_panel_closed)
        self.destroyed.connect(partial(_let_go, *self._held()))

    def _actions(self) -> dict[str, Callable[[], None]]:
        return {
            "previous": lambda: self.step(-1),
            "next": lambda: self.step(1),
            "reviewed": lambda: self.mark(),
            "no motor": lambda: self.mark(no_motor=True),
        }

    def _bind(self) -> None:
        """Bind the keys in the viewer; a key that somebody has bound there already stays theirs."""
        for name, action in self._actions().items():
            try:
                self._viewer.bind_key(_KEYS[name], _on_key(action))
            except ValueError:
                continue
            self._bound.append(_KEYS[name])

    def _held(self) -> tuple[Any, ...]:
        """Return what ends with the dock."""
        tokens = tuple(runner.tokens for runner in (self.searches, self.scans, self.reads))
        return self._viewer, self._bound, self.desk, tokens

    def event(self, event: QEvent | None) -> bool:
        """Notice that the dock was removed: napari then only takes this widget out of it."""
        left = (
            event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None
        )
        if left:
            _let_go(*self._held())
        return bool(super().event(event))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Share the place of the panel: below each other there would be room for neither."""
        super().showEvent(event)
        window, own, other = self.window(), self.parent(), self._panel.parent()
        if isinstance(window, QMainWindow) and isinstance(own, QDockWidget):
            if isinstance(other, QDockWidget) and not window.tabifiedDockWidgets(own):
                if window.dockWidgetArea(own) == window.dockWidgetArea(other):
                    window.tabifyDockWidget(other, own)
                    own.raise_()

    def _on_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a folder of tomograms")
        if path:
            self.open(Path(path))

    def _on_list(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open a list of tomograms", "", "Lists (*.txt *.lst *.list);;All files (*)"
        )
        if path:
            self.open(Path(path))

    def _on_order(self, order: str, backwards: bool) -> None:
        self._order, self._backwards = order, backwards
        self.refresh()

    def _on_stop(self) -> None:
        self.stop.setEnabled(False)
        self.progress.setText("Stopping…")
        self.searches.cancel()

    def _on_panel_closed(self) -> None:
        _let_go(*self._held())
        self.setEnabled(False)
        self.status.say("The Motorscope panel was closed; close the queue and open it again.")


def _on_key(action: Callable[[], None]) -> Callable[[Any], None]:
    return lambda _: action()


def _let_go(
    viewer: Any,
    bound: list[str],
    desk: QueueDesk,
    tokens: tuple[CancelTokens, ...],
    *_: object,
) -> None:
    for each in tokens:
        each.cancel_all()
    while bound:
        viewer.bind_key(bound.pop(), None)
    desk.close()
