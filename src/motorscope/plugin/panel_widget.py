"""The Motorscope panel: composition of its groups."""

from functools import partial

from napari.components import ViewerModel
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QApplication, QWidget

from motorscope.plugin.compare.widget import ComparisonControls
from motorscope.plugin.connections import listen
from motorscope.plugin.detect.model_widget import ModelControls
from motorscope.plugin.detect.run_widget import RunControls
from motorscope.plugin.detect.threshold_widget import DetectionControls
from motorscope.plugin.detect.tomogram_widget import TomogramControls
from motorscope.plugin.panel import PanelState, panel_state
from motorscope.plugin.qt.controls import mind_wheel_and_keys
from motorscope.plugin.qt.dock import ENCODER, GALLERY, QUEUE, Dock, show_dock
from motorscope.plugin.qt.layouts import in_dock
from motorscope.plugin.qt.making import button
from motorscope.plugin.qt.parts import Section, StatusLine
from motorscope.plugin.review.widget import ReviewControls


class MotorscopeWidget(Dock):
    """Find motors, look at the heatmap and the candidates, and decide on them."""

    tall = True

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        workspace = self.workspace
        self.runner = self.new_runner()
        self.status = StatusLine()
        self.status.follow(workspace, self.ends)
        self._state: PanelState | None = None
        self._find_wanted = False
        self.tomogram = TomogramControls(workspace, self.status)
        self.model = ModelControls(workspace, self.runner, self.status)
        self.run = RunControls(workspace, self.runner, self.status)
        self.detections = DetectionControls(workspace, self.status, self.ends)
        self.review = ReviewControls(workspace, self.ends)
        self.comparison = ComparisonControls(workspace, self.status, self.ends)
        tip = "Look at what the network sees, and ask it why."
        self.encoder = button("Encoder…", tip, lambda: show_dock(napari_viewer, ENCODER))
        self._lay_out()

        self.review.gallery.clicked.connect(lambda: show_dock(napari_viewer, GALLERY))
        self.tomogram.queue.clicked.connect(lambda: show_dock(napari_viewer, QUEUE))
        self.runner.busy_changed.connect(self._refresh)
        listen(self.ends, workspace.events.all, self._refresh)
        listen(self.ends, workspace.tomograms.changed, self._refresh)
        QApplication.instance().focusWindowChanged.connect(self._on_focus_window)
        self._refresh()
        mind_wheel_and_keys(self)

    def find_when_ready(self) -> None:
        """Begin a detection as soon as tomogram, spacing and model are there."""
        self._find_wanted = True
        self._refresh()

    def sizeHint(self) -> QSize:
        """Wide enough for every label, and for the title of any dock in its place."""
        return QSize(380, 640)

    def _lay_out(self) -> None:
        parts = list[QWidget]()
        for title, group in (
            ("Tomogram", self.tomogram),
            ("Model", self.model),
            ("Find motors", self.run),
            ("Detections", self.detections),
            ("Review", self.review),
            ("Other picks", self.comparison),
        ):
            section = Section(title, group, open_=group is not self.comparison)
            parts.append(section)
            if group is self.comparison:
                self.comparison.arrived.connect(partial(section.header.setChecked, True))
        in_dock(self, [*parts, self.encoder], [self.comparison.foot, self.status])

    def _refresh(self, *_: object) -> None:
        """Show what has changed in the workspace."""
        before, state = self._state, panel_state(self.workspace, self.runner.busy)
        if state != before:
            self._state = state
            self.tomogram.show_state(state.tomogram)
            self.model.show_state(state.model)
            self.run.show_state(state.run)
        if before is None or state.tomogram != before.tomogram:
            if before is not None and state.tomogram.left(before.tomogram):
                self.status.say("")  # what was said is of that one
            self.detections.refresh()
            self.comparison.offer()
            self.review.follow()
        if self._find_wanted and state.run.able:
            self._find_wanted = False
            self.run.start()

    def _on_focus_window(self, *_: object) -> None:
        """Hide nothing any longer: a key that comes up in another window is not heard of."""
        self.workspace.bare.release()
