"""Show what an encoder stage sees."""

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QWidget
from superqt.utils import signals_blocked

from motorscope.contract import FeatureRequest, ModelRef, Notice, Progress, RunSettings
from motorscope.engine import Failure, run_on
from motorscope.plugin.encoder.stage_maps import show_stage, stage_request
from motorscope.plugin.panel import EncoderState
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.parts import Hint, JobBar, StatusLine
from motorscope.plugin.qt.runner import JobRunner
from motorscope.plugin.workspace import Workspace
from motorscope.tomogram import Tomogram


class EncoderControls(QWidget):
    """Stage choice, with channels and stride, and a button that shows the stage's maps.

    Signals
    -------
    finished
        A computation has ended: with maps (``True``), or cancelled or with an error (``False``).
    """

    finished = Signal(bool)

    def __init__(self, workspace: Workspace, runner: JobRunner, status: StatusLine) -> None:
        super().__init__()
        self._workspace = workspace
        self._runner, self._status = runner, status
        self._tomogram = ""  # whose maps are being computed
        self._stages: tuple[str, ...] = ()
        self.stage = ChoiceBox()
        self.stage.setToolTip(
            "Deeper stages have more channels, larger voxels and see more around them."
        )
        self.job = JobBar(
            "Show feature maps",
            "Compute the stage's maps as one layer (channel, z, y, x);\n"
            "only around what is in view where the whole would not fit in memory.",
        )
        self.notice = Hint()
        form = QFormLayout(self)
        form.setContentsMargins(6, 0, 6, 4)
        form.addRow("Stage", self.stage)
        form.addRow(self.job)
        form.addRow(self.notice)
        self.job.started.connect(self.start)
        self.job.cancelled.connect(runner.cancel)
        self.stage.currentIndexChanged.connect(self._on_stage)

    def show_state(self, state: EncoderState) -> None:
        """Offer the stages of the model; show which one is chosen."""
        with signals_blocked(self.stage):
            if state.stages != self._stages:
                self._stages = state.stages
                self.stage.clear()
                self.stage.addItems(state.stages)
            self.stage.setCurrentIndex(state.stage if state.stages else -1)
        self.job.button.setEnabled(state.able)

    def start(self) -> None:
        """Begin to compute the chosen stage."""
        request = self._status.guard(self._request)
        if request is None:
            self.finished.emit(False)
            return
        self._tomogram = self._workspace.current
        self.notice.setText("")
        self._status.say("")
        self.job.set_running(True)
        self._runner.start(
            run_on,
            self._workspace.engine,
            request,
            on_message=self._on_message,
            on_result=self._on_result,
        )

    def _request(self) -> FeatureRequest[Tomogram, ModelRef]:
        workspace = self._workspace
        settings = RunSettings(workspace.device, workspace.precision)
        return stage_request(workspace.viewer, *workspace.chosen(), workspace.stage, settings)

    def _on_stage(self, stage: int) -> None:
        self._workspace.stage = stage

    def _on_message(self, message: Any) -> None:
        if self._workspace.tomograms.get(self._tomogram) is None:
            self._runner.cancel()
        elif isinstance(message, Progress):
            self.job.show_progress(message.what, message.done, message.total, message.seconds_left)
        elif isinstance(message, Notice):
            self.notice.setText(message.text)

    def _on_result(self, result: Any) -> None:
        tomogram = self._workspace.tomograms.get(self._tomogram)
        self.job.set_running(False)
        if isinstance(result, Failure):
            self._status.warn(result.text)
        elif result is None:
            self._status.say("Cancelled.")
        elif tomogram is not None:
            show_stage(self._workspace.tomograms, tomogram, result)
            if not result.covers_all and not self.notice.text():
                self.notice.setText(
                    "Computed around what is in view only: the whole would not fit in memory."
                )
        self.finished.emit(not isinstance(result, Failure) and result is not None)
