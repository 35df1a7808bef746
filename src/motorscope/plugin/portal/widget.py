"""Open a tomogram of the CryoET Data Portal by its number."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QFormLayout, QLabel, QLineEdit

from motorscope.contract import Progress
from motorscope.engine import Failure
from motorscope.plugin.portal.controller import Looked, fetch_job, look_job, show
from motorscope.plugin.qt.controls import mind_wheel_and_keys
from motorscope.plugin.qt.dock import PANEL, Dock, find_dock, show_dock
from motorscope.plugin.qt.layouts import in_column, in_row
from motorscope.plugin.qt.making import button
from motorscope.plugin.qt.parts import JobBar, StatusLine
from motorscope.plugin.qt.runner import JobRunner


class PortalWidget(Dock):
    """Asks for a number, shows what that is, fetches it, and gives way to the panel."""

    tall = True

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        self._viewer = napari_viewer
        self.runner = JobRunner(self)
        self.ends.callback(self.runner.tokens.cancel_all)
        self._waiting: deque[tuple[Path, float | None]] = deque()
        self._looked: Looked | None = None
        self.number = QLineEdit()
        self.number.setPlaceholderText("number, such as 17004")
        self.number.setToolTip("The id of a tomogram, not of its run or its dataset.")
        self.look = button("Look up", "Ask the portal what it is.", self._on_look)
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        self.job = JobBar("Open", "Fetch it to the disk, and open it.")
        self.job.cancel.setToolTip("Stop; what has come stays, and need not be fetched again.")
        self.status = StatusLine()
        self.status.follow(self.workspace, self.ends)
        self._lay_out()
        self.number.textEdited.connect(self._on_edited)
        self.number.returnPressed.connect(self._on_look)
        self.job.started.connect(self._on_open)
        self.job.cancelled.connect(self.runner.cancel)
        self.runner.busy_changed.connect(self._update_buttons)
        self._update_buttons()
        mind_wheel_and_keys(self)

    def sizeHint(self) -> QSize:
        """Wide enough for a line of facts, and for the dock's title."""
        return QSize(380, 210)

    def open(self, paths: Sequence[Path], spacing: float | None = None) -> None:
        """Fetch and show tomograms on servers by their shortcuts, one after the other."""
        self._waiting.extend((path, spacing) for path in paths)
        self._fetch_next()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Tomogram", in_row(self.number, self.look))
        form.addRow(self.facts)
        form.addRow(self.job)
        in_column(self, form, self.status, around=(6, 4, 6, 4)).addStretch(1)

    def _update_buttons(self) -> None:
        idle = not self.runner.busy
        self.number.setEnabled(idle)
        self.look.setEnabled(idle and bool(self.number.text().strip()))
        self.job.button.setEnabled(idle and self._looked is not None)
        self.facts.setVisible(bool(self.facts.text()))

    def _on_edited(self) -> None:
        self._looked = None
        self.facts.setText("")
        self.status.say("")
        self._update_buttons()

    def _on_look(self) -> None:
        if self.look.isEnabled():
            self.status.say("Asking the portal…")
            self.runner.start(look_job, self.number.text(), on_result=self._on_looked)

    def _on_looked(self, result: Any) -> None:
        if isinstance(result, Failure):
            self.status.warn(result.text)
        elif result is not None:
            self._looked = result
            self.facts.setText(result.in_words)
            self.status.say("")

    def _on_open(self) -> None:
        if self._looked is not None:
            self.open([self._looked.path])

    def _fetch_next(self) -> None:
        if self.job.bar.isVisibleTo(self) or not self._waiting:
            return
        path, spacing = self._waiting.popleft()
        self.job.set_running(True)
        self.status.say(f"Opening {path.stem}…")
        self.runner.start(
            fetch_job, path, spacing, on_message=self._on_progress, on_result=self._on_fetched
        )

    def _on_progress(self, message: Progress) -> None:
        self.job.show_progress(message.what, message.done, message.total, message.seconds_left)

    def _on_fetched(self, result: Any) -> None:
        self.job.set_running(False)
        if isinstance(result, Failure):
            self.status.warn(result.text)
        elif result is None:
            self._waiting.clear()
            self.status.say("Cancelled; what has come stays on disk.")
        else:
            said = self.status.guard(lambda: show(self.workspace, result))
            self.workspace.say(said or self.status.text())
            if not self._waiting and find_dock(self._viewer, PANEL) is not None:
                show_dock(self._viewer, PANEL)
        self._fetch_next()
