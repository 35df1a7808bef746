"""Which network is looked into: the workspace's model, or an encoder without a detector."""

from contextlib import ExitStack

from psygnal import Signal

from motorscope.contract import ModelOption, ModelRef, ModelRequest
from motorscope.contract.models import labels
from motorscope.engine.question import Question, Runner
from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.subject import chosen_volume
from motorscope.plugin.workspace import Workspace
from motorscope.tomogram import Tomogram


class NetworkChoice:
    """What is looked into, and what else could be.

    Attributes
    ----------
    bare
        The encoder alone that is looked into; ``None``: it is the workspace's model.
    encoders
        The encoders alone that were opened.
    loading
        What is asked.
    changed
        Emitted when another network is looked into.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace, runner: Runner) -> None:
        self.workspace = workspace
        self.bare: ModelOption | None = None
        self.encoders: tuple[ModelOption, ...] = ()
        self.loading: Question[ModelOption] = Question(runner, workspace.engine)
        self._ends = ExitStack()
        self._ends.callback(self.changed.disconnect)
        self._ends.callback(self.loading.drop)
        listen(self._ends, workspace.events.model, self._on_model)

    def close(self) -> None:
        """Drop what is asked, and let go of the workspace."""
        self._ends.close()

    @property
    def option(self) -> ModelOption | None:
        """What is looked into."""
        return self.bare or self.workspace.model

    @property
    def options(self) -> tuple[ModelOption, ...]:
        """What can be looked into: the workspace's models, and encoders that were opened."""
        return (*self.workspace.options, *self.encoders)

    def label(self, option: ModelOption) -> str:
        """Return what stands for an option in a list with the others."""
        return labels([*(each for each in self.options if each != option), option])[-1]

    @property
    def problem(self) -> str:
        """Why nothing can be looked at; empty if something can."""
        workspace = self.workspace
        return workspace.tomogram_problem or ("" if self.bare else workspace.model_problem)

    def volume(self) -> tuple[Tomogram, ModelOption]:
        """Return the chosen tomogram and what it is looked at with; see `chosen_volume`."""
        return chosen_volume(self.workspace, self.bare)

    def choose(self, option: ModelOption) -> None:
        """Look into a model, which becomes the workspace's, or into an encoder alone."""
        self.bare = None if option.detects else option
        if option.detects:
            self.workspace.model = option
        self.changed.emit()

    def open_file(self, path: str) -> None:
        """Load a model or an encoder alone from a file, and look into it."""

        def then(option: ModelOption) -> None:
            if option.detects:
                self.workspace.add(option)
            else:
                others = [each for each in self.encoders if each.choice != option.choice]
                self.encoders = (*others, option)
            self.choose(option)

        self.loading.ask(ModelRequest(ModelRef(path)), then)

    def _on_model(self) -> None:
        """Look into the workspace's model when another one is chosen."""
        self.bare = None
        self.changed.emit()
