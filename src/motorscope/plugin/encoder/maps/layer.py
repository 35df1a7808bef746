"""The layers of the encoder's dock: one for each stage, and those that a person keeps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from motorscope.plugin.document import OpenTomogram, Tomograms
from motorscope.plugin.layers.kinds import COLORS, FEATURES, LayerKind
from motorscope.plugin.layers.looks import map_arguments
from motorscope.plugin.layers.source import tomogram_name
from motorscope.plugin.layers.tag import kind_of, retag, tag_of
from motorscope.plugin.layers.viewport import steady
from motorscope.tomogram import VoxelGrid

_DIMMED = 0.35
"""How much of its opacity is left to a map while another is computed."""

KEPT = " kept"
"""End of the part of a layer that stays beside the next picture."""

_COLORMAPS = ("bop blue", "bop orange", "bop purple", "green", "magenta", "yellow")
_KINDS = (FEATURES, COLORS)


@dataclass(frozen=True)
class Picture:
    """What is shown of a stage.

    Attributes
    ----------
    stage, words
        Name of the stage, and what of it, such as ``channel 3``.
    values
        ``(z, y, x)``, or ``(z, y, x, 3)`` in red, green and blue.
    limits
        Values from which to which it is shown.
    """

    stage: str
    words: str
    values: NDArray[Any]
    grid: VoxelGrid
    limits: tuple[float, float]

    @property
    def kind(self) -> LayerKind:
        """The kind of its layer."""
        return FEATURES if self.values.ndim == 3 else COLORS


def show_picture(tomograms: Tomograms, tomogram: OpenTomogram, picture: Picture) -> Layer:
    """Show a picture in its stage's layer, which is made where there is none.

    Layers of other stages are hidden, but for those that a person keeps.
    """
    layer = put_map(
        tomograms,
        tomogram,
        picture.kind,
        picture.values,
        picture.grid,
        f"{picture.stage}, {picture.words}",
        picture.stage,
        picture.limits if picture.kind is FEATURES else None,
        select=True,
    )
    for other in tomogram.layers:
        if other is not layer and kind_of(other) in _KINDS and not _kept(other):
            other.visible = False
    if not tomogram.hidden:
        layer.visible = True
    return layer


def put_map(
    tomograms: Tomograms,
    tomogram: OpenTomogram,
    kind: LayerKind,
    values: NDArray[Any],
    grid: VoxelGrid,
    words: str,
    part: str = "",
    limits: tuple[float, float] | None = None,
    select: bool = False,
) -> Layer:
    """Show a map in the layer of its kind and part, which is made where there is none.

    Parameters
    ----------
    words
        What is shown; the layer is called that, of the tomogram.
    limits
        Values from which to which it is shown; those of the kind, or of before, if ``None``.
    select
        Whether a new layer is selected.
    """
    whose = (tomogram_name(tomogram.layer), tomogram.id)
    name = f"{words} of {whose[0]}"
    arguments = map_arguments(kind, values, grid, name, whose, part, limits)
    if kind is FEATURES:
        arguments["colormap"] = _free_colormap(tomogram)
    if tomogram.layer_of(kind, part) is None:
        with steady(tomograms.viewer):
            return tomograms.put(tomogram, arguments, keep_selection=not select)
    layer = tomograms.put(tomogram, arguments)
    if limits is not None:
        layer.contrast_limits_range = _wider(limits)
        layer.contrast_limits = limits
    if layer.name != name:
        layer.name = name
    return layer


def shown_layer(tomogram: OpenTomogram | None, stage: str) -> Layer | None:
    """Return the layer in which a stage is shown, if there is one and it is visible."""
    if tomogram is None:
        return None
    layers = (tomogram.layer_of(kind, stage) for kind in _KINDS)
    return next((layer for layer in layers if layer is not None and layer.visible), None)


def keep(layer: Layer) -> None:
    """Keep what a layer shows: the next picture of its stage is shown in another layer."""
    tag = tag_of(layer)
    assert tag is not None
    retag(layer, part=f"{tag.part}{KEPT}")


class Dimmer:
    """Shows that a map is not what is asked for, while that is computed."""

    def __init__(self) -> None:
        self._dimmed: tuple[Layer, float] | None = None

    def dim(self, layer: Layer | None) -> None:
        """Take most of its opacity from a layer, if there is one and none is dimmed."""
        if self._dimmed is None and layer is not None:
            self._dimmed = layer, layer.opacity
            layer.opacity *= _DIMMED

    def undim(self) -> None:
        """Give it back."""
        dimmed, self._dimmed = self._dimmed, None
        if dimmed is not None:
            layer, opacity = dimmed
            layer.opacity = opacity


def _kept(layer: Layer) -> bool:
    tag = tag_of(layer)
    return tag is not None and tag.part.endswith(KEPT)


def _free_colormap(tomogram: OpenTomogram) -> str:
    """Return a colormap that no kept map of a tomogram has."""
    used = {
        layer.colormap.name
        for layer in tomogram.layers
        if kind_of(layer) is FEATURES and _kept(layer)
    }
    return next((each for each in _COLORMAPS if each not in used), _COLORMAPS[0])


def _wider(limits: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of the contrast slider: some room on each side of the limits."""
    low, high = limits
    return low - 0.5 * (high - low), high + (high - low)


def as_limits(pair: NDArray[np.float32]) -> tuple[float, float]:
    """Return limits as napari wants them."""
    return float(pair[0]), float(pair[1])
