"""What of the encoder's dock can be saved, without Qt: maps, the table of channels, a figure."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from napari.layers import Layer
from numpy.typing import NDArray

from motorscope import __version__
from motorscope.contract import CancelToken, Progress
from motorscope.figures import write_figure
from motorscope.picks.files import write_text
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.layers.kinds import (
    ALIKE,
    BESIDE,
    COLORS,
    DIFFERENCE,
    FEATURES,
    HEATMAP,
    WHY,
)
from motorscope.plugin.layers.source import tomogram_name
from motorscope.plugin.layers.tag import kind_of
from motorscope.plugin.layers.viewport import world_unit
from motorscope.tomogram import VoxelGrid, map_label, write_volume

_MAPS = (FEATURES, COLORS, HEATMAP, ALIKE, WHY, BESIDE, DIFFERENCE)


@dataclass(frozen=True)
class Savable:
    """A map that can be saved, or several.

    Attributes
    ----------
    words
        What it is.
    read
        Returns ``(z, y, x)``, or ``(n, z, y, x)``.
    grid
        Where its voxels lie.
    names
        What the maps are called, one each.
    """

    words: str
    read: Callable[[], NDArray[np.generic]]
    grid: VoxelGrid
    names: tuple[str, ...]

    def save(self, path: Path, cancel: CancelToken) -> Generator[Progress, None, str]:
        """Write it as MRC or OME-Zarr, in its place; return what to tell a person.

        Raises
        ------
        TomogramError
            If no format has the suffix, or it cannot be written.
        """
        yield Progress("Saving", 0, 0)
        label = map_label(self.words)
        write_volume(path, self.read(), self.grid, label, names=self.names, dtype=np.float32)
        return f"{self.words} saved in {path.name}."


def savable(encoder: EncoderController) -> list[Savable]:
    """Return what of the chosen tomogram can be saved: visible maps first, then all channels."""
    found: list[Savable] = []
    tomogram, stage = encoder.workspace.tomogram, encoder.open_stage
    if tomogram is None:
        return found
    layers = [layer for layer in tomogram.layers if kind_of(layer) in _MAPS]
    for layer in sorted(layers, key=lambda layer: not layer.visible):
        names: tuple[str, ...] = ("red", "green", "blue") if layer.rgb else (layer.name,)
        found.append(Savable(layer.name, partial(_voxels, layer), _grid(layer), names))
    if stage is not None:
        names = tuple(f"channel {number}" for number in range(stage.spec.channels))
        words = f"{stage.spec.name}, all {len(names)} channels of {tomogram_name(tomogram.layer)}"
        found.append(Savable(words, lambda: stage.maps, stage.grid, names))
    return found


def save_table(table: pd.DataFrame, path: Path) -> str:
    """Write the table of channels as CSV, and return what to tell a person.

    Raises
    ------
    PicksError
        If the file cannot be written.
    """
    write_text(path, table.round(6).to_csv(index=False, lineterminator="\n"))
    return f"{len(table)} channels saved in {path.name}."


def save_figure(
    encoder: EncoderController, picture: NDArray[np.uint8], ratio: float, path: Path
) -> str:
    """Write what is seen as a figure, and return what to tell a person.

    Parameters
    ----------
    picture
        The canvas, ``(y, x, 3)``.
    ratio
        Pixels of it for one of the canvas's own.

    Raises
    ------
    ConfigError
        If the name is that of no figure, or the file cannot be written.
    """
    viewer, layer = encoder.workspace.viewer, encoder.workspace.layer
    angstrom = None
    if layer is not None and viewer.dims.ndisplay == 2:
        unit = float(world_unit(viewer, layer)[-1])
        angstrom = unit / (viewer.scene.camera.zoom * ratio)
    write_figure(path, picture, angstrom, caption(encoder))
    return f"Figure saved in {path.name}."


def caption(encoder: EncoderController) -> list[str]:
    """Return what is seen: tomogram and slice, each map with its contrast, model and settings."""
    workspace = encoder.workspace
    viewer, layer, option = workspace.viewer, workspace.layer, encoder.network.option
    lines = []
    if layer is not None:
        where = "in 3D"
        if viewer.dims.ndisplay == 2:
            axis = viewer.dims.not_displayed[-1] - viewer.dims.ndim
            place = viewer.dims.point[axis] * float(world_unit(viewer, layer)[axis])
            where = f"slice {'zyx'[axis]} = {place / 10:.1f} nm"
        lines.append(f"{tomogram_name(layer)}, {where}")
    shown = [each for each in viewer.layers if each.visible and kind_of(each) in _MAPS]
    for each in shown:
        ends = "" if each.rgb else "; from {:.3g} to {:.3g}".format(*each.contrast_limits)
        lines.append(f"{each.name}{ends}")
    program = f"motorscope {__version__}"
    if option is None:
        return [*lines, program]
    mark = f" ({option.card.sha256[:8]})" if option.card.sha256 else ""
    precision = workspace.precision
    return [*lines, f"model {option.label}{mark}; precision {precision}; {program}"]


def _voxels(layer: Layer) -> NDArray[np.generic]:
    values = np.asarray(layer.data)
    return np.moveaxis(values, -1, 0) if layer.rgb else values


def _grid(layer: Layer) -> VoxelGrid:
    """Return where a map's voxels lie; maps of ours count in Å."""
    z, y, x = layer.data.shape[:3]
    a, b, c = (float(side) for side in layer.scale[-3:])
    d, e, f = (float(place) for place in layer.translate[-3:])
    return VoxelGrid((z, y, x), (a, b, c), (d, e, f))
