"""The Motorscope panel: composition of its groups, and their end."""

from functools import partial
from pathlib import Path
from typing import Any, cast

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import QApplication, QFrame, QScrollArea, QVBoxLayout, QWidget

from motorscope.contract import ModelOption
from motorscope.errors import ModelError, TomogramError
from motorscope.plugin.actions import ReviewActions
from motorscope.plugin.jobs import Task
from motorscope.plugin.session import Session
from motorscope.plugin.settings import preferences
from motorscope.plugin.widgets.canvas import CanvasContext
from motorscope.plugin.widgets.comparison import ComparisonControls
from motorscope.plugin.widgets.controls import mind_wheel_and_keys
from motorscope.plugin.widgets.detections import DetectionControls
from motorscope.plugin.widgets.encoder import EncoderControls
from motorscope.plugin.widgets.model import ModelControls
from motorscope.plugin.widgets.parts import Section, StatusLine
from motorscope.plugin.widgets.review import ReviewControls
from motorscope.plugin.widgets.run import RunControls
from motorscope.plugin.widgets.runner import CancelTokens, JobRunner
from motorscope.plugin.widgets.tomogram import TomogramControls

GALLERY = "Motorscope gallery"
"""Name of the gallery's dock."""

QUEUE = "Motorscope queue"
"""Name of the queue's dock."""


