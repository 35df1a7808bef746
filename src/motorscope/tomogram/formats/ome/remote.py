"""OME-Zarr on servers, by http or https: only the chunks that are asked for are fetched, once."""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import TomogramError
from motorscope.files import cache_folder, cache_limit
from motorscope.tomogram.formats.ome.chunks import ChunkedVolume, reason
from motorscope.tomogram.formats.ome.downloads import Downloads
from motorscope.tomogram.formats.ome.libraries import import_zarr
from motorscope.tomogram.formats.ome.read import open_pyramid
from motorscope.tomogram.volume import Tomogram

CONNECT_SECONDS, READ_SECONDS = 20.0, 60.0
"""How long a server may take to be reached, and to send anything."""

_ROOM = 2  # times what a volume takes: a mapped file must never meet a full disk
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


def fetch(tomogram: Tomogram) -> Generator[tuple[int, int], None, Tomogram]:
    """Fetch a tomogram, what is on disk already first of all; yield how far that is.

    The coarsest level comes first. Levels that are larger than the disk's limit or room are left as
    they are, and are fetched where they are looked at.

    Yields
    ------
    tuple of int
        Bytes of voxels that have come, and of all.

    Returns
    -------
    Tomogram
        The same one, whose voxels lie in files without names that go with it: its slices come at
        once, where whole chunks would have to be read.

    Raises
    ------
    TomogramError
        If the connection breaks; what has come stays.
    ConfigError
        See `motorscope.files.cache_limit`.
    """
    wanted, total, limit = list[int](), 0, cache_limit()
    data = [tomogram.data, *(level.data for level in tomogram.levels)]
    for number in reversed(range(len(data))):
        if isinstance(data[number], ChunkedVolume) and total + data[number].nbytes <= limit:
            wanted.append(number)
            total += data[number].nbytes
    done = 0
    for number in wanted:
        copy = _new_volume(data[number])
        with closing(data[number].parts()) as parts:
            for place, voxels in parts:
                if copy is not None:
                    copy[place] = voxels
                done += voxels.nbytes
                yield done, total
        data[number] = data[number] if copy is None else copy
    finest, *coarser = data
    levels = zip(tomogram.levels, coarser, strict=True)
    return replace(
        tomogram, data=finest, levels=tuple(replace(level, data=each) for level, each in levels)
    )


def _new_volume(like: ChunkedVolume) -> NDArray[Any] | None:
    """Return an empty volume in a file that goes with it, or ``None`` if there is no room."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < _ROOM * like.nbytes:
            return None
        with tempfile.TemporaryFile(dir=folder) as file:
            return np.memmap(file, like.dtype, "w+", shape=like.shape)
    except OSError:
        return None


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
