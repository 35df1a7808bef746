"""What a person looks at in the encoder: which stage, and what of it, without Qt."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from napari.layers import Layer
from psygnal import Signal

from motorscope.contract.stages import (
    OpenStage,
    OpenStageRequest,
    Overview,
    OverviewMap,
    OverviewRequest,
    StageFacts,
    StagesRequest,
)
from motorscope.engine.question import Question, Runner
from motorscope.errors import MotorscopeError
from motorscope.plugin.connections import listen
from motorscope.plugin.document import OpenTomogram
from motorscope.plugin.encoder.maps.layer import Dimmer, keep, shown_layer
from motorscope.plugin.encoder.maps.pictures import Pictures
from motorscope.plugin.encoder.network_choice import NetworkChoice
from motorscope.plugin.encoder.open_stages import Key, OpenStages
from motorscope.plugin.layers.viewport import visible_box
from motorscope.plugin.workspace import IN_VIEW, WHOLE, Workspace

FIRST = "layer2"
"""The stage to begin with: of the built-in model, the finest that the decoder reads."""


class EncoderController:
    """Opens stages and shows what a person wants of them.

    Attributes
    ----------
    facts
        The stages of the chosen model for the chosen tomogram; empty until they are known.
    stage
        Name of the chosen stage.
    region
        `WHOLE`, or `IN_VIEW` for the part of the tomogram that is seen.
    shown, last_channel
        A channel, or what of all channels; and the channel that was shown last.
    channels
        The channels to go through, in their order.
    network, stages, pictures
        What is looked into, which of its stages are open, and what is shown of them.
    opening, overview
        What is asked.
    changed
        Emitted when any of these has changed.
    opened
        Emitted when another stage is open, or none.
    finished
        Emitted when a stage that was to be opened is open (``True``), or cannot be.
    failed
        Emitted with a sentence.
    """

    changed = Signal()
    opened = Signal()
    finished = Signal(bool)
    failed = Signal(str)

    def __init__(self, workspace: Workspace, new_runner: Callable[[], Runner]) -> None:
        self.workspace = workspace
        self.tomograms = workspace.tomograms
        engine = workspace.engine
        self.network = NetworkChoice(workspace, new_runner())
        self.facts: tuple[StageFacts, ...] = ()
        self.stage = FIRST
        self.region = WHOLE
        self.shown: int | Overview = 0
        self.last_channel = 0
        self.channels: tuple[int, ...] = ()
        self.listing: Question[tuple[StageFacts, ...]] = Question(new_runner(), engine)
        self.opening: Question[OpenStage] = Question(new_runner(), engine)
        self.overview: Question[OverviewMap] = Question(new_runner(), engine)
        self.stages = OpenStages(self.network)
        self.pictures = Pictures(workspace)
        self._about: Key | None = None
        self._wanted: int | None = None
        self._dimmer = Dimmer()
        self._ends = ExitStack()
        for signal in (self.changed, self.opened, self.finished, self.failed):
            self._ends.callback(signal.disconnect)
        for question in (self.listing, self.opening, self.overview, self.network.loading):
            self._ends.callback(question.drop)
            listen(self._ends, question.failed, self._on_failed)
        for event in (workspace.events.current, self.tomograms.changed):
            listen(self._ends, event, self.refresh)
        self._ends.callback(self.network.close)
        listen(self._ends, self.network.changed, self.refresh)
        listen(self._ends, self.tomograms.closing, self._on_closing)
        self.refresh()

    def close(self) -> None:
        """Drop what is asked, and let go of the workspace; layers stay."""
        self._dimmer.undim()
        self._ends.close()

    # What there is

    @property
    def open_stage(self) -> OpenStage | None:
        """The chosen stage, if it is open."""
        return self.stages.get(self.region, self.stage)

    @property
    def layer(self) -> Layer | None:
        """The layer that shows the chosen stage."""
        return shown_layer(self.workspace.tomogram, self.stage)

    @property
    def fact(self) -> StageFacts | None:
        """The facts of the chosen stage."""
        return next((each for each in self.facts if each.spec.name == self.stage), None)

    # What a person does

    def choose_stage(self, name: str) -> None:
        """Choose a stage: it is shown at once if it is open, or kept on disk."""
        if name == self.stage:
            return
        self.opening.drop()
        self.overview.drop()
        self._dimmer.undim()
        self._remember_limits()
        self.stage = name
        self._settle()

    def choose_region(self, region: str) -> None:
        """Choose what of the tomogram is looked at."""
        self.region = region
        self._about = None
        self.refresh()

    def compute(self) -> None:
        """Open the chosen stage, computing it if it must be.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        volume, option = self.network.volume()
        box = None
        if self.region == IN_VIEW:
            assert self.workspace.layer is not None
            box = visible_box(self.workspace.viewer, self.workspace.layer, volume.grid)
            self.stages.boxes[self.workspace.current] = box
        self._dimmer.dim(self.layer)
        about, fact, began = self.stages.about(self.region), self.fact, time.monotonic()

        def then(stage: OpenStage) -> None:
            computed = fact is not None and not fact.kept
            self.stages.keep(about, stage, time.monotonic() - began if computed else None)
            self.facts = tuple(
                replace(each, kept=True) if each.spec.name == stage.spec.name else each
                for each in self.facts
            )
            self._dimmer.undim()
            self._settle()
            self.finished.emit(True)

        request = OpenStageRequest(
            volume, option.choice, self.stage, box, self.workspace.run_settings
        )
        self.opening.ask(request, then)
        self.changed.emit()

    def open_number(self, number: int) -> None:
        """Open a stage by its number, stem 0, as soon as the stages are known."""
        self._wanted = number
        if self.facts:
            self._take_facts(self.facts)

    def show(self, what: int | Overview) -> None:
        """Show a channel of the open stage, or all of them in one picture."""
        self.overview.drop()
        self._dimmer.undim()
        self._remember_limits()
        self.shown = what
        if isinstance(what, int):
            self.last_channel = what
        stage = self.open_stage
        if stage is not None and not self.pictures.show(stage, what):
            assert not isinstance(what, int)
            self._ask_overview(stage, what)
        self.changed.emit()

    def step(self, place: int) -> None:
        """Show the channel at a place among those to go through."""
        if 0 <= place < len(self.channels):
            self.show(self.channels[place])

    def go_through(self, channels: tuple[int, ...]) -> None:
        """Set which channels there are to go through, in their order."""
        if channels != self.channels:
            self.channels = channels
            self.changed.emit()

    def keep(self) -> None:
        """Keep the picture that is shown as a layer of its own."""
        layer = self.layer
        if layer is not None:
            self._remember_limits()
            keep(layer)
            self.changed.emit()

    # Inner parts

    def refresh(self) -> None:
        """Look again at what is chosen in the workspace."""
        about = self.stages.about(self.region)[:-1]
        if about == self._about:
            return
        self._about = about
        self.opening.drop()
        self.overview.drop()
        self._dimmer.undim()
        self.facts = ()
        if self.network.problem:
            self.listing.drop()
        else:
            volume, option = self.network.volume()
            request = StagesRequest(volume, option.choice, settings=self.workspace.run_settings)
            self.listing.ask(request, self._take_facts)
        self.opened.emit()
        self.changed.emit()

    def _take_facts(self, facts: tuple[StageFacts, ...]) -> None:
        self.facts = facts
        names = [each.spec.name for each in facts]
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self.stage = names[min(wanted, len(names) - 1)]
        elif self.stage not in names:
            self.stage = names[0]
        known = self.open_stage is not None
        self._settle()
        if wanted is not None and known:
            self.finished.emit(True)
        elif wanted is not None and self.open_stage is None and not self.opening.busy:
            self._guarded(self.compute)

    def _settle(self) -> None:
        """Show the chosen stage if it is there."""
        stage, fact = self.open_stage, self.fact
        if stage is not None:
            if isinstance(self.shown, int) and self.shown >= stage.spec.channels:
                self.shown = 0
            self.last_channel = min(self.last_channel, stage.spec.channels - 1)
            if len(self.channels) != stage.spec.channels:
                self.channels = tuple(range(stage.spec.channels))
            self.opened.emit()
            self.show(self.shown)
            return
        self.opened.emit()
        self.changed.emit()
        if fact is not None and fact.kept and self.region == WHOLE:
            self._guarded(self.compute)

    def _ask_overview(self, stage: OpenStage, of: Overview) -> None:
        option = self.network.option
        assert option is not None
        self._dimmer.dim(self.layer)

        def then(found: OverviewMap) -> None:
            self.pictures.keep(stage, found)
            self._dimmer.undim()
            if self.open_stage is stage and self.shown == of:
                self.pictures.show(stage, of)
            self.changed.emit()

        self.overview.ask(OverviewRequest(stage.key, of, option.choice), then)

    def _remember_limits(self) -> None:
        self.pictures.remember_limits(self.open_stage, self.shown, self.layer)

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except MotorscopeError as error:
            self.failed.emit(str(error))
            self.finished.emit(False)

    def _on_failed(self, text: str) -> None:
        self._dimmer.undim()
        self.failed.emit(text or "Cancelled.")
        self.finished.emit(False)
        self.changed.emit()

    def _on_closing(self, tomogram: OpenTomogram) -> None:
        self.stages.forget(tomogram.id)
