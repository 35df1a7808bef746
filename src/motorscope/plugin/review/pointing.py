"""What is done where a person points: picks added, moved to the heatmap's maxima, zoomed to."""

from typing import Any

import numpy as np
from napari.layers import Layer

from motorscope.errors import PicksError
from motorscope.picks.maxima.candidates import FLOOR
from motorscope.picks.maxima.near import highest_between
from motorscope.plugin.layers.kinds import HEATMAP
from motorscope.plugin.layers.source import full_grid
from motorscope.plugin.layers.viewport import world_unit, zoom_to
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import actions
from motorscope.tomogram import VoxelGrid

ZOOM_WIDTH = 1500.0
"""How many Å around a motor fill the canvas: the motor with its ring, and the membrane by it."""


def snap(reviews: ReviewController, layer: Layer) -> str:
    """Move the selected picks to the heatmap's maxima nearby; see `actions.snap`.

    Raises
    ------
    PicksError
        If there is no heatmap, nothing is selected, or no maximum to speak of is near.
    """
    review = reviews.begun(layer)
    _, heatmap, grid = _heatmap(reviews, layer)
    return actions.snap(review, heatmap, grid)


def zoom(reviews: ReviewController, layer: Layer) -> None:
    """Zoom to the current pick; a second time back to the whole tomogram.

    Raises
    ------
    PicksError
        If there is no current pick.
    """
    review = reviews.begun(layer)
    if review.current is None:
        raise PicksError("No motor is selected, or several are; go to one with N.")
    zoom_to(reviews.viewer, layer, list(review.position(review.current)), ZOOM_WIDTH)


def add_at_cursor(reviews: ReviewController, layer: Layer) -> None:
    """Add a pick where the cursor is: in 2D on the slice, in 3D on the heatmap's largest value.

    Raises
    ------
    PicksError
        If the cursor is outside of the tomogram, or in 3D without a heatmap, or where that is
        next to zero.
    """
    review = reviews.begin(layer)
    if reviews.viewer.dims.ndisplay == 2:
        place = reviews.pointer.place()[-3:] * world_unit(reviews.viewer, layer)
    else:
        place = _on_ray(reviews, layer)
    voxel = review.grid.to_voxels(place)
    if not ((voxel >= -0.5) & (voxel <= np.array(review.grid.shape) - 0.5)).all():
        raise PicksError("The cursor is outside of the tomogram; point at a motor in it.")
    review.add(place[None])


def _on_ray(reviews: ReviewController, layer: Layer) -> Any:
    shown, heatmap, grid = _heatmap(reviews, layer)
    start, end = shown.get_ray_intersections(
        reviews.pointer.place()[-3:], reviews.pointer.direction(), list(range(3)), world=True
    )
    if start is None or end is None:
        raise PicksError("The cursor is outside of the tomogram; point at a motor in it.")
    voxel, value = highest_between(heatmap, start, end)
    if value < FLOOR:
        raise PicksError(
            f"The heatmap is {value:.3f} at most along this line of sight, which says nothing "
            "about the depth; add the motor on its slice, in 2D."
        )
    return grid.to_world(voxel)


def _heatmap(reviews: ReviewController, layer: Layer) -> tuple[Layer, Any, VoxelGrid]:
    tomogram = reviews.tomograms.of(layer)
    shown = None if tomogram is None else tomogram.layer_of(HEATMAP)
    if shown is None:
        raise PicksError("This needs the heatmap; find motors first.")
    return shown, shown.data, full_grid(shown)
