"""What a person has open and has chosen in one viewer: the state that every dock shows.

Docks come and go, and none is asked what the state is. The workspace lives for as long as one of
them holds it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.notifications import show_error
from psygnal import SignalGroupDescriptor

from motorscope.contract import Inventory, ModelOption
from motorscope.errors import ModelError, TomogramError
from motorscope.plugin.connections import listen
from motorscope.plugin.detect.controller import Session
from motorscope.plugin.detect.jobs import Task
from motorscope.plugin.document import OpenTomogram
from motorscope.plugin.layers.source import check_source, spacing_of, suggested_spacing
from motorscope.plugin.review.commands import ReviewActions
from motorscope.plugin.settings import preferences

WHOLE, IN_VIEW = "whole", "in view"
"""Regions that can be searched."""

_OPEN: WeakValueDictionary[int, "Workspace"] = WeakValueDictionary()


@dataclass(eq=False)
class Choices:
    """What a person has chosen; `events` has a signal for every field.

    Attributes
    ----------
    current
        Identity of the tomogram's layer that is worked on; empty without one.
    options, devices
        Models, and devices as pairs of name and description, to choose from; no models until they
        have been looked for.
    model, device, precision
        Which network, and how it runs.
    flips
        Whether to average over mirror images; follows the model until a person says otherwise.
    region
        `WHOLE` or `IN_VIEW`.
    stage
        Number of the encoder's stage to show, stem 0.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    current: str = ""
    options: tuple[ModelOption, ...] = ()
    devices: tuple[tuple[str, str], ...] = (("auto", "Automatic"),)
    model: ModelOption | None = None
    device: str = "auto"
    precision: str = "auto"
    flips: bool = False
    region: str = WHOLE
    stage: int = 0


