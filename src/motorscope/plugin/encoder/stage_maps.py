"""The maps of one encoder stage as a layer with an axis of channels."""

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from numpy.typing import NDArray

from motorscope.contract import FeatureRequest, FeatureResult, ModelOption, ModelRef, RunSettings
from motorscope.plugin.document import OpenTomogram, Tomograms
from motorscope.plugin.layers.kinds import FEATURES
from motorscope.plugin.layers.looks import feature_arguments
from motorscope.plugin.layers.source import tomogram_from_layer, tomogram_name
from motorscope.plugin.layers.viewport import steady, visible_box
from motorscope.tomogram import Tomogram, level_for, prepared_grid

FEATURE_BYTES = 2_000_000_000
"""Most memory that the maps of one encoder stage may take."""


def stage_request(
    viewer: ViewerModel, layer: Layer, model: ModelOption, stage: int, settings: RunSettings
) -> FeatureRequest[Tomogram, ModelRef]:
    """Return a request for a stage's maps: of what is in view if all would be too large.

    Raises
    ------
    TomogramError
        If the layer is no tomogram, its spacing is unknown, or nothing of it is in view.
    """
    tomogram = level_for(tomogram_from_layer(layer), model.card.input)
    tomogram.grid.known_spacing()
    spec = model.stages[stage]
    sides = prepared_grid(tomogram.grid, model.card.input).shape
    voxels = np.prod([side / spec.stride for side in sides])
    too_large = 2 * spec.channels * voxels > FEATURE_BYTES
    return FeatureRequest(
        tomogram,
        model.choice,
        stage,
        region=visible_box(viewer, layer, tomogram.grid) if too_large else None,
        settings=settings,
        memory_limit=FEATURE_BYTES,
    )


def show_stage(tomograms: Tomograms, tomogram: OpenTomogram, result: FeatureResult) -> None:
    """Show the maps of a stage of a tomogram, in place of those of another stage."""
    name = tomogram_name(tomogram.layer)
    arguments = feature_arguments(result.maps, result.grid, result.spec, name, tomogram.id)
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
