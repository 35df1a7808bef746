"""Which layer is the tomogram, and how large its voxels are."""

from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)
from superqt.utils import signals_blocked

from motorscope.errors import TomogramError
from motorscope.plugin.layers import check_source, identity, spacing_of, suggested_spacing
from motorscope.plugin.session import Session
from motorscope.plugin.widgets.choice_box import ChoiceBox
from motorscope.plugin.widgets.parts import AMBER, Hint, StatusLine


class TomogramControls(QWidget):
    """Layer choice, shape and spacing.

    Signals
    -------
    changed
        Another tomogram was chosen, or its spacing was set.
    """

    changed = Signal()

    def __init__(self, session: Session, status: StatusLine) -> None:
        super().__init__()
        self._session, self._status = session, status
        self._shown: tuple[object, ...] = ()
        self.choice = ChoiceBox()
        self.choice.setToolTip("The image layer to search; any reader's will do.")
        self.queue = QPushButton("Queue…")
        self.queue.setToolTip("Open a folder of tomograms, and go from one to the next.")
        self.shape = QLabel("–")
        self.spacing = QLineEdit()
        self.spacing.setPlaceholderText("unknown: type it here")
        self.spacing.setToolTip(
            "Distance of neighbouring voxels in Å: one number, or three for z, y and x.\n"
            "Press Enter or Set to apply it to the layer."
        )
        self.set = QPushButton("Set")
        self.set.setToolTip("Give the layer this spacing.")
        self.hint = Hint(AMBER)
        row = QHBoxLayout()
        row.addWidget(self.spacing, 1)
        row.addWidget(QLabel("Å"))
        row.addWidget(self.set)
        form = QFormLayout(self)
        form.setContentsMargins(6, 0, 6, 4)
        layers = QHBoxLayout()
        layers.addWidget(self.choice, 1)
        layers.addWidget(self.queue)
        form.addRow("Layer", layers)
        form.addRow("Shape", self.shape)
        form.addRow("Spacing", row)
        form.addRow(self.hint)
        self.choice.currentIndexChanged.connect(self._on_chosen)
        self.set.clicked.connect(self._on_set)
        self.spacing.returnPressed.connect(self._on_set)
        self.spacing.textEdited.connect(self._on_edited)
        session.layers_changed.connect(self.refresh)
        self.refresh()

    def layer(self) -> Layer | None:
        """Return the chosen layer."""
        chosen = self.choice.currentData()
        return None if chosen is None else self._session.layer(chosen)

    def problem(self) -> str:
        """Return why the chosen layer cannot be searched as it is; empty if it can."""
        layer = self.layer()
        if layer is None:
            return "Open a tomogram: File › Open, or File › Open Sample › Motorscope."
        try:
            check_source(layer)
        except TomogramError as error:
            return str(error)
        if spacing_of(layer) is not None:
            return ""
        if suggested_spacing(layer) is not None:
            return (
                "The layer has a scale without a unit. If it is the voxel spacing in Å, press Set."
            )
        return "The file does not say how large a voxel is. Type the spacing in Å and press Set."

    def refresh(self) -> None:
        """Follow the viewer's layers; a tomogram that has just come is chosen."""
        layers = self._session.tomogram_layers()
        known = {self.choice.itemData(row) for row in range(self.choice.count())}
        new = [layer for layer in layers if identity(layer) not in known]
        before = self.choice.currentData()
        wanted = identity(new[-1]) if new else before
        with signals_blocked(self.choice):
            self.choice.clear()
            for layer in layers:
                self.choice.addItem(layer.name, identity(layer))
            row = self.choice.findData(wanted)
            self.choice.setCurrentIndex(row if row >= 0 else self.choice.count() - 1)
        self._on_chosen()

    def _on_chosen(self) -> None:
        layer = self.layer()
        spacing = None if layer is None else spacing_of(layer)
        state = (self.choice.currentData(), spacing, self.problem())
        if state == self._shown:
            return
        self._shown = state
        self.shape.setText("–" if layer is None else _describe(layer))
        proposed = spacing or (suggested_spacing(layer) if layer is not None else None)
        self.spacing.setText("" if proposed is None else _format(proposed))
        self.spacing.setEnabled(layer is not None)
        self.hint.setText(self.problem())
        unknown = layer is not None and spacing is None
        self.spacing.setStyleSheet(f"border: 1px solid {AMBER};" if unknown else "")
        self.set.setEnabled(unknown and proposed is not None)
        self.changed.emit()

    def _on_edited(self) -> None:
        self.set.setEnabled(bool(self.spacing.text().strip()) and self.layer() is not None)

    def _on_set(self) -> None:
        layer, text = self.layer(), self.spacing.text()
        if layer is not None:
            self._status.guard(lambda: self._session.set_spacing(layer, text))
            self.set.setEnabled(spacing_of(layer) is None)


def _describe(layer: Layer) -> str:
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    sides = " × ".join(str(side) for side in shape)
    return f"{sides}, {layer.dtype}"


def _format(spacing: tuple[float, float, float]) -> str:
    numbers = [f"{each:.6g}" for each in spacing]
    return numbers[0] if len(set(numbers)) == 1 else " ".join(numbers)
