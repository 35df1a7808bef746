"""Where the viewer looks, in Å of a tomogram's world, and how to make it look somewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray

from motorscope.errors import TomogramError
from motorscope.plugin.layers.source import angstrom_per
from motorscope.tomogram.grid import Box, VoxelGrid, triple

SLAB = 2000.0
"""Thickness in Å of the slab around the current slice that counts as in view."""


def world_unit(viewer: ViewerModel, layer: Layer) -> NDArray[np.float64]:
    """Return how many Å one unit of the viewer's world is along z, y, x.

    napari converts between the units of its layers where these fit together; where they do not,
    it takes the bare numbers, and then the world counts in the unit of `layer`.
    """
    units = viewer.layers.units or layer.units
    return np.array([angstrom_per(unit) or 1.0 for unit in units[-3:]])


def visible_box(viewer: ViewerModel, layer: Layer, grid: VoxelGrid) -> Box:
    """Return the two corners (z, y, x) in Å of the part of a tomogram that is in view.

    In 2D that is the visible rectangle and a slab around the current slice; in 3D a cube around
    the camera's centre.

    Raises
    ------
    TomogramError
        If nothing of the tomogram is in view.
    """
    ndim = viewer.dims.ndim
    camera = viewer.scene.camera
    height, width = viewer.canvas.size
    middle = np.array(viewer.dims.point, dtype=float)
    half = np.full(ndim, np.inf)
    if viewer.dims.ndisplay == 2:
        displayed, extents = list(viewer.dims.displayed[-2:]), [height, width]
    else:
        displayed, extents = list(viewer.dims.displayed[-3:]), [max(height, width)] * 3
    count = len(displayed)
    middle[displayed] = camera.center[-count:]
    half[displayed] = np.asarray(extents) / camera.zoom / 2
    unit = world_unit(viewer, layer)
    centre, reach = middle[-3:] * unit, half[-3:] * unit
    reach = np.where(np.isinf(reach), SLAB / 2, reach)
    spacing = np.asarray(grid.known_spacing())
    first = np.asarray(grid.origin) - spacing / 2
    low = np.maximum(centre - reach, first)
    high = np.minimum(centre + reach, first + spacing * grid.shape)
    if not (high - low >= spacing).all():
        raise TomogramError(
            "Nothing of the tomogram is in view; move it back into the canvas, "
            "or search the whole volume."
        )
    return triple(low), triple(high)


def look_at(viewer: ViewerModel, layer: Layer, position: Sequence[float]) -> None:
    """Bring a position (z, y, x) in Å into the slice and the canvas's middle; the zoom stays."""
    place = np.asarray(position, dtype=float) / world_unit(viewer, layer)
    ndim = viewer.dims.ndim
    axes = list(range(ndim - 3, ndim))
    # The sliders know whole steps only: between two of them they would slice everything again.
    starts, _, steps = np.array(viewer.dims.range[-3:], dtype=float).T
    whole = starts + np.round((place - starts) / steps) * steps
    viewer.dims.set_point(axes, [float(value) for value in whole])
    point = np.zeros(ndim)
    point[axes] = place
    centre = np.array(viewer.scene.camera.center, dtype=float)
    displayed = list(viewer.dims.displayed)
    centre[-len(displayed) :] = point[displayed]
    viewer.scene.camera.center = triple(centre)


def zoom_to(viewer: ViewerModel, layer: Layer, position: Sequence[float], width: float) -> bool:
    """Bring a position (z, y, x) in Å to the canvas's middle, `width` Å across its shorter side.

    Where that is what the canvas shows already, it shows the whole again, in the same slice.

    Returns
    -------
    bool
        Whether it was zoomed in.
    """
    camera = viewer.scene.camera
    zoom = min(viewer.canvas.size) / (width / float(world_unit(viewer, layer)[-1]))
    before = np.array(camera.center), camera.zoom
    look_at(viewer, layer, position)
    camera.zoom = zoom
    near = np.allclose(before[0], camera.center, atol=1e-3 * width)
    if near and np.isclose(before[1], zoom, rtol=1e-3):
        viewer.reset_view(reset_camera_angle=False)
        return False
    return True


@contextmanager
def steady(viewer: ViewerModel) -> Iterator[None]:
    """Keep slice, camera and zoom, which napari resets when the first layer with channels comes."""
    camera = viewer.scene.camera
    before = {"center": camera.center, "zoom": camera.zoom, "angles": camera.angles}
    point = viewer.dims.point[-3:]
    yield
    ndim = viewer.dims.ndim
    viewer.dims.set_point(range(ndim - len(point), ndim), point)
    camera.update(before)
