"""Tomogram files as napari layers."""

from collections.abc import Callable
from typing import Any

from motorscope.plugin.specs import tomogram_arguments
from motorscope.tomogram import can_open, open_tomogram

LayerData = tuple[Any, dict[str, Any], str]


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Return our reader if every path looks like a tomogram inside, else ``None``; never raises."""
    paths = [path] if isinstance(path, str) else list(path)
    if not paths or not all(can_open(each) for each in paths):
        return None
    return read_layers


def read_layers(path: str | list[str]) -> list[LayerData]:
    """Open tomograms as image layers.

    Raises
    ------
    TomogramError
        If a file looks right and cannot be read all the same.
    """
    paths = [path] if isinstance(path, str) else list(path)
    tomograms = [open_tomogram(each) for each in paths]
    return [(each.data, tomogram_arguments(each), "image") for each in tomograms]
