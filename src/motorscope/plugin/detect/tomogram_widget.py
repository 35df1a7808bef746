"""Which layer is the tomogram, how large its voxels are, and how dense things look."""

from qtpy.QtWidgets import QLabel, QLineEdit, QWidget
from superqt.utils import signals_blocked

from motorscope.plugin.panel import TomogramState
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import in_form, in_row
from motorscope.plugin.qt.making import button
from motorscope.plugin.qt.parts import AMBER, Hint, StatusLine
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import Workspace
from motorscope.tomogram.grid import parse_spacing


class TomogramControls(QWidget):
    """Layer choice, shape, spacing, and whether dense things are dark."""

    def __init__(self, workspace: Workspace, status: StatusLine) -> None:
        super().__init__()
        self._workspace, self._status = workspace, status
        self._reviews = ReviewController.of(workspace)
        self._shown = TomogramState()
        self.choice = ChoiceBox("The image layer to search; any reader's will do.")
        self.queue = button("Queue…", "Open a folder of tomograms, and go from one to the next.")
        self.shape = QLabel(self._shown.shape)
        self.spacing = QLineEdit()
        self.spacing.setPlaceholderText("unknown: type it here")
        self.spacing.setToolTip(
            "Distance of neighbouring voxels in Å: one number, or three for z, y and x.\n"
            "Press Enter or Set to apply it to the layer."
        )
        self.set = button("Set", "Give the layer this spacing.", self._on_set)
        self.density = ChoiceBox(
            "How membranes and other dense things look in the tomogram. The network learned from\n"
            "dark ones; a tomogram in which they are bright is inverted for it.",
            [("automatic", None), ("dark", "dark"), ("bright", "bright")],
        )
        self.hint = Hint(AMBER)
        in_form(
            self,
            ("Layer", in_row(self.choice, self.queue)),
            ("Shape", self.shape),
            ("Spacing", in_row(self.spacing, QLabel("Å"), self.set)),
            ("Density", self.density),
            self.hint,
        )
        self.choice.currentIndexChanged.connect(self._on_chosen)
        self.spacing.returnPressed.connect(self._on_set)
        self.spacing.textEdited.connect(self._on_edited)
        self.density.currentIndexChanged.connect(self._on_density)

    def show_state(self, state: TomogramState) -> None:
        """Show the tomograms and the chosen one; what is being typed stays until that changes."""
        before, self._shown = self._shown, state
        if state == before:
            return
        with signals_blocked(self.choice), signals_blocked(self.density):
            self.choice.fill((name, layer_id) for layer_id, name in state.layers)
            self.choice.choose(state.chosen)
            self.density.choose(state.density)
        self.hint.setText(state.problem or state.doubt)
        for part in (self.spacing, self.density):
            part.setEnabled(bool(state.chosen))
        self.shape.setText(state.shape)
        asked = bool(state.chosen) and (not state.known or bool(state.doubt))
        self.spacing.setStyleSheet(f"border: 1px solid {AMBER};" if asked else "")
        if (state.chosen, state.spacing) != (before.chosen, before.spacing) or state.known:
            self.spacing.setText(state.spacing)
            self.set.setEnabled(state.settable)

    def _on_chosen(self) -> None:
        self._workspace.current = self.choice.currentData() or ""

    def _on_edited(self) -> None:
        self.set.setEnabled(bool(self.spacing.text().strip() and self._shown.chosen))

    def _on_density(self) -> None:
        if self._workspace.layer is not None:
            self._reviews.set_density(self._workspace.layer, self.density.currentData())

    def _on_set(self) -> None:
        if self._workspace.layer is not None:
            self._status.guard(self._set)

    def _set(self) -> None:
        layer, spacing = self._workspace.layer, parse_spacing(self.spacing.text())
        assert layer is not None
        self._reviews.set_spacing(layer, spacing)
        self.set.setEnabled(False)