class MotorscopeWidget(QWidget):
    """Find motors, look at the heatmap, the candidates and what the encoder sees.

    Signals
    -------
    closed
        Emitted when the panel was taken out of the window.
    """

    closed = Signal()

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self.session = Session(napari_viewer)
        self.runner = JobRunner(self)
        self.status = StatusLine()
        self._preferences = preferences()
        if self._preferences.project_folder:
            self.session.desk.folder = Path(self._preferences.project_folder).expanduser()
        self._find_wanted = False
        self.tomogram = TomogramControls(self.session, self.status)
        self.model = ModelControls(self.session, self.runner, self._preferences, self.status)
        self.run = RunControls(self.session, self.runner, self.status, self.new_task)
        self.detections = DetectionControls(self.session, self.status)
        self.actions = ReviewActions(napari_viewer, self.session.desk)
        self.actions.bind()
        self._context = CanvasContext(napari_viewer, self)
        self.review = ReviewControls(self.session, self.actions, self.status)
        self.comparison = ComparisonControls(self.session, self.status)
        self._viewer = napari_viewer
        self.encoder = EncoderControls(
            self.session, self.runner, self.status, self.new_feature_task
        )

        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 2, 2)
        column.setSpacing(4)
        for title, group in (
            ("Tomogram", self.tomogram),
            ("Model", self.model),
            ("Find motors", self.run),
            ("Detections", self.detections),
            ("Review", self.review),
            ("Other picks", self.comparison),
            ("Encoder", self.encoder),
        ):
            section = Section(title, group, open_=group is not self.comparison)
            column.addWidget(section)
            if group is self.comparison:
                self.comparison.arrived.connect(partial(section.header.setChecked, True))
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(content.minimumSizeHint().width() + 20)  # nothing is cut off
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.comparison.foot)
        layout.addWidget(self.status)

        self.review.gallery.clicked.connect(self.show_gallery)
        self.tomogram.queue.clicked.connect(lambda: self.show_queue())
        self.tomogram.changed.connect(self._on_tomogram)
        self.model.changed.connect(self._on_model)
        self.runner.busy_changed.connect(self._update_buttons)
        self._on_tomogram()
        self._on_model()
        mind_wheel_and_keys(self)
        QApplication.instance().focusWindowChanged.connect(self._on_focus_window)
        # A closed viewer destroys this widget without a close event; the callback must not keep
        # the widget alive.
        self.destroyed.connect(partial(_let_go, *self._held()))

    def new_task(self, **options: Any) -> Task:
        """Return a detection of the chosen tomogram; `options` as for `Session.new_task`.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        layer, option = self._chosen()
        return self.session.new_task(layer, option, **self._where(), **options)

    def new_feature_task(self, stage: int) -> Task:
        """Return a computation of a stage's maps for the chosen tomogram.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        layer, option = self._chosen()
        return self.session.new_feature_task(layer, option, stage, **self._where())

    def _held(self) -> tuple[Session, CancelTokens, ReviewActions, CanvasContext]:
        """Return what ends with the panel."""
        return self.session, self.runner.tokens, self.actions, self._context

    def _chosen(self) -> tuple[Layer, ModelOption]:
        layer, option = self.tomogram.layer(), self.model.option()
        if self.tomogram.problem() or layer is None:
            raise TomogramError(self.tomogram.problem())
        if self.model.problem() or option is None:
            raise ModelError(self.model.problem())
        return layer, option

    def _where(self) -> dict[str, Any]:
        return {
            "device": self.model.device.currentData(),
            "precision": self._preferences.precision,
        }

    def show_gallery(self) -> None:
        """Show the motors as pictures, in a dock of their own."""
        from motorscope.plugin.widgets.gallery import GalleryWidget

        window = self._viewer.window
        for widget in window.dock_widgets.values():
            if isinstance(widget, GalleryWidget) and widget.parentWidget() is not None:
                widget.parentWidget().show()
                return
        window.add_dock_widget(GalleryWidget(self._viewer), name=GALLERY, area="bottom")

    def show_queue(self, source: Path | None = None) -> None:
        """Show the queue of tomograms, in a dock of its own; read a folder or a list into it."""
        from motorscope.plugin.widgets.queue import QueueWidget

        window = self._viewer.window
        docked = [each for each in window.dock_widgets.values() if each.parentWidget() is not None]
        queue = next((each for each in docked if isinstance(each, QueueWidget)), None)
        if queue is None:
            queue = QueueWidget(self._viewer)
            window.add_dock_widget(queue, name=QUEUE, area="right", tabify=True)
        else:
            queue.parentWidget().show()
            queue.parentWidget().raise_()
        if source is not None:
            queue.open(source)

    def find_when_ready(self) -> None:
        """Begin a detection as soon as tomogram, spacing and model are there."""
        self._find_wanted = True
        self._update_buttons()

    def sizeHint(self) -> QSize:
        """Wide enough for every label."""
        return QSize(340, 640)

    def event(self, event: QEvent | None) -> bool:
        """Notice that the dock was removed: napari then only takes this widget out of it."""
        left = (
            event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None
        )
        if left:
            _let_go(*self._held())
            self.closed.emit()
        return bool(super().event(event))

    def _on_focus_window(self, *_: object) -> None:
        """Hide nothing any longer: a key that comes up in another window is not heard of."""
        self.actions.bare.release()

    def _on_tomogram(self) -> None:
        self.detections.set_layer(self.tomogram.layer())
        self.comparison.set_layer(self.tomogram.layer())
        self.review.set_layer(self.tomogram.layer())
        self._update_buttons()

    def _on_model(self) -> None:
        self.run.set_option(self.model.option())
        self.encoder.set_option(self.model.option())
        self._update_buttons()

    def _update_buttons(self) -> None:
        able = not (self.runner.busy or self.tomogram.problem() or self.model.problem())
        self.run.job.button.setEnabled(able)
        self.encoder.job.button.setEnabled(able)
        if able and self._find_wanted:
            self._find_wanted = False
            self.run.start()


def panel_of(viewer: ViewerModel) -> MotorscopeWidget:
    """Return the panel of a viewer; it is opened where there is none."""
    for widget in viewer.window.dock_widgets.values():
        if isinstance(widget, MotorscopeWidget):
            return widget
    _, widget = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
    return cast("MotorscopeWidget", widget)


def _let_go(
    session: Session,
    tokens: CancelTokens,
    actions: ReviewActions,
    context: CanvasContext,
    *_: object,
) -> None:
    tokens.cancel_all()
    context.close()
    actions.unbind()
    session.close()
