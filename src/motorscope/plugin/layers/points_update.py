"""What differs between a points layer and picks is written into the layer, in place.

With ten thousand picks napari's setters take longer each than a person should wait. Colours are
ours for the same reason: napari would work out all of them anew from the features whenever a point
is selected.
"""

from typing import Any

import numpy as np
from napari.layers import Points
from napari.utils.colormaps.standardize_color import transform_color
from numpy.typing import NDArray

from motorscope.picks import PickTable
from motorscope.plugin.layers.kinds import STATUS_COLOURS
from motorscope.plugin.layers.looks import ADDED, label, pick_features

SAME = 1e-6
"""Of a voxel: what the way to Å and back may change."""


def ids_of(layer: Points) -> NDArray[np.int64]:
    """Return the ids of the picks that a layer's rows are of."""
    return layer.features["id"].to_numpy(dtype=np.int64)


def first_of_known(ids: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which rows are picks of the table; a second row of the same id is a copy."""
    first = np.zeros(len(ids), dtype=bool)
    first[np.unique(ids, return_index=True)[1]] = True
    return np.asarray(first & np.isin(ids, known), dtype=bool)


def replace_all(layer: Points, table: PickTable, places: NDArray[np.float64]) -> None:
    """Put a table's picks into a layer, at their places ``(n, 3)`` in voxels, and nothing else."""
    layer.selected_data = set()
    layer.data = places
    layer.features = pick_features(table)
    layer.feature_defaults = dict(ADDED)


def colours_of(statuses: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rings' colours ``(n, 4)`` of statuses ``(n,)``."""
    colours = np.ones((len(statuses), 4))
    for status, colour in STATUS_COLOURS.items():
        colours[statuses == status] = transform_color(colour)[0]
    return colours


def update_places(layer: Points, places: NDArray[np.float64]) -> bool:
    """Write the positions that differ; return whether any did."""
    off = (np.abs(np.asarray(layer.data) - places) > SAME).any(axis=1)
    if off.any():
        layer.data[off] = places[off]
    return bool(off.any())


def update_words(layer: Points, table: PickTable, rows: NDArray[np.intp]) -> bool:
    """Write origins and statuses that differ from a table's rows; return whether any did."""
    features, changed = layer.features, False
    for column, words in (("origin", table.origins), ("status", table.statuses)):
        wanted = words[rows]
        differs = np.flatnonzero(features[column].to_numpy(dtype=object) != wanted)
        if len(differs):
            features.loc[differs, column] = wanted[differs]
            changed = True
    return changed


def update_colours(layer: Points, statuses: NDArray[Any]) -> bool:
    """Write the colours of rings that differ; return whether any did."""
    wanted = colours_of(statuses).astype(layer.border_color.dtype)
    differs = (layer.border_color != wanted).any(axis=1)
    if differs.any():
        layer.border_color[differs] = wanted[differs]
    return bool(differs.any())


def update_widths(layer: Points, chosen: NDArray[np.bool_], widths: tuple[float, float]) -> bool:
    """Make rings thin, and those of chosen picks thick; return whether any changed.

    napari marks selected points of the active layer only, which may be another one.
    """
    thin, thick = widths
    wanted = np.where(chosen, thick, thin)
    if np.array_equal(wanted, layer.border_width):
        return False
    layer.border_width[:] = wanted
    return True


def update_scores(layer: Points, scores: NDArray[np.float64], shown: NDArray[np.bool_]) -> bool:
    """Write scores that differ, and the labels of what is shown; return whether any changed."""
    features = layer.features
    was = features["score"].to_numpy(dtype=float)
    nameless = features["label"].to_numpy(dtype=object) == ""
    differs = (was != scores) & ~(np.isnan(was) & np.isnan(scores))
    bare = np.isnan(scores) | ~shown
    stale = np.flatnonzero(differs | (nameless != bare))
    if len(stale):
        features.loc[stale, "score"] = scores[stale]
        features.loc[stale, "label"] = [
            "" if none else label(each)
            for each, none in zip(scores[stale], bare[stale], strict=True)
        ]
    return bool(len(stale))


def update_shown(layer: Points, shown: NDArray[np.bool_], size: float) -> bool:
    """Hide what is not shown; return whether that changes anything.

    In 3D napari draws hidden points too, so they have no size either.
    """
    sizes = np.where(shown, np.where(layer.size > 0, layer.size, size), 0.0)
    if np.array_equal(layer.shown, shown) and np.array_equal(layer.size, sizes):
        return False
    layer.size[:], layer.shown[:] = sizes, shown
    return True
