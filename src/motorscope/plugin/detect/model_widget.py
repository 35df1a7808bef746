"""Which network, and where it runs."""

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget
from superqt.utils import signals_blocked

from motorscope.contract import ModelOption, ModelRef, ModelRequest
from motorscope.engine import Failure, run_on
from motorscope.errors import ModelError
from motorscope.plugin.detect.models import look_for_models
from motorscope.plugin.panel import ModelState
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import in_form, in_row
from motorscope.plugin.qt.making import button
from motorscope.plugin.qt.parts import Hint, StatusLine
from motorscope.plugin.qt.runner import JobRunner
from motorscope.plugin.workspace import Workspace

FILES = "Models (*.json *.safetensors *.pt *.pth);;All files (*)"


class ModelControls(QWidget):
    """Model choice, what its card says, and the device."""

    def __init__(self, workspace: Workspace, runner: JobRunner, status: StatusLine) -> None:
        super().__init__()
        self._workspace, self._runner, self._status = workspace, runner, status
        self._shown = ModelState()
        self._wanted: str | None = None
        self.choice = ChoiceBox("The network that looks for motors.", [("loading…", None)])
        self.choice.setEnabled(False)
        self.open = button(
            "Open file…",
            "A model card (.json), weights with a card beside them (.safetensors),\n"
            "or a checkpoint of the reference method (.pt).",
            self._on_open,
        )
        self.open.setEnabled(False)
        self.card = Hint()
        self.device = ChoiceBox("Where the network runs; Automatic takes the fastest device.")
        row = in_row(self.choice, self.open)
        in_form(self, ("Model", row), self.card, ("Device", self.device))
        self.choice.currentIndexChanged.connect(self._on_chosen)
        self.device.currentIndexChanged.connect(self._on_device)
        if not workspace.options:
            look_for_models(workspace, runner, status.warn, self._on_inventory)

    def show_state(self, state: ModelState) -> None:
        """Show the models and the chosen one, and the devices."""
        before, self._shown = self._shown, state
        with signals_blocked(self.choice), signals_blocked(self.device):
            if state.labels:
                self.choice.fill((label, None) for label in state.labels)
            self.choice.setCurrentIndex(max(state.chosen, 0))
            self.device.fill((words, name) for name, words in state.devices)
            self.device.choose(state.device)
        for part in (self.choice, self.open):
            part.setEnabled(bool(state.labels))
        if (state.card, state.details) != (before.card, before.details):
            self._show_card()

    def choose(self, name: str) -> None:
        """Choose a listed model, or open a file; before the list has loaded, remember it.

        Raises
        ------
        ModelError
            If there is neither.
        """
        options = self._workspace.options
        if not options:
            self._wanted = name
            return
        names = [option.choice.name for option in options]
        if name in names:
            self._workspace.model = options[names.index(name)]
        elif Path(name).exists():
            self.open_file(Path(name))
        else:
            raise ModelError(f"There is no model '{name}'; choose {', '.join(names)}, or a file.")

    def open_file(self, path: Path) -> None:
        """Load a model, or the weights that the chosen one lacks, from a file, and choose it."""
        option = self._workspace.model
        if option is not None and not option.ready and path.suffix != ".json":
            choice = ModelRef(option.choice.name, weights=path)
        else:
            choice = ModelRef(str(path))
        self.card.setText(f"Loading {path.name}…")
        self._runner.start(
            run_on, self._workspace.engine, ModelRequest(choice), on_result=self._on_opened
        )

    def _on_inventory(self, known: bool) -> None:
        wanted = self._wanted
        if known and wanted is not None:
            self._wanted = None
            self._status.guard(lambda: self.choose(wanted))

    def _on_opened(self, result: ModelOption | Failure | None) -> None:
        if isinstance(result, Failure):
            self._status.warn(result.text)
        elif result is not None and not result.detects:
            self._status.warn(
                f"{result.label} is an encoder without a detector, which finds nothing; open it in "
                "the encoder's dock (Encoder…) to look into it."
            )
        elif result is not None:
            self._workspace.offer(result)
        self._show_card()

    def _show_card(self) -> None:
        self.card.setText(self._shown.card)
        self.card.setToolTip(self._shown.details)

    def _on_chosen(self, row: int) -> None:
        self._workspace.model = self._workspace.options[row]

    def _on_device(self) -> None:
        self._workspace.device = self.device.currentData()

    def _on_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a model", "", FILES)
        if path:
            self.open_file(Path(path))
