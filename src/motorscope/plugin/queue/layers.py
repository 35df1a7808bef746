"""The layers of the tomogram that a queue has opened: added, given to the next one, removed.

To remove a layer and add another takes napari a good part of a second, most of it for a sweep of
all of Python's memory. So the next tomogram is put into the layers of the one before.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import numpy as np
from napari.layers import Image, Layer

from motorscope.batch.queue import Opened
from motorscope.plugin.document import Tomograms
from motorscope.plugin.layers.kinds import HEATMAP, PICKS, Ending
from motorscope.plugin.layers.looks import heatmap_arguments, tomogram_data
from motorscope.plugin.layers.source import (
    identity,
    is_queued,
    is_upright,
    place,
    spacing_of,
    tomogram_name,
)
from motorscope.plugin.layers.tag import KEY, retag
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.heatmaps import put_heatmap
from motorscope.review.heatmap_part import Heatmap

_LOG = logging.getLogger(__name__)


def opened_layer(tomograms: Tomograms) -> Layer | None:
    """Return the layer of the tomogram that the queue has opened."""
    return next((each.layer for each in tomograms if is_queued(each.layer)), None)


def show_tomogram(reviews: ReviewController, opened: Opened) -> Layer:
    """Show a tomogram, its heatmap and its picks, in place of the one that is open.

    A person's own layers stay. So does how the layers look, but for their contrast. Layers never
    stay half exchanged: where that fails, they are removed, and new ones are added.

    Returns
    -------
    Layer
        The tomogram's.
    """
    layer = opened_layer(reviews.tomograms)
    # napari cannot make a plain layer of a pyramid, nor the other way round.
    alike = layer is not None and layer.multiscale == opened.arguments["multiscale"]
    if layer is not None and alike and is_upright(layer):
        before = reviews.tomograms.of(layer)
        left = [] if before is None else [before.layer_of(kind) for kind in (PICKS, HEATMAP)]
        try:
            _exchange(reviews, layer, opened)
            return layer
        except Exception:
            _LOG.exception("The layers could not be given %s; opening it afresh", opened.path)
            for each in left:
                if each in reviews.viewer.layers:
                    reviews.viewer.layers.remove(each)
    if layer is not None:
        remove_tomogram(reviews, layer)
    return _open_afresh(reviews, opened)


def remove_tomogram(reviews: ReviewController, layer: Layer) -> None:
    """Remove a tomogram and what was found in it; a person's layers stay."""
    reviews.viewer.layers.remove(layer)


def give_away(layer: Layer) -> None:
    """Let a layer that the queue has opened be the person's."""
    retag(layer, queued=False)


def _open_afresh(reviews: ReviewController, opened: Opened) -> Layer:
    """Add the layers of a tomogram: all, or none if that fails."""
    arguments = {**opened.arguments, "metadata": _metadata(opened)}
    layer = reviews.viewer.add_layer(Image(tomogram_data(opened.tomogram), **arguments))
    try:
        reviews.restore(layer)
        if opened.heatmap is not None:
            put_heatmap(reviews.tomograms, layer, opened.heatmap, keep_selection=True)
        _look_over(reviews, layer)
    except Exception:
        remove_tomogram(reviews, layer)
        raise
    return layer


def _exchange(reviews: ReviewController, layer: Layer, opened: Opened) -> None:
    """Put a tomogram into the layers of the one that is open."""
    tomograms, layers = reviews.tomograms, reviews.viewer.layers
    before = tomograms.of(layer)
    assert before is not None
    points, shown = before.layer_of(PICKS), before.layer_of(HEATMAP)
    with tomograms.changed.blocked(), _unseen(reviews, (layer, shown)), _undrawn(points):
        tomograms.end(before, Ending.EXCHANGE)  # first: so the review takes in what was done
        if shown is not None and opened.heatmap is None:
            layers.remove(shown)
        layer.metadata = _metadata(opened)
        tomogram = tomograms.open(layer)
        arguments = opened.arguments
        layer.data = tomogram_data(opened.tomogram)
        place(layer, arguments, "translate")
        if spacing_of(layer) != opened.tomogram.grid.spacing:
            layer.units = arguments["units"]
        layer.contrast_limits = arguments["contrast_limits"]
        layer.contrast_limits_range = arguments["contrast_limits"]
        reviews.restore(layer, points)
        layer.name = arguments["name"]
        if points is not None and points not in tomogram.layers:
            layers.remove(points)  # there is no review that could use them
        if opened.heatmap is not None and shown is not None:
            _fill_heatmap(shown, layer, opened.heatmap)
            tomogram.layers.append(shown)
        elif opened.heatmap is not None:
            put_heatmap(tomograms, layer, opened.heatmap, keep_selection=True)
        _look_over(reviews, layer)
    tomograms.changed.emit()


def _fill_heatmap(shown: Layer, layer: Layer, heatmap: Heatmap) -> None:
    """Make a heatmap's layer show another heatmap, of another tomogram's layer."""
    arguments = heatmap_arguments(*heatmap, tomogram_name(layer), identity(layer))
    shown.data = arguments["data"]
    shown.metadata = arguments["metadata"]
    place(shown, arguments, "translate", "name")


def _look_over(reviews: ReviewController, layer: Layer) -> None:
    """Look at the whole tomogram: at the first motor to decide about, else at the middle."""
    viewer, review = reviews.viewer, reviews.review(layer)
    if review is None or not review.step(undecided=True):
        middle = layer.data_to_world((np.array(layer.data.shape) - 1) / 2)
        viewer.dims.set_point(range(viewer.dims.ndim - 3, viewer.dims.ndim), middle)
    viewer.reset_view(reset_camera_angle=False)


@contextmanager
def _unseen(reviews: ReviewController, some: Iterable[Layer | None]) -> Iterator[None]:
    """Hide layers while they change, so that napari cuts each of them only once, at the end."""
    hidden = [layer for layer in some if layer is not None and layer.visible]
    for layer in hidden:
        layer.visible = False
    try:
        yield
    finally:
        for layer in hidden:
            if layer in reviews.viewer.layers:
                layer.visible = True


@contextmanager
def _undrawn(points: Layer | None) -> Iterator[None]:
    """Draw points once, after all that changes of them; unlike hidden ones they are cut anew."""
    if points is None:
        yield
        return
    with points.events.set_data.blocker(), points.events.highlight.blocker():
        yield
    points.refresh()


def _metadata(opened: Opened) -> dict[str, Any]:
    """Return the metadata of a layer that shows a tomogram of a queue, another one than before."""
    metadata = opened.arguments["metadata"]
    return {**metadata, KEY: replace(metadata[KEY], tomogram=uuid4().hex, queued=True)}
