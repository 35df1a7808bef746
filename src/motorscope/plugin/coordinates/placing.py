"""Where the picks of a file are placed: on their tomogram if it is open, else by what it says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.picks.formats import RawPicks
from motorscope.plugin.layers.kinds import COORDINATES
from motorscope.plugin.layers.looks import PIXEL, picks_arguments
from motorscope.plugin.layers.source import full_grid, identity, tomogram_name
from motorscope.plugin.layers.tag import LayerTag
from motorscope.tomogram import VoxelGrid

LayerData = tuple[Any, dict[str, Any], str]

PIXEL_MARKER = 20.0
"""Diameter in voxels of a marker where nobody knows how large a voxel is."""

_CROWDED = 1.5
"""Markers are no larger than this many times the distance of neighbours."""

_SAME = 0.01
"""Spacings that differ by less than this share are the same."""


def on_tomogram(path: Path, picks: RawPicks, layer: Layer) -> tuple[LayerData, list[str]]:
    """Return the points layer of picks over their tomogram, and what a person has to be told.

    Raises
    ------
    PicksError
        If the picks are in Å and the tomogram's spacing is unknown.
    """
    grid, name, remarks = full_grid(layer), tomogram_name(layer), list[str]()
    said = picks.grid.spacing
    if grid.spacing is None:
        data = _in_its_voxels(path, picks, layer)
        says = "" if picks.in_voxels or said is None else f" ({path.name} says {said[0]:g} Å)"
        remarks.append(
            f"The voxel spacing of '{name}' is unknown{says}: the points are placed in its voxels. "
            "To have them in Å, set the spacing in the Motorscope panel and open the file again."
        )
    else:
        data = _layer(path, name, picks.table, grid, identity(layer))
        if said is not None and not np.allclose(said, grid.spacing, rtol=_SAME):
            remarks.append(
                f"{path.name} counts in voxels of {said[0]:g} Å, and '{name}' has voxels of "
                f"{grid.spacing[0]:g} Å: the points are placed by their Å."
            )
    return data, remarks + _beyond(path, data[0], grid, name)


def alone(path: Path, name: str, picks: RawPicks) -> tuple[LayerData, list[str]]:
    """Return the points layer of picks whose tomogram is not open, and what is to be told."""
    if picks.in_voxels:
        return _layer(path, name, picks.table, picks.grid, "", in_pixels=True), [
            f"{path.name} does not say how large its voxels are: the points are placed in pixels. "
            "To have them in Å, open the tomogram first, then this file."
        ]
    remarks = list[str]()
    if picks.grid.spacing is None and len(picks.table):
        remarks.append(
            f"{path.name} gives positions in Å, and not how large the voxels of '{name}' are: the "
            "layer counts in voxels of 1 Å. To have the tomogram's, open that first."
        )
    return _layer(path, name, picks.table, _scaled(picks.grid), ""), remarks


def is_outside(voxels: ArrayLike, grid: VoxelGrid) -> NDArray[np.bool_]:
    """Tell which voxel coordinates ``(n, 3)`` lie more than a voxel outside of a grid ``(n,)``."""
    places = np.asarray(voxels, dtype=float).reshape(-1, 3)
    return np.asarray(((places < -1) | (places > grid.shape)).any(axis=1))


def likely_binning(voxels: ArrayLike, grid: VoxelGrid) -> int:
    """Return the least whole binning by which voxel coordinates ``(n, 3)`` lie in a grid."""
    places = np.asarray(voxels, dtype=float).reshape(-1, 3)
    return max(int(np.ceil((places / grid.shape).max(initial=0))), 1)


def _in_its_voxels(path: Path, picks: RawPicks, layer: Layer) -> LayerData:
    if picks.grid.spacing is None and len(picks.table):
        raise PicksError(
            f"{path.name} gives positions in Å, and the voxel spacing of '{tomogram_name(layer)}' "
            "is unknown; set it in the Motorscope panel first."
        )
    unit = full_grid(layer).with_spacing(1.0)
    table = picks.table.move(picks.table.ids, _scaled(picks.grid).to_voxels(picks.table.positions))
    data, arguments, kind = _layer(
        path, tomogram_name(layer), table, unit, identity(layer), in_pixels=True
    )
    arguments |= {"scale": layer.scale, "translate": layer.translate, "units": layer.units}
    return data, arguments, kind


def _scaled(grid: VoxelGrid) -> VoxelGrid:
    """Return a grid whose data can be placed: where voxels play no role, they are 1 Å."""
    return grid if grid.spacing is not None else grid.with_spacing(1.0)


def _layer(
    path: Path, name: str, table: PickTable, grid: VoxelGrid, layer_id: str, in_pixels: bool = False
) -> LayerData:
    arguments = picks_arguments(table, grid, name, layer_id)
    known = replace(grid, spacing=None) if in_pixels else grid
    largest = PIXEL_MARKER if in_pixels else arguments["size"]
    size = _marker_size(arguments["data"], largest)
    arguments["text"]["translation"] = (0.0, -0.36 * size, 0.36 * size)
    arguments |= {
        "name": path.name,
        "size": size,
        "metadata": LayerTag(
            COORDINATES, name, layer_id, path, known, table, in_pixels=in_pixels
        ).metadata,
    }
    if in_pixels:
        arguments["units"] = PIXEL
    return arguments.pop("data"), arguments, "points"


def _marker_size(voxels: NDArray[np.float64], largest: float) -> float:
    """Return a diameter in voxels at which markers of neighbours can be told apart."""
    if len(voxels) < 2:
        return largest
    distances, _ = cKDTree(voxels).query(voxels, k=2)
    near = _CROWDED * float(np.median(np.asarray(distances)[:, 1]))
    return min(largest, near) if near > 0 else largest


def _beyond(path: Path, voxels: Any, grid: VoxelGrid, name: str) -> list[str]:
    """Say that points lie outside of their tomogram, as those of another binning do."""
    outside = is_outside(voxels, grid)
    if not outside.any():
        return []
    factor = likely_binning(voxels, grid)
    advice = f" (here perhaps {factor})" if factor > 1 else ""
    return [
        f"{int(outside.sum())} of {len(outside)} points of {path.name} lie outside of '{name}'. "
        "If the file counts in smaller voxels, open it with Plugins → Motorscope → Open "
        f"coordinates, which asks for the binning{advice}."
    ]
