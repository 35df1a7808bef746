"""The candidates of a tomogram: threshold, minimum distance, count."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget
from superqt import QDoubleSlider
from superqt.utils import signals_blocked

from motorscope.files import cache_folder
from motorscope.plugin.connections import listen
from motorscope.plugin.coordinates.save_widget import ask_and_save
from motorscope.plugin.detect.histogram_widget import ScoreHistogram
from motorscope.plugin.layers.source import path_of
from motorscope.plugin.qt.layouts import in_form, in_row
from motorscope.plugin.qt.making import button, number_box
from motorscope.plugin.qt.parts import StatusLine
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import Workspace
from motorscope.review import Review, intake
from motorscope.words import counted


class DetectionControls(QWidget):
    """Threshold and minimum distance, which act at once on the stored candidates; their count."""

    def __init__(self, workspace: Workspace, status: StatusLine, ends: ExitStack) -> None:
        super().__init__()
        self._workspace, self._reviews = workspace, ReviewController.of(workspace)
        self._status = status
        self.count = QLabel()
        self.histogram = ScoreHistogram()
        self.slider = QDoubleSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0.0, 1.0)
        self.slider.setSingleStep(0.01)
        self.slider.setToolTip("Candidates from this probability on are shown.")
        self.threshold = number_box(0.0, 1.0, 2, 0.01, tip=self.slider.toolTip())
        self.distance = number_box(
            0.0,
            100_000.0,
            0,
            50.0,
            " Å",
            "Of two candidates that are closer, the better one stays.",
        )
        self.save = button(
            "Save…", "Write the motors that are shown as CSV, in voxels and in Å.", self._on_save
        )
        top = QVBoxLayout()
        top.setSpacing(0)
        top.addWidget(self.histogram)
        top.addWidget(self.slider)
        in_form(
            self,
            top,
            ("Threshold", self.threshold),
            ("Minimum distance", self.distance),
            in_row(self.count, self.save),
        )
        self.slider.valueChanged.connect(self._on_threshold)
        self.threshold.valueChanged.connect(self._on_threshold)
        self.histogram.threshold_dragged.connect(self._on_threshold)
        self.distance.valueChanged.connect(self._on_distance)
        listen(ends, self._reviews.changed, self._on_review)
        self.refresh()

    def refresh(self) -> None:
        """Show what the review of the chosen tomogram holds."""
        review = self._review
        self.setEnabled(review is not None)
        if review is None:
            self.count.setText("no detection yet")
            self.histogram.set_scores(np.empty(0))
            return
        scores = review.table.scores
        scores = scores[~np.isnan(scores)]
        with signals_blocked(self.slider), signals_blocked(self.threshold):
            self.slider.setValue(review.threshold)
            self.threshold.setValue(review.threshold)
        self.distance.setEnabled(review.summits is not None)
        if review.summits is not None:
            with signals_blocked(self.distance):
                self.distance.setValue(review.summits.distance)
        self.histogram.set_scores(scores)
        self.histogram.set_threshold(review.threshold)
        above = int((scores >= review.threshold).sum())
        self.count.setText(f"{above} of {counted(len(scores), 'candidate')}")

    @property
    def _review(self) -> Review | None:
        return self._reviews.review(self._workspace.layer)

    def _on_review(self, layer_id: str) -> None:
        if layer_id == self._workspace.current:
            self.refresh()

    def _on_threshold(self, value: float) -> None:
        if self._review is not None:
            self._review.set_threshold(round(float(value), 3))

    def _on_distance(self, value: float) -> None:
        review = self._review
        if review is not None and review.minimum_distance != value:
            self._status.guard(lambda: intake.set_minimum_distance(review, value))

    def _on_save(self) -> None:
        layer = self._workspace.layer
        if layer is None:
            return
        folder = (path_of(layer) or Path("x")).absolute().parent
        if folder == cache_folder():  # of the sample: nobody looks for their motors there
            folder = Path.home()
        text = self._status.guard(lambda: ask_and_save(self._reviews.points(layer), folder, self))
        if text:
            self._status.say(text)
