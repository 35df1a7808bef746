"""A table of picks as a points layer, and back."""

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Points

from motorscope.picks import PickTable
from motorscope.picks.rows import DETAILS
from motorscope.plugin.layers.looks import MARKER_SIZE
from motorscope.plugin.layers.source import angstrom_per, spacing_of
from motorscope.plugin.layers.tag import kind_of, tag_of
from motorscope.plugin.layers.viewport import world_unit
from motorscope.tomogram import VoxelGrid


def picks_of(layer: Points) -> tuple[PickTable, VoxelGrid]:
    """Return the picks that a points layer shows, and the grid in whose voxels its data count.

    Points that napari's own tools added count as picks of a person.
    """
    shown = np.asarray(layer.shown, dtype=bool)
    places = np.asarray(layer.data, dtype=float).reshape(-1, 3)[shown]
    features = layer.features.loc[shown].reset_index(drop=True)
    grid = VoxelGrid(
        shape=(1, 1, 1),
        spacing=spacing_of(layer),
        origin=tuple(np.asarray(layer.translate, dtype=float) * angstrom_per(layer.units[-1])),
    )
    ids = features["id"].to_numpy(dtype=np.int64, copy=True)
    again = np.ones(len(ids), dtype=bool)  # napari gives a new point the features of a selected one
    again[np.unique(ids, return_index=True)[1]] = False
    fresh = np.flatnonzero((ids < 0) | again)
    ids[fresh] = ids.max(initial=-1) + 1 + np.arange(len(fresh))
    frame = pd.DataFrame(grid.to_world(places), columns=["z", "y", "x"])
    frame.insert(0, "id", ids)
    frame["score"] = features["score"].to_numpy(dtype=float)
    for column in ("origin", "status"):
        frame[column] = features[column].astype(str)
    tag = tag_of(layer)
    table = None if tag is None else tag.table
    if table is not None:  # who decided, and when, is no feature of the layer
        known = table.frame.set_index("id")[list(DETAILS)]
        frame = frame.join(known, on="id").fillna(dict.fromkeys(DETAILS, ""))
    return PickTable.from_frame(frame), grid


class SliceThickness:
    """Lets a motor show in every slice that cuts it, where that changes nothing else.

    The viewer's slice becomes as thick as a marker while picks of ours are there and no other layer
    would be averaged over it, and thin again when that ends. Where a person has chosen a thickness,
    it stays.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._margins: tuple[float, ...] | None = None  # ours (z, y, x), in units of the world

    def fit(self) -> None:
        """Fit the thickness to the layers that there are."""
        viewer = self._viewer
        kinds = ((layer, kind_of(layer)) for layer in viewer.layers)
        points = next((layer for layer, kind in kinds if kind and kind.marks_motors), None)
        projected = any(
            str(layer.projection_mode) != "none"
            for layer in viewer.layers
            if layer.ndim > 2 and not isinstance(layer, Points)
        )
        left, right = viewer.dims.margin_left[-3:], viewer.dims.margin_right[-3:]
        if points is not None and not projected:
            if self._margins is None and not any(left) and not any(right):
                half = MARKER_SIZE / 2 / world_unit(viewer, points)
                self._margins = tuple(float(each) for each in half)
                self._set(self._margins)
        elif self._margins is not None:
            if left == right == self._margins:
                self._set((0.0, 0.0, 0.0))
            self._margins = None

    def _set(self, margins: tuple[float, ...]) -> None:
        dims = self._viewer.dims
        dims.margin_left = dims.margin_right = (*(0.0,) * (dims.ndim - 3), *margins)
