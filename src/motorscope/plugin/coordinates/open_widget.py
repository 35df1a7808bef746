"""Open a file of coordinates on a tomogram, and ask for what the file leaves open."""

from pathlib import Path
from typing import Annotated

from magicgui import magic_factory
from napari.layers import Layer
from napari.utils.notifications import show_error, show_warning
from qtpy.QtWidgets import QInputDialog, QWidget

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks.formats import SUFFIXES
from motorscope.plugin.coordinates.open import names_for, open_on
from motorscope.plugin.coordinates.placing import LayerData, is_outside, likely_binning
from motorscope.plugin.layers.source import full_grid, tomogram_name
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
    names, name = names_for(path, tomogram, binning or 1.0)
    if name is None:
        name, answered = QInputDialog.getItem(
            parent,
            "Whose picks?",
            f"{path.name} has picks of {len(names)} tomograms, and none of them is called "
            f"'{tomogram_name(tomogram)}'.\nWhich are its picks?",
            names,
            0,
            False,
        )
        if not answered:
            return None
    data, remarks = open_on(path, tomogram, binning or 1.0, name)
    grid = full_grid(tomogram)
    outside = is_outside(data[0], grid)
    if binning is not None or not outside.any():
        return data, remarks
    factor, answered = QInputDialog.getDouble(
        parent,
        "Binning",
        f"{int(outside.sum())} of {len(outside)} points of {path.name} lie outside of "
        f"'{tomogram_name(tomogram)}'.\nHow many voxels that the file counts in fit into one of "
        "the tomogram's along an axis?",
        likely_binning(data[0], grid),
        0.01,
        1000.0,
        3,
    )
    return open_on(path, tomogram, factor, name) if answered else None


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
