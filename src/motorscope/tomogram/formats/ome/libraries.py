"""The optional libraries for OME-Zarr."""

from importlib import import_module
from typing import Any

from motorscope.errors import TomogramError


def import_zarr() -> Any:
    """Return the package zarr, when it and yaozarrs are there.

    Raises
    ------
    TomogramError
        If one is not installed, or zarr is older than version 3.
    """
    try:
        import_module("yaozarrs")
        zarr = import_module("zarr")
    except ImportError as error:
        raise TomogramError(
            f"OME-Zarr needs the package {error.name}; install it with pip install "
            "'napari-motorscope[zarr]'."
        ) from error
    if int(zarr.__version__.split(".")[0]) < 3:
        raise TomogramError(
            f"OME-Zarr needs zarr 3, but {zarr.__version__} is installed, perhaps because copick "
            "asks for it; install motorscope in an environment without copick."
        )
    return zarr
