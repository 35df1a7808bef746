"""Ask the portal for a tomogram, fetch it in a thread, and show it with the portal's motors."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari.layers import Image, Layer

from motorscope.contract import CancelToken, Progress
from motorscope.plugin.compare.controller import CompareController
from motorscope.plugin.coordinates.open import open_on
from motorscope.plugin.layers.looks import tomogram_arguments, tomogram_data
from motorscope.plugin.layers.source import path_of
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import Workspace
from motorscope.review.comparison import RADIUS
from motorscope.tomogram import Tomogram, open_tomogram
from motorscope.tomogram.formats.ome.remote import fetch
from motorscope.tomogram.formats.portal import (
    LICENCE,
    PREFIX,
    PortalTomogram,
    motors_beside,
    portal_shortcut,
)
from motorscope.words import counted

_MB = 10**6


@dataclass(frozen=True)
class Looked:
    """A tomogram that the portal knows, and the path of its shortcut."""

    path: Path
    found: PortalTomogram

    @property
    def in_words(self) -> str:
        """What a person should know before it is opened: name, spacing, licence, motors."""
        found, motors = self.found, motors_beside(self.path)
        known = 0 if motors is None else len(motors.read_text(encoding="utf-8").splitlines())
        return (
            f"{found.name}\n{found.spacing:g} Å, {found.processing or 'processing not told'}\n"
            f"CryoET Data Portal, {LICENCE}\n"
            f"{counted(known, 'flagellar motor') if known else 'No flagellar motors'} known there"
        )


@dataclass(frozen=True)
class Fetched:
    """A tomogram that can be shown, with the arguments of its image layer."""

    tomogram: Tomogram
    arguments: dict[str, Any]


def look_job(number: str, cancel: CancelToken) -> Generator[Any, None, Looked | None]:
    """Ask the portal for a tomogram by its number."""
    yield from ()
    looked = Looked(*portal_shortcut(f"{PREFIX}{number.strip().lower().removeprefix(PREFIX)}"))
    return None if cancel.is_set() else looked


def fetch_job(
    path: Path, spacing: float | None, cancel: CancelToken
) -> Generator[Progress, None, Fetched | None]:
    """Open a tomogram by its shortcut, and fetch it: its slices shall come quickly."""
    tomogram = open_tomogram(path, spacing=spacing)
    begun = time.monotonic()
    fetching = fetch(tomogram)
    try:
        while not cancel.is_set():
            done, total = next(fetching)
            left = (time.monotonic() - begun) / done * (total - done)
            yield Progress(f"Fetching {total / _MB:.0f} MB", done // _MB, total // _MB, left)
    except StopIteration as end:
        return Fetched(end.value, tomogram_arguments(end.value))
    fetching.close()
    return None


def show(workspace: Workspace, fetched: Fetched) -> str:
    """Show a tomogram, and the portal's motors to compare with; one that is open is selected.

    Returns
    -------
    str
        What came of it, for a person.

    Raises
    ------
    MotorscopeError
        If the portal's motors cannot be read; the tomogram is shown then.
    """
    viewer, tomogram = workspace.viewer, fetched.tomogram
    there = [each.layer for each in workspace.tomograms if path_of(each.layer) == tomogram.path]
    if there:
        viewer.layers.selection.active = there[0]
        return f"{tomogram.name} is open already."
    layer = viewer.add_layer(Image(tomogram_data(tomogram), **fetched.arguments))
    motors = None if tomogram.path is None else motors_beside(tomogram.path)
    if motors is None:
        return f"{tomogram.name} is open. The portal knows no flagellar motors in it."
    return f"{tomogram.name} is open. {_show_motors(workspace, layer, motors)}"


def _show_motors(workspace: Workspace, layer: Layer, motors: Path) -> str:
    """Show the portal's motors, and compare the picks with them if there are any."""
    (data, arguments, kind), _ = open_on(motors, layer)
    arguments["name"] = f"{layer.name} portal"
    points = Layer.create(data, arguments, kind)
    selection = workspace.viewer.layers.selection
    before = set(selection)
    workspace.viewer.add_layer(points)
    workspace.viewer.layers.selection = before
    known = counted(len(points.data), "flagellar motor")
    if ReviewController.of(workspace).review(layer) is None:
        return f"The portal knows {known} in it: under Other picks, to compare with."
    CompareController.of(workspace).compare(layer, points, RADIUS)
    return f"The portal knows {known} in it; Other picks compares them with yours."
