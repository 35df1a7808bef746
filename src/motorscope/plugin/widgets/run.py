"""Start a detection, follow it, cancel it."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QWidget

from motorscope.contract import ModelOption, Notice, Progress
from motorscope.engine import Failure
from motorscope.plugin.actions import ACTIONS
from motorscope.plugin.jobs import Task, detection_job
from motorscope.plugin.layers import identity
from motorscope.plugin.session import Session
from motorscope.plugin.stepping import result_in_words
from motorscope.plugin.widgets.choice_box import ChoiceBox
from motorscope.plugin.widgets.parts import AMBER, Hint, JobBar, StatusLine
from motorscope.plugin.widgets.runner import JobRunner
from motorscope.words import duration

WHOLE, IN_VIEW = "whole", "in view"


class RunControls(QWidget):
    """Find motors in the whole volume or in what is in view.

    `new_task` makes a task of everything that is chosen elsewhere in the panel.

    Signals
    -------
    finished
        A detection has ended: with a result (``True``), or cancelled or with an error (``False``).
    """

    finished = Signal(bool)

    def __init__(
        self,
        session: Session,
        runner: JobRunner,
        status: StatusLine,
        new_task: Callable[..., Task],
    ) -> None:
        super().__init__()
        self._session, self._runner, self._status = session, runner, status
        self._new_task = new_task
        self._task: Task | None = None
        self._option: ModelOption | None = None
        self.region = ChoiceBox()
        self.region.addItem("whole volume", WHOLE)
        self.region.addItem("what is in view", IN_VIEW)
        self.region.setToolTip(
            "What is in view: in 2D the visible rectangle, 1000 Å up and down from the slice;\n"
            "in 3D a cube around the middle of the canvas. Only what was found there before\n"
            "is replaced; what you decided, added or moved stays."
        )
        self.flips = QCheckBox("flips")
        self.flips.setEnabled(False)
        self.job = JobBar("Find motors", "Run the network; heatmap and points appear as layers.")
        self.job.button.setStyleSheet("font-weight: bold; padding: 5px;")
        self.notice = Hint(AMBER)
        row = QHBoxLayout()
        row.addWidget(self.region, 1)
        row.addWidget(self.flips)
        form = QFormLayout(self)
        form.setContentsMargins(6, 0, 6, 4)
        form.addRow("Search", row)
        form.addRow(self.job)
        form.addRow(self.notice)
        self.job.started.connect(self.start)
        self.job.cancelled.connect(runner.cancel)
        self.flips.toggled.connect(self._explain_flips)
        self._explain_flips()

    def set_option(self, option: ModelOption | None) -> None:
        """Tick flips as the model was measured, if it is another one than before."""
        if option == self._option:
            return
        self._option = option
        self.flips.setEnabled(option is not None)
        self.flips.setChecked(option is not None and option.card.flips)
        self._explain_flips()

    def start(self) -> None:
        """Begin a detection of what is chosen."""
        in_view = self.region.currentData() == IN_VIEW
        task = self._status.guard(
            lambda: self._new_task(in_view=in_view, flips=self.flips.isChecked())
        )
        if task is None:
            self.finished.emit(False)
            return
        self._task = task
        self.notice.setText("")
        self._status.say("")
        self.job.set_running(True)
        self._session.viewer.layers.events.removed.connect(self._on_removed)
        self._runner.start(
            detection_job,
            task,
            self._session.engine,
            on_message=self._on_message,
            on_result=self._on_result,
        )

    def _explain_flips(self) -> None:
        self.flips.setToolTip(describe_flips(self._option, self.flips.isChecked()))

    def _on_removed(self, event: Any) -> None:
        """End a run whose tomogram has been removed at once, not at its next message."""
        if self._task is not None and identity(event.value) == self._task.layer_id:
            self._runner.cancel()

    def _on_message(self, message: Any) -> None:
        assert self._task is not None
        if not self._session.is_current(self._task):
            self._runner.cancel()  # its tomogram has been removed
        elif isinstance(message, Progress):
            self.job.show_progress(message.what, message.done, message.total, message.seconds_left)
        elif isinstance(message, Notice):
            self.notice.setText(message.text)
        else:
            self._session.receive(self._task, message)

    def _on_result(self, result: Any) -> None:
        self._session.viewer.layers.events.removed.disconnect(self._on_removed)
        task, self._task = self._task, None
        assert task is not None
        self.job.set_running(False)
        if isinstance(result, Failure):
            self._session.finish_detection(task, None)
            self._status.warn(result.text)
        elif result is None:
            self._session.finish_detection(task, None)
            self._status.say("Cancelled.")
        else:
            patched = self._session.finish_detection(task, result)
            came = self._in_words(task) if patched is None else f"in view {patched}; "
            self._status.say(
                f"{task.tomogram.name}: {came}searched in {duration(result.seconds)} "
                f"on {result.device} ({result.precision})."
            )
        self.finished.emit(not isinstance(result, Failure) and result is not None)

    def _in_words(self, task: Task) -> str:
        """Return what a search came to; empty if its tomogram has gone."""
        review = self._session.desk.review(self._session.layer(task.layer_id))
        if review is None:
            return ""
        key = next(action.key for action in ACTIONS if action.name == "next")
        return result_in_words(review.table, review.threshold, key) + "; "


def describe_flips(option: ModelOption | None, wanted: bool) -> str:
    """Return what averaging over flips is, and whether the model was measured that way."""
    lines = [
        "Average over the volume and its mirror images along z, y and x:",
        "four times the network's work.",
    ]
    if option is not None:
        measured = option.card.flips
        lines.append(f"'{option.label}' was measured {'with' if measured else 'without'} it.")
        if wanted != measured:
            lines.append(
                f"{'With' if wanted else 'Without'} it, scores and threshold mean something "
                "slightly different."
            )
    return "\n".join(lines)
