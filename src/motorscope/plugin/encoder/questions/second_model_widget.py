"""Compare with another model."""

from contextlib import ExitStack

from qtpy.QtWidgets import QWidget
from superqt.utils import signals_blocked

from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.questions.second_model import SecondModelController
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import in_form
from motorscope.plugin.qt.making import check_box
from motorscope.plugin.qt.parts import Hint, JobBar, StatusLine


class SecondModelControls(QWidget):
    """The other model, and what of both is compared."""

    def __init__(
        self, controller: SecondModelController, status: StatusLine, ends: ExitStack
    ) -> None:
        super().__init__()
        self._controller = controller
        self.other = ChoiceBox("The model to compare with; open more of them above, under Model.")
        self.other.setPlaceholderText("no other model yet")
        self.detections = JobBar(
            "Compare heatmaps",
            "Detect with both models: both heatmaps and their difference become layers,\n"
            "and squares show which candidates both find.",
        )
        self.stage = JobBar(
            "Compare the stage",
            "Show the chosen stage of both models in the same colors: the principal\n"
            "components of the chosen model, and what of the other is like them.",
        )
        self.words = Hint()
        self.beside = check_box(
            "Side by side", "Show what was compared side by side, without the other layers."
        )
        in_form(self, ("With", self.other), self.detections, self.stage, self.words, self.beside)
        self.other.currentIndexChanged.connect(self._on_other)
        self.detections.started.connect(lambda: status.begin(controller.compare_detections))
        self.stage.started.connect(lambda: status.begin(controller.compare_stage))
        self.detections.follow(ends, controller.detecting)
        self.stage.follow(ends, controller.looking)
        self.beside.toggled.connect(controller.show_side_by_side)
        listen(ends, controller.changed, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is chosen, and what was found."""
        controller = self._controller
        others, other = controller.others, controller.other
        with signals_blocked(self.other), signals_blocked(self.beside):
            self.other.fill((controller.encoder.network.label(each), None) for each in others)
            self.other.setCurrentIndex(-1 if other is None else others.index(other))
            self.beside.setChecked(controller.side_by_side)
        able = other is not None and not controller.encoder.network.problem
        for job in (self.detections, self.stage):
            job.button.setEnabled(able)
        if controller.encoder.network.bare is not None:
            self.detections.button.setEnabled(False)
        self.stage.button.setText(f"Compare {controller.encoder.stage}")
        self.beside.setVisible(controller.comparable)
        self.words.setText(controller.words)

    def _on_other(self, row: int) -> None:
        self._controller.choose(self._controller.others[row] if row >= 0 else None)
