"""OME-Zarr on servers, by http or https: only the chunks that are asked for are fetched, once."""

from importlib import import_module
from typing import Any

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.ome.chunks import reason
from motorscope.tomogram.formats.ome.downloads import Downloads
from motorscope.tomogram.formats.ome.libraries import import_zarr
from motorscope.tomogram.formats.ome.read import open_pyramid
from motorscope.tomogram.volume import Tomogram

CONNECT_SECONDS, READ_SECONDS = 20.0, 60.0
"""How long a server may take to be reached, and to send anything."""

_METADATA = ("zarr.json", ".zattrs")


def open_address(address: str) -> Tomogram:
    """Open an OME-Zarr on a server; what was fetched of it before is on disk.

    Where the server cannot be reached, what is on disk has to do.

    Parameters
    ----------
    address
        Of the zarr's folder, beginning with ``http://`` or ``https://``.

    Raises
    ------
    TomogramError
        If the server cannot be reached, there is no zarr, or fsspec or aiohttp is not installed;
        else see `motorscope.tomogram.formats.ome.read.read_ome_zarr`.
    ConfigError
        See `motorscope.files.cache_limit`.
    """
    zarr = import_zarr()
    try:
        aiohttp = import_module("aiohttp")
        fsspec = import_module("fsspec")
        server = import_module("motorscope.tomogram.formats.ome.server")
    except ImportError as error:
        raise TomogramError(
            f"Reading from a server needs the package {error.name}; install it with pip install "
            "'napari-motorscope[zarr]'."
        ) from error
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
    )
    options = {"client_kwargs": {"timeout": timeout}}
    downloads = Downloads.default()
    _check_there(fsspec.filesystem("http", **options), address, downloads)
    files = server.CachedServer(
        address, str(downloads.folder), downloads.limit, asynchronous=True, **options
    )
    store = zarr.storage.FsspecStore(files, read_only=True, path=address)
    return open_pyramid(store, address, tries=3)


def _check_there(server: Any, address: str, downloads: Downloads) -> None:
    """Make sure that there is a zarr, and that what is on disk of it is of the same one."""
    for name in _METADATA:
        url = f"{address}/{name}"
        try:
            content = server.cat_file(url)
        except FileNotFoundError:
            continue
        except Exception as error:  # every library below has errors of its own
            if downloads.has(address):
                return
            raise TomogramError(
                f"{address} cannot be reached ({reason(error)}); check the address and the "
                "connection."
            ) from error
        downloads.check_source(address, _version(server, url) + content)
        return
    raise TomogramError(
        f"There is no OME-Zarr at {address} (neither zarr.json nor .zattrs); check the address."
    )


def _version(server: Any, url: str) -> bytes:
    """Return what a server says of a file's state, besides its content; it may say nothing."""
    try:
        state = server.info(url)
    except Exception:  # the file itself was there a moment ago
        return b""
    return str(state.get("ETag") or state.get("Last-Modified") or "").encode()
