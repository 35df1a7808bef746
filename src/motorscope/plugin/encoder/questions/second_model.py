"""The chosen tomogram as another model sees it, beside the chosen one, without Qt."""

from collections.abc import Callable
from contextlib import ExitStack

from napari.layers import Layer, Points
from psygnal import Signal

from motorscope.contract import DetectionResult, ModelOption
from motorscope.contract.compare import (
    CompareDetectionsRequest,
    CompareStagesRequest,
    DetectionComparison,
    StageComparison,
)
from motorscope.engine.question import Question, Runner
from motorscope.errors import ConfigError, ModelError
from motorscope.plugin.compare.layer import comparison_arguments
from motorscope.plugin.connections import listen
from motorscope.plugin.document import OpenTomogram
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.encoder.maps.cells import Cells
from motorscope.plugin.encoder.maps.layer import KEPT, put_map
from motorscope.plugin.layers.kinds import BESIDE, COLORS, COMPARISON, DIFFERENCE
from motorscope.plugin.layers.source import full_grid, tomogram_name
from motorscope.plugin.layers.tag import kind_of, retag
from motorscope.review.comparison import RADIUS, Comparison, compare
from motorscope.tomogram import Tomogram

MODELS = "models"
"""Part of the layer that says which candidates two models share."""


class SecondModelController:
    """Compares what two models find in a tomogram, and what a stage of both sees.

    Attributes
    ----------
    words
        What was found last.
    side_by_side
        Whether the maps that were compared are shown beside each other, and nothing else.
    detecting, looking
        What is asked.
    changed
        Emitted when any of these has changed.
    """

    changed = Signal()

    def __init__(self, encoder: EncoderController, new_runner: Callable[[], Runner]) -> None:
        self.encoder = encoder
        workspace = self.workspace = encoder.workspace
        self._other: ModelOption | None = None
        self.words = ""
        self.side_by_side = False
        engine = workspace.engine
        self.detecting: Question[DetectionComparison] = Question(new_runner(), engine)
        self.looking: Question[StageComparison] = Question(new_runner(), engine)
        self._shown: dict[str, Layer] = {}
        self._cells: Cells | None = None
        self._ends = ExitStack()
        self._ends.callback(self.changed.disconnect)
        self._ends.callback(self.show_side_by_side, False)
        for question in (self.detecting, self.looking):
            self._ends.callback(question.drop)
            listen(self._ends, question.failed, self._on_failed)
        listen(self._ends, workspace.events.current, self._on_current)
        listen(self._ends, encoder.changed, self._on_models)

    def close(self) -> None:
        """Drop what is asked, and let go of the workspace; layers stay."""
        self._ends.close()

    @property
    def others(self) -> tuple[ModelOption, ...]:
        """The models to compare with."""
        chosen = self.encoder.network.option
        return tuple(each for each in self.encoder.network.options if each.ready and each != chosen)

    @property
    def other(self) -> ModelOption | None:
        """The model to compare with."""
        others = self.others
        return self._other if self._other in others else next(iter(others), None)

    @property
    def comparable(self) -> bool:
        """Whether there is something to be shown side by side."""
        return len(self._maps) > 1

    def choose(self, option: ModelOption | None) -> None:
        """Choose the model to compare with."""
        self._other = option
        self.changed.emit()

    def compare_detections(self) -> None:
        """Detect with both models, and show both heatmaps, their difference and the candidates.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        volume, option, other, tomogram = self._chosen()
        if not (option.detects and other.detects):
            raise ModelError("An encoder alone finds nothing; compare a stage or detectors.")
        request = CompareDetectionsRequest(
            volume,
            option.choice,
            other.choice,
            _known(tomogram, option),
            self.workspace.run_settings,
        )
        self.detecting.ask(request, lambda found: self._take(tomogram, option, other, found))

    def compare_stage(self) -> None:
        """Show the chosen stage of both models in the colors of the first.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        volume, option, other, tomogram = self._chosen()
        stage, names = self.encoder.stage, self._names(option, other)
        if all(each.name != stage for each in other.stages) and stage.startswith("layer"):
            raise ConfigError(f"'{names[1]}' has no {stage}; choose another stage.")
        request = CompareStagesRequest(
            volume, option.choice, other.choice, stage, self.workspace.run_settings
        )

        def then(found: StageComparison) -> None:
            self.show_side_by_side(False)
            sides = zip(("", " other"), names, (found.first, found.second), strict=True)
            self._shown = {
                f"{stage} by {label}": put_map(
                    self.encoder.tomograms,
                    tomogram,
                    COLORS,
                    values,
                    found.grid,
                    f"{stage} by {label}",
                    f"{stage}{which} compared{KEPT}",
                )
                for which, label, values in sides
            }
            first, second = self._shown.values()
            first.visible, second.visible = True, False  # one would lie over the other
            self.show_side_by_side(True)
            shares = ", ".join(
                f"{color} {max(share, 0):.0%}"
                for color, share in zip(("red", "green", "blue"), found.agreement, strict=False)
            )
            self._say(
                f"{stage} of both in the colors of {names[0]}. What {names[1]} sees too: {shares}."
            )

        self.looking.ask(request, then)

    def show_side_by_side(self, wanted: bool) -> None:
        """Show the maps that were compared beside each other, or all layers as they were."""
        tomogram, maps = self.workspace.tomogram, self._maps
        wanted = wanted and tomogram is not None and len(maps) > 1
        if wanted == self.side_by_side:
            return
        self.side_by_side = wanted
        if self._cells is not None:
            self._cells.close()
            self._cells = None
        if wanted and tomogram is not None:
            self._cells = Cells(self.encoder.tomograms, tomogram, maps)
        self.changed.emit()

    # Inner parts

    @property
    def _maps(self) -> dict[str, Layer]:
        """What was compared last, as far as it is there still, by what it is."""
        layers = self.workspace.viewer.layers
        return {words: layer for words, layer in self._shown.items() if layer in layers}

    def _chosen(self) -> tuple[Tomogram, ModelOption, ModelOption, OpenTomogram]:
        volume, option = self.encoder.network.volume()
        tomogram, other = self.workspace.tomogram, self.other
        assert tomogram is not None
        if other is None:
            raise ModelError("Compare with which model? Open one above, under Model.")
        return volume, option, other, tomogram

    def _names(self, *options: ModelOption) -> tuple[str, ...]:
        return tuple(map(self.encoder.network.label, options))

    def _take(
        self,
        tomogram: OpenTomogram,
        option: ModelOption,
        other: ModelOption,
        found: DetectionComparison,
    ) -> None:
        self.show_side_by_side(False)
        tomograms, (one, two) = self.encoder.tomograms, self._names(option, other)
        maps = (
            (BESIDE, found.first, f"heatmap by {one}", "first"),
            (BESIDE, found.second, f"heatmap by {two}", "second"),
            (DIFFERENCE, found.difference, "difference of heatmaps", ""),
        )
        self._shown = {
            words: put_map(tomograms, tomogram, kind, values, found.grid, words, part)
            for kind, values, words, part in maps
        }
        for layer in self._shown.values():
            layer.visible = kind_of(layer) is DIFFERENCE and not tomogram.hidden
        mine, theirs = found.candidates
        matched = compare(mine, theirs.positions, RADIUS)
        self._show_candidates(tomogram, matched)
        number = matched.verdicts.count
        self._say(
            f"Both find {number('both')}, only {one} {number('mine')} (orange), only {two} "
            f"{number('theirs')} (blue), above each model's own threshold. Orange in the "
            f"difference: {two} sees more."
        )

    def _show_candidates(self, tomogram: OpenTomogram, matched: Comparison) -> None:
        """Show who found what as squares."""
        old = tomogram.layer_of(COMPARISON, MODELS)
        if old is not None:
            self.workspace.viewer.layers.remove(old)
        layer = tomogram.layer
        name = tomogram_name(layer)
        points = Points(**comparison_arguments(matched, full_grid(layer), name, tomogram.id))
        points.name = f"{name} models compared"
        retag(points, part=MODELS)
        self.encoder.tomograms.add(tomogram, points, keep_selection=True)

    def _say(self, words: str) -> None:
        self.words = words
        self.changed.emit()

    def _on_models(self) -> None:
        self.changed.emit()

    def _on_current(self) -> None:
        self.show_side_by_side(False)
        self.detecting.drop()
        self.looking.drop()
        self._shown = {}
        self._say("")

    def _on_failed(self, text: str) -> None:
        self.encoder.failed.emit(text or "Cancelled.")


def _known(tomogram: OpenTomogram, option: ModelOption) -> DetectionResult | None:
    """Return what a model found in a tomogram in this sitting."""
    run = tomogram.last_run
    return run.result if run is not None and run.card == option.card else None
