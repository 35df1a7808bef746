"""Open a file of coordinates on a tomogram, and ask for what the file leaves open."""

from pathlib import Path
from typing import Annotated

from magicgui import magic_factory
from napari.layers import Layer
from napari.utils.notifications import show_error, show_warning
from qtpy.QtWidgets import QInputDialog, QWidget

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks.coordinates.opening import names_for, open_on
from motorscope.picks.coordinates.placing import is_outside, likely_binning
from motorscope.picks.formats import SUFFIXES
from motorscope.plugin.coordinates.open import LayerData, layer_data
from motorscope.plugin.layers.source import check_source, volume_of
from motorscope.plugin.qt.controls import mind_wheel_and_keys

FILES = f"Coordinates ({' '.join(f'*{each}' for each in SUFFIXES)})"
"""What a dialog offers to open."""


def open_asking(
    path: Path, tomogram: Layer, parent: QWidget | None = None, binning: float | None = None
) -> tuple[LayerData, list[str]] | None:
    """Read a file's picks of a tomogram; ask whose they are and in what binning if that is unclear.

    Parameters
    ----------
    binning
        How many voxels of the file's counting fit into one of the tomogram's along an axis; where
        it is not given, and points lie outside of the tomogram, a person is asked.

    Returns
    -------
    tuple or None
        The points layer's data, and remarks; ``None`` if the person did not answer.

    Raises
    ------
    MotorscopeError
        If the file cannot be read, or does not say enough.
    """
    check_source(tomogram)
    volume = volume_of(tomogram)
    names, name = names_for(path, volume, binning or 1.0)
    if name is None:
        name, answered = QInputDialog.getItem(
            parent,
            "Whose picks?",
            f"{path.name} has picks of {len(names)} tomograms, and none of them is called "
            f"'{volume.name}'.\nWhich are its picks?",
            names,
            0,
            False,
        )
        if not answered:
            return None
    placed = open_on(path, volume, binning or 1.0, name)
    outside = is_outside(placed.voxels, volume.grid)
    if binning is None and outside.any():
        factor, answered = QInputDialog.getDouble(
            parent,
            "Binning",
            f"{int(outside.sum())} of {len(outside)} points of {path.name} lie outside of "
            f"'{volume.name}'.\nHow many voxels that the file counts in fit into one of the "
            "tomogram's along an axis?",
            likely_binning(placed.voxels, volume.grid),
            0.01,
            1000.0,
            3,
        )
        if not answered:
            return None
        placed = open_on(path, volume, factor, name)
    return layer_data(path, placed, tomogram), list(placed.remarks)


@magic_factory(  # type: ignore[untyped-decorator]
    call_button="Open",
    layout="vertical",
    widget_init=lambda widget: mind_wheel_and_keys(widget.native),
)
def open_coordinates_widget(
    file: Annotated[
        Path, {"label": "File", "filter": FILES, "tooltip": "The file of coordinates."}
    ],
    tomogram: Annotated[
        "napari.layers.Image",  # type: ignore[name-defined]  # noqa: F821
        {"label": "Tomogram", "tooltip": "The tomogram to place the points on."},
    ],
    binning: Annotated[
        float,
        {
            "label": "Binning",
            "min": 0.01,
            "max": 1000.0,
            "tooltip": "How many voxels of the file's counting fit into one of the tomogram's "
            "along an axis: 4 for points of the unbinned volume on a tomogram binned by 4.",
        },
    ] = 1.0,
) -> "list[napari.types.LayerDataTuple]":  # type: ignore[name-defined]  # noqa: F821
    """Open a file of coordinates as points over a tomogram."""
    try:
        if tomogram is None:
            raise PicksError("Open the tomogram first.")
        opened = open_asking(file, tomogram, binning=binning)
    except MotorscopeError as error:
        show_error(str(error))
        return []
    if opened is None:
        return []
    data, remarks = opened
    for remark in remarks:
        show_warning(remark)
    return [data]
