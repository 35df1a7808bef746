"""Why the network sees a motor at a pick, or none, without Qt."""

from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
from napari.layers import Layer
from psygnal import Signal

from motorscope.contract import RunSettings
from motorscope.contract.attribution import (
    Attribution,
    AttributionRequest,
    MethodFacts,
    MethodsRequest,
)
from motorscope.engine.question import Question, Runner
from motorscope.plugin.connections import listen
from motorscope.plugin.document import OpenTomogram, Tomograms
from motorscope.plugin.encoder.maps.layer import Dimmer, put_map
from motorscope.plugin.encoder.subject import chosen_volume, current_pick
from motorscope.plugin.layers.kinds import WHY
from motorscope.plugin.layers.tag import kind_of
from motorscope.plugin.workspace import Workspace
from motorscope.tomogram import Vector

_STRONG = 99.9
"""Percentile of the map's size from which on it is as bright as can be."""


class WhyController:
    """Explains the current pick of the chosen tomogram.

    Attributes
    ----------
    methods
        The ways to explain; empty until they are known.
    method
        The name of the chosen one.
    words
        What was found last.
    asking
        What is asked.
    changed
        Emitted when any of these has changed.
    failed
        Emitted with a sentence.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, workspace: Workspace, new_runner: Callable[[], Runner]) -> None:
        self.workspace = workspace
        self.tomograms = workspace.tomograms
        engine = workspace.engine
        self.methods: tuple[MethodFacts, ...] = ()
        self.method = "hirescam"
        self.words = ""
        self.listing: Question[tuple[MethodFacts, ...]] = Question(new_runner(), engine)
        self.asking: Question[Attribution] = Question(new_runner(), engine)
        self._sizes: dict[str, float] = {}
        self._dimmer = Dimmer()
        self._ends = ExitStack()
        for signal in (self.changed, self.failed):
            self._ends.callback(signal.disconnect)
        for question in (self.listing, self.asking):
            self._ends.callback(question.drop)
            listen(self._ends, question.failed, self._on_failed)
        listen(self._ends, workspace.events.current, self._on_current)
        self.listing.ask(MethodsRequest(), self._take_methods)

    def close(self) -> None:
        """Drop what is asked, and let go of the workspace; layers stay."""
        self._dimmer.undim()
        self._ends.close()

    @property
    def chosen(self) -> MethodFacts | None:
        """The chosen method, once it is known."""
        return next((each for each in self.methods if each.name == self.method), None)

    def choose(self, name: str) -> None:
        """Choose a method."""
        self.method = name
        self.changed.emit()

    def explain(self) -> None:
        """Explain the current pick.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        volume, option = chosen_volume(self.workspace)
        pick, at = current_pick(self.workspace)
        tomogram = self.workspace.tomogram
        assert tomogram is not None
        self._dimmer.dim(tomogram.layer_of(WHY, self.method))

        def then(found: Attribution) -> None:
            self._dimmer.undim()
            if self.tomograms.get(tomogram.id) is not tomogram:
                return
            self._show(tomogram, found, pick)
            self.words = self._in_words(found, pick, at)
            self.changed.emit()

        request = AttributionRequest(
            volume,
            option.choice,
            at,
            self.method,
            settings=RunSettings(self.workspace.device),
        )
        self.asking.ask(request, then)

    # Inner parts

    def _take_methods(self, methods: tuple[MethodFacts, ...]) -> None:
        self.methods = methods
        self.changed.emit()

    def _show(self, tomogram: OpenTomogram, found: Attribution, pick: int) -> None:
        # The strongest map so far sets the scale, so that a weak one looks weak beside it.
        own = float(np.percentile(np.abs(found.values), _STRONG)) or 1.0
        size = self._sizes[found.method] = max(self._sizes.get(found.method, 0.0), own)
        words = f"{self._label(found.method)}, motor {pick}"
        show_attribution(self.tomograms, tomogram, found, words, size)

    def _in_words(self, found: Attribution, pick: int, at: Vector) -> str:
        away = float(np.linalg.norm(np.subtract(found.maximum, at)))
        return (
            f"Motor {pick}, {self._label(found.method)}: score {found.score:.2f} in one pass "
            f"without flips; the map is strongest, {found.values.max():+.2g}, {away:.0f} Å from "
            "the motor's middle."
        )

    def _label(self, name: str) -> str:
        return next((each.label for each in self.methods if each.name == name), name)

    def _on_failed(self, text: str) -> None:
        self._dimmer.undim()
        self.failed.emit(text or "Cancelled.")

    def _on_current(self) -> None:
        self.asking.drop()
        self._dimmer.undim()
        self.words = ""
        self.changed.emit()


def show_attribution(
    tomograms: Tomograms, tomogram: OpenTomogram, found: Attribution, words: str, size: float
) -> Layer:
    """Show a map in its method's layer; those of other methods are hidden.

    Values of `size` logits, for or against, are as bright as can be.
    """
    layer = put_map(
        tomograms, tomogram, WHY, found.values, found.grid, words, found.method, (-size, size)
    )
    for other in tomogram.layers:
        if other is not layer and kind_of(other) is WHY:
            other.visible = False
    if not tomogram.hidden:
        layer.visible = True
    return layer
