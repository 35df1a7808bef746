"""What a person has open and has chosen in one viewer: the state that every dock shows.

Docks come and go, and none is asked what the state is. The workspace lives for as long as one of
them holds it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, cast
from weakref import WeakValueDictionary

from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.notifications import show_error
from psygnal import Signal, SignalGroupDescriptor

from motorscope.contract import Inventory, ModelOption, RunSettings
from motorscope.engine import Engine, new_engine
from motorscope.errors import ModelError, TomogramError
from motorscope.plugin.connections import listen
from motorscope.plugin.document import OpenTomogram, Tomograms
from motorscope.plugin.layers.bare import BareView
from motorscope.plugin.layers.picks_layer import SliceThickness
from motorscope.plugin.layers.source import check_source, spacing_of, suggested_spacing
from motorscope.plugin.settings import Preferences, preferences

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


class Part(Protocol):
    """What acts on a workspace."""

    def close(self) -> None:
        """Let go of it."""


P = TypeVar("P", bound=Part)


class Workspace(Choices):
    """The state of the plugin in one viewer.

    It knows nothing of what acts on it: a controller is asked for by ``Controller.of(workspace)``,
    is made when it is first asked for, and ends with the workspace.

    Attributes
    ----------
    viewer, tomograms, engine
        The viewer, the tomograms that are open in it, and who computes.
    folder
        Where journals go that cannot be beside their tomogram; ``None``: the user's data folder.
    scratch
        Where all journals go instead, for a window that shall leave nothing behind.
    bare
        Hides what lies over the tomograms for a moment.
    said, warned
        Emitted with a sentence for a person: a remark, or an error.
    news
        The last of these sentences, and whether it is an error: for a dock that opens later.
    """

    said = Signal(str)
    warned = Signal(str)

    def __init__(self, viewer: ViewerModel, settings: Preferences | None = None) -> None:
        settings = settings or Preferences()
        super().__init__(precision=settings.precision)
        self.viewer = viewer
        self.tomograms = Tomograms(viewer)
        self.engine: Engine = new_engine(settings.engine)
        folder = settings.project_folder
        self.folder = Path(folder).expanduser() if folder else None
        self.scratch: Path | None = None
        self.bare = BareView(viewer)
        self.news = ("", False)
        self._thickness = SliceThickness(viewer)
        self._holders = 0
        self._parts: dict[type[Part], Part] = {}
        self._ends = ExitStack()
        self._ends.callback(self.tomograms.close)
        for signal in (self.said, self.warned):
            self._ends.callback(signal.disconnect)
        listen(self._ends, self.events.current, self._on_current)
        listen(self._ends, self.events.model, self._on_model)
        listen(self._ends, self.tomograms.changed, self._on_tomograms)
        listen(self._ends, self.tomograms.changed, self._thickness.fit)
        listen(self._ends, viewer.layers.selection.events.active, self._on_active)
        self._on_tomograms()

    def close(self) -> None:
        """Let go of the viewer; layers stay. May be called more than once."""
        _OPEN.pop(hash(self.viewer), None)
        self.engine.close()
        self._ends.close()

    def say(self, text: str) -> None:
        """Tell a person something, in every dock."""
        self.news = (text, False)
        self.said.emit(text)

    def warn(self, text: str) -> None:
        """Tell a person of an error, in every dock and as a notification of napari's."""
        self.news = (text, True)
        self.warned.emit(text)
        show_error(text)

    def part(self, kind: type[P], make: Callable[[], P]) -> P:
        """Return the only one of its kind that acts on this workspace; made if there is none."""
        if kind not in self._parts:
            made = self._parts[kind] = make()
            self._ends.callback(made.close)
        return cast("P", self._parts[kind])

    def hold(self) -> Callable[[], None]:
        """Keep the workspace open until the returned function is called; the last one closes it."""
        self._holders += 1
        end = ExitStack()
        end.callback(self._release)
        return end.close  # a second call does nothing

    # The tomogram

    @property
    def tomogram(self) -> OpenTomogram | None:
        """The tomogram that is worked on."""
        return self.tomograms.get(self.current)

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

    @property
    def run_settings(self) -> RunSettings:
        """Where and how a network runs, but for flips."""
        return RunSettings(self.device, self.precision)

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

    def add(self, option: ModelOption) -> None:
        """Add a model to the list."""
        others = tuple(each for each in self.options if each.choice != option.choice)
        self.options = (*others, option)

    def offer(self, option: ModelOption) -> None:
        """Add a model to the list, and choose it."""
        self.add(option)
        self.model = option

    def chosen(self) -> tuple[Layer, ModelOption]:
        """Return the tomogram's layer and the model that are chosen.

        Raises
        ------
        MotorscopeError
            If one is missing, or cannot be used; it says what.
        """
        layer, option = self.chosen_layer(), self.model
        if self.model_problem or option is None:
            raise ModelError(self.model_problem)
        return layer, option

    def chosen_layer(self) -> Layer:
        """Return the tomogram's layer.

        Raises
        ------
        TomogramError
            If there is none that can be used; it says why.
        """
        layer = self.layer
        if self.tomogram_problem or layer is None:
            raise TomogramError(self.tomogram_problem)
        return layer

    # Inner parts

    def _release(self) -> None:
        self._holders -= 1
        if not self._holders:
            self.close()

    def _on_tomograms(self) -> None:
        """Choose another tomogram where the chosen one has gone; napari selects a new one."""
        there = [tomogram.id for tomogram in self.tomograms]
        if self.current not in there:
            self.current = there[-1] if there else ""

    def _on_active(self, event: Any) -> None:
        """Follow a person to the tomogram of the layer that is selected."""
        tomograms = self.tomograms
        owner = tomograms.owner(event.value) if tomograms.settled else None
        if owner is not None:
            self.current = owner.id

    def _on_current(self) -> None:
        self.bare.release()
        self._show_current()

    def _show_current(self) -> None:
        """Show the chosen tomogram and its results; hide other volumes, and what is theirs."""
        current, tomograms = self.tomogram, self.tomograms
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
        """Average over flips as the model was measured."""
        if self.model is not None:
            self.flips = self.model.card.flips


def workspace_of(viewer: ViewerModel) -> Workspace:
    """Return the workspace of a viewer; it is made where there is none."""
    workspace = _OPEN.get(hash(viewer))  # of the viewer itself, whichever proxy stands for it
    if workspace is None:
        workspace = _OPEN[hash(viewer)] = Workspace(viewer, preferences())
    return workspace
