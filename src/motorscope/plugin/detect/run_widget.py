"""Start a detection, follow it, cancel it."""

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QWidget
from superqt.utils import signals_blocked

from motorscope.contract import Notice, Progress
from motorscope.engine import Failure, run_on
from motorscope.plugin.detect.controller import DetectController, Task
from motorscope.plugin.layers.source import identity
from motorscope.plugin.panel import RunState
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import in_form, in_row
from motorscope.plugin.qt.parts import AMBER, Hint, JobBar, StatusLine
from motorscope.plugin.qt.runner import JobRunner
from motorscope.plugin.workspace import IN_VIEW, WHOLE, Workspace
from motorscope.review.actions import key_of
from motorscope.review.order import result_in_words
from motorscope.words import duration


class RunControls(QWidget):
    """Find motors in the whole volume or in what is in view.

    Signals
    -------
    finished
        A detection has ended: with a result (``True``), or cancelled or with an error (``False``).
    """

    finished = Signal(bool)

    def __init__(self, workspace: Workspace, runner: JobRunner, status: StatusLine) -> None:
        super().__init__()
        self._workspace, self._detections = workspace, DetectController.of(workspace)
        self._runner, self._status = runner, status
        self._task: Task | None = None
        self.region = ChoiceBox(
            "What is in view: in 2D the visible rectangle, 1000 Å up and down from the slice;\n"
            "in 3D a cube around the middle of the canvas. Only what was found there before\n"
            "is replaced; what you decided, added or moved stays.",
            [("whole volume", WHOLE), ("what is in view", IN_VIEW)],
        )
        self.flips = QCheckBox("flips")
        self.job = JobBar("Find motors", "Run the network; heatmap and points appear as layers.")
        self.job.button.setStyleSheet("font-weight: bold; padding: 5px;")
        self.notice = Hint(AMBER)
        in_form(self, ("Search", in_row(self.region, self.flips)), self.job, self.notice)
        self.job.started.connect(self.start)
        self.job.cancelled.connect(runner.cancel)
        self.region.currentIndexChanged.connect(self._on_region)
        self.flips.toggled.connect(self._on_flips)

    def show_state(self, state: RunState) -> None:
        """Show what is searched and how, and whether that can begin."""
        with signals_blocked(self.region), signals_blocked(self.flips):
            self.region.choose(state.region)
            self.flips.setChecked(state.flips)
        self.flips.setEnabled(state.has_model)
        self.flips.setToolTip(state.flips_help)
        self.job.button.setEnabled(state.able)

    def start(self) -> None:
        """Begin a detection of what is chosen."""
        task = self._status.guard(lambda: self._detections.chosen_task(self._workspace))
        if task is None:
            self.finished.emit(False)
            return
        self._task = task
        self.notice.setText("")
        self._status.say("")
        self.job.set_running(True)
        self._workspace.viewer.layers.events.removed.connect(self._on_removed)
        self._runner.start(
            run_on,
            self._workspace.engine,
            task.request,
            on_message=self._on_message,
            on_result=self._on_result,
        )

    def _on_region(self) -> None:
        self._workspace.region = self.region.currentData()

    def _on_flips(self, wanted: bool) -> None:
        self._workspace.flips = wanted

    def _on_removed(self, event: Any) -> None:
        """End a run whose tomogram has been removed at once, not at its next message."""
        if self._task is not None and identity(event.value) == self._task.layer_id:
            self._runner.cancel()

    def _on_message(self, message: Any) -> None:
        assert self._task is not None
        if not self._detections.is_current(self._task):
            self._runner.cancel()  # its tomogram has been removed
        elif isinstance(message, Progress):
            self.job.show_progress(message.what, message.done, message.total, message.seconds_left)
        elif isinstance(message, Notice):
            self.notice.setText(message.text)
        else:
            self._detections.receive(self._task, message)

    def _on_result(self, result: Any) -> None:
        self._workspace.viewer.layers.events.removed.disconnect(self._on_removed)
        task, self._task = self._task, None
        assert task is not None
        self.job.set_running(False)
        if isinstance(result, Failure):
            self._detections.finish(task, None)
            self._status.warn(result.text)
        elif result is None:
            self._detections.finish(task, None)
            self._status.say("Cancelled.")
        else:
            patched = self._detections.finish(task, result)
            came = self._in_words(task) if patched is None else f"in view {patched}; "
            self._status.say(
                f"{task.request.tomogram.name}: {came}searched in {duration(result.seconds)} "
                f"on {result.device} ({result.precision})."
            )
        self.finished.emit(not isinstance(result, Failure) and result is not None)

    def _in_words(self, task: Task) -> str:
        """Return what a search came to; empty if its tomogram has gone."""
        tomogram = self._workspace.tomograms.get(task.layer_id)
        if tomogram is None or tomogram.review is None:
            return ""
        review = tomogram.review
        return result_in_words(review.table, review.threshold, key_of("next")) + "; "
