"""State and use cases of the plugin, without Qt: what was found, and the layers that show it.

Everything here happens in the main thread. Results belong to a tomogram's layer and are found by
its identity; a person's own layers are never touched, except that a spacing is set when the
person says so.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Points
from numpy.typing import NDArray
from psygnal import Signal

from motorscope.contract import (
    DetectionResult,
    FeatureResult,
    HeatmapBlock,
    HeatmapStarted,
    Message,
    ModelOption,
)
from motorscope.engine import Engine, new_engine
from motorscope.errors import PicksError
from motorscope.picks import Summits
from motorscope.picks.partial import Patched
from motorscope.plugin.compare.controller import CompareController
from motorscope.plugin.connections import listen
from motorscope.plugin.detect.filling import Filling, from_model
from motorscope.plugin.detect.heatmaps import HeatmapController
from motorscope.plugin.detect.jobs import Task
from motorscope.plugin.document import LastRun, OpenTomogram, Tomograms
from motorscope.plugin.layers import source as sources
from motorscope.plugin.layers.kinds import FEATURES, PICKS, Ending
from motorscope.plugin.layers.looks import feature_arguments
from motorscope.plugin.layers.picks_layer import fit_slice_thickness
from motorscope.plugin.layers.source import identity, tomogram_from_layer
from motorscope.plugin.layers.viewport import look_at, steady, visible_box
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.settings import preferences
from motorscope.tomogram import VoxelGrid, level_for, prepared_grid

FEATURE_BYTES = 2_000_000_000
"""Most memory that the maps of one encoder stage may take."""


class Session:
    """The plugin's state for one viewer.

    Attributes
    ----------
    searched
        Emitted with a tomogram's identity when a detection of it has finished.
    """

    searched = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self.engine: Engine = new_engine(preferences().engine)
        self.tomograms = Tomograms(viewer)
        self.desk = ReviewController(self.tomograms)
        self.heatmaps = HeatmapController(self.tomograms, self.desk)
        self.comparisons = CompareController(self.tomograms, self.desk)
        self._generation = 0
        self._filling: Filling | None = None
        self._margins: tuple[float, ...] | None = None
        self._ends = ExitStack()
        for end in (
            self.searched.disconnect,
            self.tomograms.close,
            self.desk.close,
            self.heatmaps.close,
            self.comparisons.close,
        ):
            self._ends.callback(end)
        listen(self._ends, self.tomograms.changed, self._fit_slice)

    def close(self) -> None:
        """Let go of the viewer; layers stay. May be called more than once."""
        self._generation += 1  # whatever still runs is stale now
        self.engine.close()
        self._filling = None
        self._ends.close()

    # What there is

    def layer(self, layer_id: str) -> Layer | None:
        """Return the layer of an identity, or ``None`` if it has gone."""
        return next((each for each in self.viewer.layers if identity(each) == layer_id), None)

    def last_run(self, layer: Layer | None) -> LastRun | None:
        """Return the last detection of a tomogram, or ``None`` before one."""
        tomogram = self.tomograms.of(layer)
        return None if tomogram is None else tomogram.last_run

    def restore(self, layer: Layer | None) -> None:
        """Begin the review of a tomogram that was reviewed before, and show its heatmap."""
        self.desk.restore(layer)
        if layer is not None:
            self.heatmaps.load(layer)

    # Spacing

    def set_spacing(self, layer: Layer, spacing: tuple[float, float, float]) -> None:
        """Give a tomogram a spacing (z, y, x) in Å; results at the old one are removed.

        Raises
        ------
        TomogramError
            If the layer is no tomogram, or the numbers are no spacing.
        """
        sources.check_source(layer)
        spacing = sources.full_grid(layer).with_spacing(spacing).known_spacing()
        if sources.spacing_of(layer) == spacing:
            return
        point = layer.world_to_data(self.viewer.dims.point)
        sources.set_spacing(layer, spacing)
        tomogram = self._tomogram(layer)
        self.tomograms.drop_results(tomogram, Ending.SPACING)
        tomogram.last_run = tomogram.heatmap = None  # the one on disk is of the old spacing, too
        tomogram.heatmaps.clear()
        self.desk.respace(layer)
        self.desk.restore(layer)
        self.viewer.reset_view()
        self.viewer.dims.point = layer.data_to_world(point)
        self.tomograms.changed.emit()

    # Runs

    def new_task(
        self,
        layer: Layer,
        model: ModelOption,
        in_view: bool = False,
        **options: Any,
    ) -> Task:
        """Return a task for a tomogram; from now on results of earlier tasks are stale.

        `options` are fields of `Task`: device, precision, flips, stage.

        Raises
        ------
        TomogramError
            If the layer is no tomogram, its spacing is unknown, or nothing of it is in view.
        """
        tomogram = level_for(tomogram_from_layer(layer), model.card.input)
        tomogram.grid.known_spacing()
        region = visible_box(self.viewer, layer, tomogram.grid) if in_view else None
        self._generation += 1
        return Task(
            generation=self._generation,
            layer_id=identity(layer),
            tomogram=tomogram,
            region=region,
            model=model.choice,
            card=model.card,
            **options,
        )

    def new_feature_task(
        self, layer: Layer, model: ModelOption, stage: int, **options: Any
    ) -> Task:
        """Return a task for a stage's maps: of what is in view if all would be too large.

        Raises
        ------
        TomogramError
            See `new_task`.
        """
        task = self.new_task(layer, model, stage=stage, memory_limit=FEATURE_BYTES, **options)
        spec = model.stages[stage]
        voxels = np.prod(
            [
                side / spec.stride
                for side in prepared_grid(task.tomogram.grid, model.card.input).shape
            ]
        )
        if 2 * spec.channels * voxels <= FEATURE_BYTES:
            return task
        return replace(task, region=visible_box(self.viewer, layer, task.tomogram.grid))

    def is_current(self, task: Task) -> bool:
        """Whether a task's results are still wanted: no later task, and its tomogram is there."""
        return task.generation == self._generation and self.layer(task.layer_id) is not None

    def receive(self, task: Task, message: Message) -> None:
        """Show what a detection says on the way: the heatmap fills in."""
        if not self.is_current(task):
            return
        if isinstance(message, HeatmapStarted):
            self._filling = self._begin_heatmap(task, message.grid)
        elif isinstance(message, HeatmapBlock) and self._filling is not None:
            self._filling.write(message.start, message.values)
            self._filling.refresh(self.viewer)

    def finish_detection(self, task: Task, result: DetectionResult | None) -> Patched | None:
        """Show the result of a detection; ``None`` (cancelled) or a stale one changes nothing.

        Returns
        -------
        Patched or None
            What came of it if a part was searched, where something had been found before.
        """
        layer = self.layer(task.layer_id)
        if layer is None or not self.is_current(task):
            return None
        filling, self._filling = self._filling, None
        if result is None:
            if filling is not None:
                self.heatmaps.give_up(layer, filling)
            return None
        filling = filling or self._begin_heatmap(task, result.grid)
        new = self.desk.review(layer) is None
        review = self.desk.begin(layer, task.card.default_threshold)
        mark = self.heatmaps.finish(layer, filling, result.heatmap, result.grid)
        found = Summits(from_model(result.maxima, task.card), task.card.minimum_distance, mark)
        patched = None
        if filling.box is None:
            review.threshold = task.card.default_threshold
            review.take_in(found.candidates, found.distance, summits=found)
        else:
            patched = review.take_in_part(found, filling.box)
        self._tomogram(layer).last_run = LastRun(result, task.card)
        review.changed.emit()  # also where nothing was found, so that there is a layer to add to
        self._fit_slice()
        self.searched.emit(task.layer_id)
        return None if new else patched

    def finish_features(self, task: Task, result: FeatureResult | None) -> None:
        """Show the maps of an encoder stage, in place of those of another stage."""
        if result is None or not self.is_current(task):
            return
        arguments = feature_arguments(
            result.maps, result.grid, result.spec, task.tomogram.name, task.layer_id
        )
        tomogram = self.tomograms.get(task.layer_id)
        assert tomogram is not None
        layer = tomogram.layer_of(FEATURES)
        if layer is None:
            with steady(self.viewer):
                self.tomograms.add(tomogram, Image(**arguments))
        else:
            layer.data = arguments["data"]
            layer.scale, layer.translate = arguments["scale"], arguments["translate"]
            if layer.name != arguments["name"]:  # another stage has other values
                layer.name = arguments["name"]
                layer.contrast_limits = arguments["contrast_limits"]
        self.viewer.dims.set_point(0, float(_liveliest(result.maps)))

    # Detections

    def set_threshold(self, layer: Layer, threshold: float) -> None:
        """Show the candidates of a tomogram that reach a probability."""
        review = self.desk.review(layer)
        if review is not None:
            review.set_threshold(threshold)

    def set_minimum_distance(self, layer: Layer, distance: float) -> None:
        """Choose the candidates anew from what the last run saw, at least `distance` Å apart.

        Raises
        ------
        PicksError
            If nobody knows what the last run saw.
        """
        review = self.desk.review(layer)
        if review is None or review.minimum_distance == distance:
            return
        review.set_minimum_distance(distance)
        self._fit_slice()

    def picks_layer(self, layer: Layer) -> Points:
        """Return the points layer of a tomogram.

        Raises
        ------
        PicksError
            If no detection has run, or the layer has been removed.
        """
        tomogram = self.tomograms.of(layer)
        points = None if tomogram is None else tomogram.layer_of(PICKS)
        if points is None:
            raise PicksError(f"There are no picks of '{layer.name}'; find motors in it first.")
        return points

    def look_at(self, layer: Layer, position: Sequence[float]) -> None:
        """Bring a position (z, y, x) in Å of a tomogram into view."""
        look_at(self.viewer, layer, position)

    # Inner parts

    def _tomogram(self, layer: Layer) -> OpenTomogram:
        tomogram = self.tomograms.of(layer)
        assert tomogram is not None
        return tomogram

    def _begin_heatmap(self, task: Task, grid: VoxelGrid) -> Filling:
        layer = self.layer(task.layer_id)
        assert layer is not None
        prepared = prepared_grid(task.tomogram.grid, task.card.input)
        return self.heatmaps.begin(layer, grid, prepared, task.region)

    def _fit_slice(self) -> None:
        self._margins = fit_slice_thickness(self.viewer, self._margins)


def _liveliest(maps: NDArray[Any]) -> int:
    """Return the channel (first axis) whose values differ most among themselves."""
    sample = np.asarray(maps[:, ::2, ::4, ::4], dtype=np.float32)
    return int(np.argmax(sample.std(axis=(1, 2, 3)))) if sample.size else 0