class Workspace(Choices):
    """The state of the plugin in one viewer, and what is done with it.

    Attributes
    ----------
    viewer
        The viewer.
    session, actions
        What is done.
    news
        The last sentence of a review, and whether it is a warning: for a dock that opens later.
    """

    def __init__(self, viewer: ViewerModel, precision: str = "auto") -> None:
        super().__init__(precision=precision)
        self.viewer = viewer
        self.session = Session(self.viewer)
        self.actions = ReviewActions(self.viewer, self.session.desk)
        self.news = ("", False)
        self._holders = 0
        self._ends = ExitStack()
        self._ends.callback(self.session.close)
        self._ends.callback(self.actions.unbind)
        listen(self._ends, self.events.current, self._on_current)
        listen(self._ends, self.events.model, self._on_model)
        listen(self._ends, self.session.tomograms.changed, self._on_tomograms)
        listen(self._ends, viewer.layers.selection.events.active, self._on_active)
        listen(self._ends, self.session.desk.said, self._on_said)
        listen(self._ends, self.session.desk.warned, self._on_warned)
        self._on_tomograms()

    def close(self) -> None:
        """Let go of the viewer; layers stay. May be called more than once."""
        _OPEN.pop(hash(self.viewer), None)
        self._ends.close()

    def hold(self) -> Callable[[], None]:
        """Keep the workspace open until the returned function is called; the last one closes it."""
        if not self._holders:
            self.actions.bind()
        self._holders += 1
        end = ExitStack()
        end.callback(self._release)
        return end.close  # a second call does nothing

    # The tomogram

    @property
    def tomogram(self) -> OpenTomogram | None:
        """The tomogram that is worked on."""
        return self.session.tomograms.get(self.current)

    @property
    def layer(self) -> Layer | None:
        """The layer of the tomogram that is worked on."""
        tomogram = self.tomogram
        return None if tomogram is None else tomogram.layer

    @property
    def tomogram_problem(self) -> str:
        """Why the chosen tomogram cannot be searched as it is; empty if it can."""
        layer = self.layer
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

    # The model

    @property
    def model_problem(self) -> str:
        """Why the chosen model cannot be run; empty if it can."""
        if self.model is None:
            return "The models are being loaded."
        if self.model.ready:
            return ""
        return f"'{self.model.label}' needs its weights: press Open file…."

    def take_inventory(self, inventory: Inventory) -> None:
        """Take what models and devices there are; what a person has chosen stays."""
        wanted = preferences().device
        if self.options:
            return
        self.options = inventory.options
        known = {name for name, _ in inventory.devices}
        # One that is set by hand in the preferences, such as cuda:3, is believed.
        self.devices = (
            inventory.devices if wanted in known else (*inventory.devices, (wanted, wanted))
        )
        self.device = wanted
        self.model = inventory.options[0] if inventory.options else None

    def offer(self, option: ModelOption) -> None:
        """Add a model to the list, and choose it."""
        others = tuple(each for each in self.options if each.choice != option.choice)
        self.options = (*others, option)
        self.model = option

    def chosen(self) -> tuple[Layer, ModelOption]:
        """Return the layer of the tomogram that is worked on, and the model.

        Raises
        ------
        MotorscopeError
            If one of them is missing, or cannot be used; it says what.
        """
        layer, option = self.layer, self.model
        if self.tomogram_problem or layer is None:
            raise TomogramError(self.tomogram_problem)
        if self.model_problem or option is None:
            raise ModelError(self.model_problem)
        return layer, option

    # Runs

    def new_task(self) -> Task:
        """Return a detection of what is chosen.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        layer, option = self.chosen()
        return self.session.new_task(
            layer,
            option,
            in_view=self.region == IN_VIEW,
            flips=self.flips,
            device=self.device,
            precision=self.precision,
        )

    def new_feature_task(self) -> Task:
        """Return a computation of the chosen stage's maps of the chosen tomogram.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        layer, option = self.chosen()
        return self.session.new_feature_task(
            layer, option, self.stage, device=self.device, precision=self.precision
        )

    # Inner parts

    def _release(self) -> None:
        self._holders -= 1
        if not self._holders:
            self.close()

    def _on_tomograms(self) -> None:
        """Choose another tomogram where the chosen one has gone; napari selects a new one."""
        there = [tomogram.id for tomogram in self.session.tomograms]
        if self.current not in there:
            self.current = there[-1] if there else ""

    def _on_said(self, text: str) -> None:
        self.news = (text, False)

    def _on_warned(self, text: str) -> None:
        self.news = (text, True)
        show_error(text)

    def _on_active(self, event: Any) -> None:
        """Follow a person to the tomogram of the layer that is selected."""
        tomograms = self.session.tomograms
        owner = tomograms.owner(event.value) if tomograms.settled else None
        if owner is not None:
            self.current = owner.id

    def _on_current(self) -> None:
        self.actions.bare.release()
        self._show_current()
        self.actions.layer = self.layer
        self.session.restore(self.layer)

    def _show_current(self) -> None:
        """Show the chosen tomogram and its results; hide other volumes, and what is theirs."""
        current, tomograms = self.tomogram, self.session.tomograms
        if current is None:
            return
        for tomogram in tomograms:
            if tomogram is not current and tomogram.layer.ndim == 3:
                tomogram.hide()
        current.show()
        selection = self.viewer.layers.selection
        owner = tomograms.owner(selection.active)
        if owner is not None and owner is not current:
            with tomograms.quiet():
                selection.active = current.layer

    def _on_model(self) -> None:
        """Average over flips as the model was measured; begin with a stage in the middle."""
        if self.model is not None:
            self.flips = self.model.card.flips
            self.stage = min(2, len(self.model.stages) - 1)


def workspace_of(viewer: ViewerModel) -> Workspace:
    """Return the workspace of a viewer; it is made where there is none."""
    workspace = _OPEN.get(hash(viewer))  # of the viewer itself, whichever proxy stands for it
    if workspace is None:
        settings = preferences()
        workspace = _OPEN[hash(viewer)] = Workspace(viewer, precision=settings.precision)
        if settings.project_folder:
            workspace.session.desk.folder = Path(settings.project_folder).expanduser()
    return workspace
