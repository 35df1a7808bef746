"""OME-Zarr on servers, by http or https: only the chunks that are asked for are fetched."""

from importlib import import_module
from typing import Any

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.ome.chunks import reason
from motorscope.tomogram.formats.ome.libraries import import_zarr
from motorscope.tomogram.formats.ome.read import open_pyramid
from motorscope.tomogram.volume import Tomogram

CONNECT_SECONDS, READ_SECONDS = 20.0, 60.0
"""How long a server may take to be reached, and to send anything."""

_METADATA = ("zarr.json", ".zattrs")


def open_address(address: str) -> Tomogram:
    """Open an OME-Zarr on a server.

    Parameters
    ----------
    address
        Of the zarr's folder, beginning with ``http://`` or ``https://``.

    Raises
    ------
    TomogramError
        If the server cannot be reached, there is no zarr, or fsspec or aiohttp is not installed;
        else see `motorscope.tomogram.formats.ome.read.read_ome_zarr`.
    """
    zarr = import_zarr()
    try:
        aiohttp = import_module("aiohttp")
        fsspec = import_module("fsspec")
    except ImportError as error:
        raise TomogramError(
            f"Reading from a server needs the package {error.name}; install it with pip install "
            "'napari-motorscope[zarr]'."
        ) from error
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
    )
    options = {"client_kwargs": {"timeout": timeout}}
    _check_there(fsspec.filesystem("http", **options), address)
    store = zarr.storage.FsspecStore.from_url(address, storage_options=options, read_only=True)
    return open_pyramid(store, address, tries=3)


def _check_there(server: Any, address: str) -> None:
    """Make sure that a server answers, and has a zarr there."""
    for name in _METADATA:
        try:
            server.cat_file(f"{address}/{name}")
            return
        except FileNotFoundError:
            continue
        except Exception as error:  # every library below has errors of its own
            raise TomogramError(
                f"{address} cannot be reached ({reason(error)}); check the address and the "
                "connection."
            ) from error
    raise TomogramError(
        f"There is no OME-Zarr at {address} (neither zarr.json nor .zattrs); check the address."
    )
