"""Tomogram files and the sample as napari layers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.plugin.layers.looks import (
    heatmap_arguments,
    tomogram_arguments,
    tomogram_data,
)
from motorscope.tomogram import Tomogram, can_open, is_heatmap, open_tomogram

LayerData = tuple[Any, dict[str, Any], str]


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Return our reader if every path looks like a tomogram inside, else ``None``; never raises."""
    paths = [path] if isinstance(path, str) else list(path)
    if not paths or not all(can_open(each) for each in paths):
        return None
    return read_layers


def read_layers(path: str | list[str]) -> list[LayerData]:
    """Open tomograms as image layers; heatmaps that motorscope wrote look as they do in a run.

    Raises
    ------
    TomogramError
        If a file looks right and cannot be read all the same.
    """
    paths = [path] if isinstance(path, str) else list(path)
    return [_layer(Path(each)) for each in paths]


def sample_tomogram() -> Tomogram:
    """Return a simulated bacterium with flagellar motors; made at the first use, then kept.

    What was decided on it before is forgotten, unless it is open in another window: whoever opens
    it wants to try something.
    """
    from motorscope.review.searches import forget_review
    from motorscope.simulation import sample_tomogram_path

    tomogram = replace(open_tomogram(sample_tomogram_path()), name="simulated bacterium")
    forget_review(tomogram)
    return tomogram


def sample_layers() -> list[LayerData]:
    """Return the sample tomogram as an image layer."""
    return [layer_data(sample_tomogram())]


def layer_data(tomogram: Tomogram) -> LayerData:
    """Return a tomogram as what readers and samples give to napari."""
    return tomogram_data(tomogram), tomogram_arguments(tomogram), "image"


def _layer(path: Path) -> LayerData:
    tomogram = open_tomogram(path)
    if is_heatmap(path) and tomogram.grid.spacing is not None:
        name = tomogram.name.removesuffix(".heatmap").removesuffix("_heatmap")
        arguments = heatmap_arguments(
            np.asarray(tomogram.data), tomogram.grid, name, tomogram_id=""
        )
        return arguments.pop("data"), arguments, "image"
    return layer_data(tomogram)
