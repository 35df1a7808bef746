"""The maps of one encoder stage as a layer with an axis of channels."""

from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from numpy.typing import NDArray

from motorscope.contract import FeatureResult, ModelOption
from motorscope.plugin.detect.jobs import Task
from motorscope.plugin.document import Tomograms
from motorscope.plugin.layers.kinds import FEATURES
from motorscope.plugin.layers.looks import feature_arguments
from motorscope.plugin.layers.source import identity, tomogram_from_layer
from motorscope.plugin.layers.viewport import steady, visible_box
from motorscope.tomogram import level_for, prepared_grid

FEATURE_BYTES = 2_000_000_000
"""Most memory that the maps of one encoder stage may take."""


def feature_task(
    tomograms: Tomograms, layer: Layer, model: ModelOption, stage: int, **options: Any
) -> Task:
    """Return a task for a stage's maps: of what is in view if all would be too large.

    `options` are fields of `Task`: device, precision.

    Raises
    ------
    TomogramError
        If the layer is no tomogram, its spacing is unknown, or nothing of it is in view.
    """
    tomogram = level_for(tomogram_from_layer(layer), model.card.input)
    tomogram.grid.known_spacing()
    task = Task(
        identity(layer),
        tomogram,
        None,
        model.choice,
        model.card,
        stage=stage,
        memory_limit=FEATURE_BYTES,
        **options,
    )
    spec = model.stages[stage]
    sides = prepared_grid(tomogram.grid, model.card.input).shape
    voxels = np.prod([side / spec.stride for side in sides])
    if 2 * spec.channels * voxels <= FEATURE_BYTES:
        return task
    return replace(task, region=visible_box(tomograms.viewer, layer, tomogram.grid))


def show_features(tomograms: Tomograms, task: Task, result: FeatureResult) -> None:
    """Show the maps of a stage, in place of those of another; nothing if its tomogram has gone."""
    tomogram = tomograms.get(task.layer_id)
    if tomogram is None:
        return
    arguments = feature_arguments(
        result.maps, result.grid, result.spec, task.tomogram.name, task.layer_id
    )
    layer = tomogram.layer_of(FEATURES)
    if layer is None:
        with steady(tomograms.viewer):
            tomograms.add(tomogram, Image(**arguments))
    else:
        layer.data = arguments["data"]
        layer.scale, layer.translate = arguments["scale"], arguments["translate"]
        if layer.name != arguments["name"]:  # another stage has other values
            layer.name = arguments["name"]
            layer.contrast_limits = arguments["contrast_limits"]
    tomograms.viewer.dims.set_point(0, float(_liveliest(result.maps)))


def _liveliest(maps: NDArray[Any]) -> int:
    """Return the channel (first axis) whose values differ most among themselves."""
    sample = np.asarray(maps[:, ::2, ::4, ::4], dtype=np.float32)
    return int(np.argmax(sample.std(axis=(1, 2, 3)))) if sample.size else 0
