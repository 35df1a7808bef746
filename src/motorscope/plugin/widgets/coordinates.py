"""A form that opens a file of coordinates on a tomogram, with a binning."""

from pathlib import Path
from typing import Annotated

from magicgui import magic_factory
from napari.utils.notifications import show_error, show_warning

from motorscope.errors import MotorscopeError, PicksError
from motorscope.plugin.coordinates import open_on

_FILTER = "Coordinates (*.csv *.star *.tbl *.mod *.ndjson *.json *.npy)"


@magic_factory(call_button="Open", layout="vertical")  # type: ignore[untyped-decorator]
def open_coordinates_widget(
    file: Annotated[
        Path, {"label": "File", "filter": _FILTER, "tooltip": "The file of coordinates."}
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
        data, remarks = open_on(file, tomogram, binning)
    except MotorscopeError as error:
        show_error(str(error))
        return []
    for remark in remarks:
        show_warning(remark)
    return [data]
