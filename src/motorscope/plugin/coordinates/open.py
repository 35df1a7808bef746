"""Files of coordinates as points layers, over the tomograms that they belong to."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from napari import current_viewer
from napari.layers import Layer
from napari.utils.notifications import show_warning
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from motorscope.errors import TomogramError
from motorscope.picks.coordinates import opening
from motorscope.picks.coordinates.placing import Placed
from motorscope.picks.formats import format_inside
from motorscope.plugin.layers.kinds import COORDINATES
from motorscope.plugin.layers.looks import PIXEL, picks_arguments
from motorscope.plugin.layers.source import check_source, volume_of
from motorscope.plugin.layers.tag import LayerTag

LayerData = tuple[Any, dict[str, Any], str]
Paths = str | list[str]

PIXEL_MARKER = 20.0
"""Diameter in voxels of a marker where nobody knows how large a voxel is."""

_CROWDED = 1.5
"""Markers are no larger than this many times the distance of neighbours."""


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """Return our reader if every path holds coordinates that we read, else ``None``."""
    paths = [path] if isinstance(path, str) else list(path)
    if not paths or any(format_inside(each) is None for each in paths):
        return None
    return read_layers


def read_layers(path: Paths) -> list[LayerData]:
    """Open files of coordinates as points layers over the tomograms of the current viewer.

    Raises
    ------
    MotorscopeError
        If a file cannot be read, or does not say enough.
    """
    viewer = current_viewer()
    layers = [] if viewer is None else list(viewer.layers)
    active = None if viewer is None else viewer.layers.selection.active
    opened: list[LayerData] = []
    remarks: list[str] = []
    for each in [path] if isinstance(path, str) else path:
        more, said = open_coordinates(Path(each), layers, active)
        opened += more
        remarks += said
    for remark in remarks:
        show_warning(remark)
    return opened


def open_coordinates(
    path: Path, layers: Iterable[Layer], active: Layer | None = None, binning: float = 1.0
) -> tuple[list[LayerData], list[str]]:
    """Read a file, and place the picks of its tomograms; see `opening.open_file`.

    Parameters
    ----------
    layers
        Those of the viewer, among which the tomograms are looked for by name.
    active
        The selected layer: the tomogram of a file that names none.

    Returns
    -------
    list of layer data
        Points layers.
    list of str
        What a person has to be told.

    Raises
    ------
    MotorscopeError
        If the file cannot be read, or does not say enough.
    """
    tomograms = [layer for layer in layers if _can_be_tomogram(layer)]
    volumes = [volume_of(layer) for layer in tomograms]
    chosen = volumes[tomograms.index(active)] if active in tomograms else None
    placed, remarks = opening.open_file(path, volumes, chosen, binning)
    data = [
        layer_data(path, each, None if each.on is None else tomograms[volumes.index(each.on)])
        for each in placed
    ]
    if len(placed) > 1:
        for each, (_, arguments, _) in zip(placed, data, strict=True):
            arguments["name"] += f": {each.name}"
    return data, remarks + [remark for each in placed for remark in each.remarks]


def open_on(
    path: Path, layer: Layer, binning: float = 1.0, name: str | None = None
) -> tuple[LayerData, list[str]]:
    """Read a file, and place the picks of one tomogram on its layer; see `opening.open_on`.

    Raises
    ------
    MotorscopeError
        If the file cannot be read, does not say enough, or has picks of others only.
    """
    check_source(layer)
    placed = opening.open_on(path, volume_of(layer), binning, name)
    return layer_data(path, placed, layer), list(placed.remarks)


def layer_data(path: Path, placed: Placed, tomogram: Layer | None) -> LayerData:
    """Return the points layer of a file's picks, over its tomogram's layer if that is there."""
    layer_id = "" if placed.on is None else placed.on.id
    arguments = picks_arguments(placed.table, placed.grid, placed.name, layer_id)
    grid = replace(placed.grid, spacing=None) if placed.in_voxels else placed.grid
    largest = PIXEL_MARKER if placed.in_voxels else arguments["size"]
    size = _marker_size(arguments["data"], largest)
    arguments["text"]["translation"] = (0.0, -0.36 * size, 0.36 * size)
    tag = LayerTag(
        COORDINATES, placed.name, layer_id, path, grid, placed.table, in_pixels=placed.in_voxels
    )
    arguments |= {"name": path.name, "size": size, "metadata": tag.metadata}
    if placed.in_voxels and tomogram is None:
        arguments["units"] = PIXEL
    elif placed.in_voxels:
        arguments |= {each: getattr(tomogram, each) for each in ("scale", "translate", "units")}
    return arguments.pop("data"), arguments, "points"


def _marker_size(voxels: NDArray[np.float64], largest: float) -> float:
    """Return a diameter in voxels at which markers of neighbours can be told apart."""
    if len(voxels) < 2:
        return largest
    distances, _ = cKDTree(voxels).query(voxels, k=2)
    near = _CROWDED * float(np.median(np.asarray(distances)[:, 1]))
    return min(largest, near) if near > 0 else largest


def _can_be_tomogram(layer: Layer) -> bool:
    try:
        check_source(layer)
    except TomogramError:
        return False
    return True
