"""Which network, and where it runs."""

import re
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QWidget,
)
from superqt.utils import signals_blocked

from motorscope.contract import Inventory, ModelOption, ModelRef
from motorscope.engine import Failure
from motorscope.errors import ModelError
from motorscope.plugin.jobs import inventory_job, open_model_job
from motorscope.plugin.session import Session
from motorscope.plugin.settings import Preferences
from motorscope.plugin.widgets.choice_box import ChoiceBox
from motorscope.plugin.widgets.parts import Hint, StatusLine
from motorscope.plugin.widgets.runner import JobRunner

FILES = "Models (*.json *.safetensors *.pt *.pth);;All files (*)"


class ModelControls(QWidget):
    """Model choice, what its card says, and the device.

    Signals
    -------
    changed
        Another model was chosen, or it has become ready.
    """

    changed = Signal()

    def __init__(
        self, session: Session, runner: JobRunner, preferences: Preferences, status: StatusLine
    ) -> None:
        super().__init__()
        self._session, self._runner, self._status = session, runner, status
        self._preferences = preferences
        self._options: list[ModelOption] = []
        self._wanted: str | None = None
        self.choice = ChoiceBox()
        self.choice.setToolTip("The network that looks for motors.")
        self.choice.addItem("loading…")
        self.choice.setEnabled(False)
        self.open = QPushButton("Open file…")
        self.open.setToolTip(
            "A model card (.json), weights with a card beside them (.safetensors),\n"
            "or a checkpoint of the reference method (.pt)."
        )
        self.open.setEnabled(False)
        self.card = Hint()
        self.device = ChoiceBox()
        self.device.setToolTip("Where the network runs; Automatic takes the fastest device.")
        self.device.addItem("Automatic", "auto")
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(self.open)
        form = QFormLayout(self)
        form.setContentsMargins(6, 0, 6, 4)
        form.addRow("Model", row)
        form.addRow(self.card)
        form.addRow("Device", self.device)
        self.choice.currentIndexChanged.connect(self._on_chosen)
        self.open.clicked.connect(self._on_open)
        runner.start(inventory_job, session.engine, preferences.model, on_result=self._on_inventory)

    def option(self) -> ModelOption | None:
        """Return the chosen model, or ``None`` before the list has loaded."""
        row = self.choice.currentIndex()
        return self._options[row] if 0 <= row < len(self._options) else None

    def problem(self) -> str:
        """Return why the chosen model cannot be run; empty if it can."""
        option = self.option()
        if option is None:
            return "The models are being loaded."
        return "" if option.ready else f"'{option.label}' needs its weights: press Open file…."

    def choose(self, name: str) -> None:
        """Choose a listed model, or open a file; before the list has loaded, remember it.

        Raises
        ------
        ModelError
            If there is neither.
        """
        if not self._options:
            self._wanted = name
            return
        names = [option.choice.name for option in self._options]
        if name in names:
            self.choice.setCurrentIndex(names.index(name))
        elif Path(name).exists():
            self.open_file(Path(name))
        else:
            raise ModelError(f"There is no model '{name}'; choose {', '.join(names)}, or a file.")

    def open_file(self, path: Path) -> None:
        """Load a model, or the weights that the chosen one lacks, from a file, and choose it."""
        option = self.option()
        if option is not None and not option.ready and path.suffix != ".json":
            choice = ModelRef(option.choice.name, weights=path)
        else:
            choice = ModelRef(str(path))
        self.card.setText(f"Loading {path.name}…")
        self._runner.start(open_model_job, self._session.engine, choice, on_result=self._on_opened)

    def offer(self, option: ModelOption) -> None:
        """Add a model to the list, and choose it."""
        self._options = [each for each in self._options if each.choice != option.choice]
        self._options.append(option)
        self._fill(len(self._options) - 1)

    def _on_inventory(self, result: Inventory | Failure | None) -> None:
        if result is None:
            return
        if isinstance(result, Failure):
            self._status.warn(result.text)
            return
        self._options = list(result.options)
        self.device.clear()
        for value, text in result.devices:
            self.device.addItem(text, value)
        row = self.device.findData(self._preferences.device)
        if row < 0:  # set by hand in the preferences, such as cuda:3
            self.device.addItem(self._preferences.device, self._preferences.device)
            row = self.device.count() - 1
        self.device.setCurrentIndex(row)
        self.choice.setEnabled(True)
        self.open.setEnabled(True)
        self._fill(0)
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._status.guard(lambda: self.choose(wanted))

    def _on_opened(self, result: ModelOption | Failure | None) -> None:
        if isinstance(result, Failure):
            self._status.warn(result.text)
        elif result is not None:
            self.offer(result)
            return
        self._on_chosen()

    def _fill(self, row: int) -> None:
        with signals_blocked(self.choice):
            self.choice.clear()
            for option in self._options:
                self.choice.addItem(option.label)
            self.choice.setCurrentIndex(row)
        self._on_chosen()

    def _on_chosen(self) -> None:
        option = self.option()
        self.card.setText("" if option is None else describe(option))
        self.card.setToolTip("" if option is None else describe_fully(option))
        self.changed.emit()

    def _on_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a model", "", FILES)
        if path:
            self.open_file(Path(path))


def describe(option: ModelOption) -> str:
    """Return what a card says, in a few lines."""
    card = option.card
    recipe = card.input
    voxels = (
        f"{recipe.spacing:g} Å voxels"
        if recipe.spacing is not None
        else "resized to " + "×".join(str(side) for side in recipe.shape or ())
    )
    lines = [card.description, f"Input: {voxels}."]
    if card.training_data:
        lines.append(f"Training data: {re.split('[;.]', card.training_data)[0].lower()}.")
    if not option.ready:
        lines.append("Comes without weights: press Open file… and choose the checkpoint.")
    return "\n".join(line for line in lines if line)


def describe_fully(option: ModelOption) -> str:
    """Return the rest of what a card says, for a tooltip."""
    card = option.card
    facts: list[tuple[str, Any]] = [
        ("Trained on", card.training_data),
        ("Licence", card.licence),
        ("Threshold", card.default_threshold),
        ("Flips", "averaged over" if card.flips else "not used"),
        ("Motors at least apart", f"{card.minimum_distance:g} Å"),
        *((key, value) for key, value in card.metrics.items() if not isinstance(value, dict)),
    ]
    return "\n".join(f"{name}: {value}" for name, value in facts if value not in ("", None))
