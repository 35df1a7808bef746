"""A comparison of two sets of picks as a points layer, and the layers to compare with."""

from typing import Any

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Layer, Points

from motorscope.plugin.layers.kinds import COMPARISON, PICKS
from motorscope.plugin.layers.looks import ANGSTROM, AXES, MARKER_SIZE
from motorscope.plugin.layers.source import find, identity
from motorscope.plugin.layers.tag import LayerTag, kind_of
from motorscope.review.comparison import VERDICTS, Comparison
from motorscope.tomogram import VoxelGrid

COLOURS = {"both": "#f2f2f2", "mine": "#ff9f1c", "theirs": "#35c9ff"}
"""Of what both have, only I, only they: to be told apart by colour-blind eyes too."""

_VERDICT = pd.CategoricalDtype(list(VERDICTS))
_LARGER = 1.3  # than our own rings, which they go round


def other_sets(viewer: ViewerModel, tomogram: Layer | None) -> list[Points]:
    """Return the points layers with which the picks of a tomogram can be compared."""
    own = None if tomogram is None else find(viewer.layers, PICKS, identity(tomogram))
    return [
        layer
        for layer in viewer.layers
        if isinstance(layer, Points)
        and layer.ndim == 3
        and kind_of(layer) is not COMPARISON
        and (own is None or layer != own)
    ]


def comparison_arguments(
    comparison: Comparison, grid: VoxelGrid, name: str, tomogram_id: str
) -> dict[str, Any]:
    """Return the arguments of ``add_points``: squares around the rings, coloured by verdict."""
    spacing = grid.known_spacing()
    return {
        "data": grid.to_voxels(comparison.places),
        "ndim": 3,
        "name": f"{name} comparison",
        "scale": spacing,
        "translate": grid.origin,
        "units": ANGSTROM,
        "axis_labels": AXES,
        "features": pd.DataFrame({"verdict": pd.Series(comparison.verdicts, dtype=_VERDICT)}),
        "feature_defaults": {"verdict": "mine"},
        "border_color_cycle": COLOURS,
        "size": _LARGER * MARKER_SIZE / float(np.mean(spacing)),
        "metadata": LayerTag(COMPARISON, name, tomogram_id).metadata,
        **COMPARISON.looks,
    }
