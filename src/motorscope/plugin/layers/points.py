"""Points layers of anybody as picks, and as files of other programs."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Layer, Points
from numpy.typing import NDArray

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.picks.formats import FORMATS, UNKNOWN_GRID, format_by_name, write_coordinates
from motorscope.plugin.layers.picks_layer import picks_of
from motorscope.plugin.layers.source import (
    angstrom_per,
    full_grid,
    identity,
    is_upright,
    spacing_of,
    tomogram_name,
)
from motorscope.plugin.layers.tag import tag_of
from motorscope.tomogram import VoxelGrid

_WORDS = ("origin", "status")
_OURS = {"id", "score", *_WORDS}


def picks_of_points(layer: Points) -> tuple[PickTable, VoxelGrid]:
    """Return the picks that any points layer shows, and the grid in whose voxels its data count.

    Points of other plugins count as accepted picks of a person; those with a feature ``score``, as
    candidates. The shape of the grid is (0, 0, 0) where it is unknown. Where the layer
    has no unit of length its positions are in voxels: the grid's spacing is ``None``, and the
    table's positions are the data.

    Raises
    ------
    PicksError
        If the layer is not 3D, or is rotated or sheared.
    """
    if layer.ndim != 3:
        raise PicksError(
            f"Layer '{layer.name}' has {layer.ndim} axes; points have three here (z, y, x)."
        )
    if not is_upright(layer):
        raise PicksError(
            f"Layer '{layer.name}' is rotated, sheared or mirrored; reset its transform."
        )
    tag = tag_of(layer)
    shape = UNKNOWN_GRID.shape if tag is None or tag.grid is None else tag.grid.shape
    spacing = spacing_of(layer)
    if spacing is not None and set(layer.features) >= _OURS:
        table, grid = picks_of(layer)
        return table, replace(grid, shape=shape)
    shown = np.asarray(layer.shown, dtype=bool)
    places = np.asarray(layer.data, dtype=float).reshape(-1, 3)[shown]
    grid = VoxelGrid(shape=shape, spacing=spacing)
    if spacing is not None:
        factor = np.array([angstrom_per(unit) for unit in layer.units], dtype=float)
        z, y, x = (float(each) for each in np.asarray(layer.translate) * factor)
        grid = replace(grid, origin=(z, y, x))
        places = grid.to_world(places)
    return _table(places, layer.features.loc[shown].reset_index(drop=True)), grid


def picks_on(layer: Points, tomogram: Layer) -> tuple[PickTable, str]:
    """Return the picks that a points layer shows, in the world of a tomogram, and a remark.

    Points without a unit of length are taken as voxels of the tomogram, which the remark says; else
    it is empty.

    Raises
    ------
    MotorscopeError
        If the layer or the tomogram does not say enough.
    """
    table, grid = picks_of_points(layer)
    if grid.spacing is not None:
        return table, ""
    own = full_grid(tomogram)
    own.known_spacing()
    tag = tag_of(layer)
    placed = tag is not None and tag.tomogram == identity(tomogram)
    if not placed and not (np.allclose(layer.scale, 1) and np.allclose(layer.translate, 0)):
        raise PicksError(
            f"Layer '{layer.name}' has a scale and no unit of length; set its units, or open its "
            "file again now that the tomogram has a spacing."
        )
    return table.move(table.ids, own.to_world(table.positions)), (
        f"'{layer.name}' has no unit of length: its numbers are taken as voxels of "
        f"'{tomogram_name(tomogram)}'."
    )


def write_points(path: str, data: Any, attributes: dict[str, Any], format_name: str) -> list[str]:
    """Write a points layer as a file of coordinates; what napari calls a writer.

    The file counts in the layer's voxels, that is in those of the tomogram on which it lies.

    Raises
    ------
    MotorscopeError
        If the file cannot be written, or the layer does not say enough.
    """
    layer, form = Layer.create(data, attributes, "points"), format_by_name(format_name)
    table, grid = picks_of_points(layer)
    if grid.spacing is None:
        if not form.in_voxels:
            raise PicksError(
                f"{form.title} says how large a voxel is, and layer "
                f"'{layer.name}' does not; give the tomogram its voxel spacing in the Motorscope "
                "panel, and open the points again."
            )
        grid = grid.with_spacing(1.0)  # which enters nowhere
    tag = tag_of(layer)
    name = None if tag is None else tag.name
    write_coordinates(Path(path), {str(name or layer.name): (table, grid)}, 1.0, form)
    return [path]


def __getattr__(name: str) -> Any:
    """Return the writer of a format: ``write_csv`` for the one called csv; for the manifest."""
    form = name.removeprefix("write_")
    if form == name or form not in [each.name for each in FORMATS]:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return partial(write_points, format_name=form)


def _table(places: NDArray[np.float64], features: pd.DataFrame) -> PickTable:
    frame = pd.DataFrame(places, columns=["z", "y", "x"])
    frame["score"] = pd.to_numeric(features.get("score", np.nan), errors="coerce")
    if set(features) >= _OURS:
        frame["origin"], frame["status"] = (features[name].astype(str) for name in _WORDS)
    else:
        frame["origin"] = "user"
        frame["status"] = np.where(frame["score"].isna(), "accepted", "candidate")
    return PickTable.from_frame(frame)
