"""Detections of open tomograms, without Qt: what is asked, and the layers that show what comes.

Everything here happens in the main thread.
"""

from dataclasses import dataclass
from typing import Any

from napari.layers import Layer
from psygnal import Signal

from motorscope.contract import (
    DetectionRequest,
    DetectionResult,
    HeatmapBlock,
    HeatmapStarted,
    Message,
    ModelCard,
    ModelOption,
    ModelRef,
    RunSettings,
)
from motorscope.picks import PickTable, Summits
from motorscope.picks.combining.partial import Patched
from motorscope.plugin.document import LastRun
from motorscope.plugin.layers.filling import Filling
from motorscope.plugin.layers.source import identity, tomogram_from_layer
from motorscope.plugin.layers.viewport import visible_box
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.heatmaps import HeatmapController
from motorscope.plugin.workspace import IN_VIEW, Workspace
from motorscope.review import intake
from motorscope.tomogram import Tomogram, VoxelGrid, level_for, prepared_grid


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be detected in which tomogram: its identity, the model's card, and the request."""

    layer_id: str
    card: ModelCard
    request: DetectionRequest[Tomogram, ModelRef]


class DetectController:
    """The detections of a viewer's tomograms.

    Attributes
    ----------
    reviews, heatmaps
        Where what is found goes.
    searched
        Emitted with a tomogram's identity when a detection of it has finished.
    """

    searched = Signal(str)

    def __init__(self, reviews: ReviewController, heatmaps: HeatmapController) -> None:
        self.reviews, self.heatmaps = reviews, heatmaps
        self._latest: Task | None = None
        self._filling: Filling | None = None

    @classmethod
    def of(cls, workspace: Workspace) -> "DetectController":
        """Return that of a workspace."""

        def make() -> DetectController:
            return cls(ReviewController.of(workspace), HeatmapController.of(workspace))

        return workspace.part(cls, make)

    def close(self) -> None:
        """Show nothing more of what still runs. May be called more than once."""
        self._latest = self._filling = None
        self.searched.disconnect()

    def chosen_task(self, workspace: Workspace) -> Task:
        """Return a task for what is chosen.

        Raises
        ------
        MotorscopeError
            If something needed is missing; it says what.
        """
        return self.new_task(
            *workspace.chosen(),
            in_view=workspace.region == IN_VIEW,
            flips=workspace.flips,
            device=workspace.device,
            precision=workspace.precision,
        )

    def new_task(
        self, layer: Layer, model: ModelOption, in_view: bool = False, **options: Any
    ) -> Task:
        """Return a task for a tomogram; from now on results of earlier tasks are stale.

        `options` are those of `RunSettings`.

        Raises
        ------
        TomogramError
            If the layer is no tomogram, its spacing is unknown, or nothing of it is in view.
        """
        tomogram = level_for(tomogram_from_layer(layer), model.card.input)
        tomogram.grid.known_spacing()
        region = visible_box(self.reviews.viewer, layer, tomogram.grid) if in_view else None
        request = DetectionRequest(tomogram, model.choice, region, RunSettings(**options))
        self._latest = Task(identity(layer), model.card, request)
        return self._latest

    def is_current(self, task: Task) -> bool:
        """Whether a task's results are still wanted: no later task, and its tomogram is there."""
        return task is self._latest and self.reviews.tomograms.get(task.layer_id) is not None

    def receive(self, task: Task, message: Message) -> None:
        """Show what a detection says on the way: the heatmap fills in."""
        tomogram = self.reviews.tomograms.get(task.layer_id)
        if tomogram is None or task is not self._latest:
            return
        if isinstance(message, HeatmapStarted):
            self._filling = self._begin_heatmap(task, tomogram.layer, message.grid)
        elif isinstance(message, HeatmapBlock) and self._filling is not None:
            self._filling.write(message.start, message.values)
            self._filling.refresh(self.reviews.viewer)

    def finish(self, task: Task, result: DetectionResult | None) -> Patched | None:
        """Show the result of a detection; ``None`` (cancelled) or a stale one changes nothing.

        Returns
        -------
        Patched or None
            What came of it if a part was searched, where something had been found before.
        """
        tomogram = self.reviews.tomograms.get(task.layer_id)
        if tomogram is None or task is not self._latest:
            return None
        layer = tomogram.layer
        filling, self._filling = self._filling, None
        if result is None:
            if filling is not None:
                self.heatmaps.give_up(layer, filling)
            return None
        filling = filling or self._begin_heatmap(task, layer, result.grid)
        new, threshold = tomogram.review is None, task.card.default_threshold
        review = self.reviews.begin(layer, threshold)
        mark = self.heatmaps.finish(layer, filling, result.heatmap, result.grid)
        found = Summits(_signed(result.maxima, task.card), task.card.minimum_distance, mark)
        tomogram.last_run = LastRun(result, task.card, task.request.tomogram.density)
        patched = None
        if filling.box is None:
            self.reviews.take_in(layer, found.candidates, found.distance, threshold, found)
        else:
            patched = intake.take_in_part(review, found, filling.box)
            review.changed.emit()  # also where nothing was found: there is a layer to add to
        self.searched.emit(task.layer_id)
        return None if new else patched

    def _begin_heatmap(self, task: Task, layer: Layer, grid: VoxelGrid) -> Filling:
        prepared = prepared_grid(task.request.tomogram.grid, task.card.input)
        return self.heatmaps.begin(layer, grid, prepared, task.request.region)


def _signed(candidates: PickTable, card: ModelCard) -> PickTable:
    """Return candidates that say which model made them."""
    return candidates.set_details(candidates.ids, model=card.name, model_sha256=card.sha256 or "")
