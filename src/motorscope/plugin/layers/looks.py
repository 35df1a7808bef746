"""What our layers look like: pure functions from a result to a layer's arguments.

Every layer carries a scale, a translation, units of ångström and names of its axes, and a tag.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motorscope.errors import TomogramError
from motorscope.picks.rows import ORIGINS, STATUSES
from motorscope.picks.table import PickTable
from motorscope.plugin.layers.kinds import HEATMAP, PICKS, STATUS_COLOURS, TOMOGRAM, LayerKind
from motorscope.plugin.layers.tag import LayerTag
from motorscope.tomogram import InputRecipe, Tomogram, VoxelGrid, intensity_range, read_block

MARKER_SIZE = 700.0
"""Diameter in Å of the ring around a motor, which is about 450 Å wide."""

ADDED = {"id": -1, "score": float("nan"), "label": "", "origin": "user", "status": "accepted"}
"""Features of a point that a person adds."""

AXES = ("z", "y", "x")
ANGSTROM = ("angstrom",) * 3
PIXEL = ("pixel",) * 3

_DISPLAY = InputRecipe(spacing=1.0, percentiles=(0.2, 99.8))
_SAMPLED = (8, 128, 128)  # voxels to each side of the middle
_ORIGIN = pd.CategoricalDtype(list(ORIGINS))
_STATUS = pd.CategoricalDtype(list(STATUSES))


def tomogram_data(tomogram: Tomogram) -> Any:
    """Return what an image layer of a tomogram shows: its voxels, or the levels of a pyramid."""
    if not tomogram.levels:
        return tomogram.data
    return [tomogram.data, *(level.data for level in tomogram.levels)]


def tomogram_arguments(tomogram: Tomogram) -> dict[str, Any]:
    """Return the arguments of ``add_image`` (less `tomogram_data`) for a tomogram.

    A tomogram of unknown spacing is placed in pixels: nothing is guessed.
    """
    grid, levels = tomogram.grid, tomogram.levels
    known = grid.spacing is not None
    try:
        limits = intensity_range(_sampled(tomogram), _DISPLAY)
    except TomogramError:  # a constant volume can be looked at, only not searched
        limits = (0.0, 1.0)
    return {
        "multiscale": bool(levels),
        "name": tomogram.name,
        "scale": grid.spacing or (1.0, 1.0, 1.0),
        "translate": grid.origin if known else (0.0, 0.0, 0.0),
        "units": ANGSTROM if known else PIXEL,
        "axis_labels": AXES,
        "contrast_limits": _rising(*limits),
        "metadata": LayerTag(TOMOGRAM, tomogram.name, path=tomogram.path, levels=levels).metadata,
        **TOMOGRAM.looks,
    }


def _sampled(tomogram: Tomogram) -> Tomogram:
    """Return the middle of a pyramid's finest level, which is soon read, else the whole tomogram.

    Coarser levels are less noisy: with their contrast the finest one would be black and white.
    """
    if not tomogram.levels:
        return tomogram
    z, y, x = (
        slice(max(side // 2 - reach, 0), side // 2 + reach)
        for side, reach in zip(tomogram.grid.shape, _SAMPLED, strict=True)
    )
    block = read_block(tomogram.data, (z, y, x))
    if not block.min() < block.max():  # padding, perhaps
        return tomogram.at(len(tomogram.levels))
    depth, height, width = block.shape
    return Tomogram(block, VoxelGrid((depth, height, width), None), tomogram.name)


def heatmap_arguments(
    data: NDArray[np.float32], grid: VoxelGrid, name: str, tomogram_id: str
) -> dict[str, Any]:
    """Return the arguments of ``add_image`` for probabilities ``(z, y, x)``; zero adds no light."""
    return map_arguments(HEATMAP, data, grid, f"{name} heatmap", (name, tomogram_id))


def map_arguments(
    kind: LayerKind,
    values: NDArray[Any],
    grid: VoxelGrid,
    title: str,
    tomogram: tuple[str, str],
    part: str = "",
    limits: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Return the arguments of ``add_image`` for a map of a tomogram.

    Parameters
    ----------
    kind
        What kind of map.
    values
        ``(z, y, x)`` on `grid`, or ``(z, y, x, 3)`` in red, green and blue.
    title
        The layer's name.
    tomogram
        The tomogram's name and identity.
    part
        What tells it from others of its kind: the name of a stage, or of a method.
    limits
        Values from which to which it is shown; those of the kind if ``None``.
    """
    name, tomogram_id = tomogram
    arguments = {
        "data": values,
        "name": title,
        "scale": grid.known_spacing(),
        "translate": grid.origin,
        "units": ANGSTROM,
        "axis_labels": AXES,
        "metadata": LayerTag(kind, name, tomogram_id, part=part).metadata,
        **kind.looks,
    }
    return arguments if limits is None else arguments | {"contrast_limits": _rising(*limits)}


def picks_arguments(
    picks: PickTable, grid: VoxelGrid, name: str, tomogram_id: str
) -> dict[str, Any]:
    """Return the arguments of ``add_points`` for picks in the voxels of the tomogram's `grid`.

    The data count in voxels, so that napari's own export of the layer does too; scale and
    translation bring them to Å.
    """
    spacing = grid.known_spacing()
    size = marker_size(grid)
    return {
        "data": grid.to_voxels(picks.positions),
        "ndim": 3,
        "name": f"{name} motors",
        "scale": spacing,
        "translate": grid.origin,
        "units": ANGSTROM,
        "axis_labels": AXES,
        "features": pick_features(picks),
        "feature_defaults": dict(ADDED),
        "size": size,
        "text": {
            "string": {"feature": "label"},
            "size": 13,
            "color": STATUS_COLOURS["candidate"],
            "anchor": "upper_left",
            "translation": (0.0, -0.36 * size, 0.36 * size),  # at the upper right of the ring
        },
        "metadata": LayerTag(PICKS, name, tomogram_id, grid=grid).metadata,
        **PICKS.looks,
    }


def pick_features(picks: PickTable) -> pd.DataFrame:
    """Return the table of features of a points layer: id, score, its label, origin and status."""
    frame = picks.frame
    return pd.DataFrame(
        {
            "id": frame["id"].to_numpy(dtype=np.int64),
            "score": picks.scores,
            "label": pd.Series([label(score) for score in picks.scores], dtype=object),
            "origin": pd.Series(frame["origin"].to_numpy(), dtype=_ORIGIN),
            "status": pd.Series(frame["status"].to_numpy(), dtype=_STATUS),
        }
    )


def marker_size(grid: VoxelGrid) -> float:
    """Return the diameter of a pick's ring in voxels of a tomogram's grid."""
    return MARKER_SIZE / float(np.mean(grid.known_spacing()))


def label(score: float) -> str:
    """Return a score as it stands beside its point; nothing for the pick of a person."""
    return "" if np.isnan(score) else f"{score:.2f}"


def _rising(low: float, high: float) -> tuple[float, float]:
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)
