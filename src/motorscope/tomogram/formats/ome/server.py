"""A server by http or https as a file system of fsspec whose pieces are kept on disk."""

import asyncio
from pathlib import Path
from typing import Any

from fsspec.implementations.http import HTTPFileSystem

from motorscope.tomogram.formats.ome.downloads import Downloads


class CachedServer(HTTPFileSystem):  # type: ignore[misc]
    """A tomogram on a server; what was fetched once is read from the disk.

    Parameters
    ----------
    address
        Of the tomogram.
    folder, limit
        See `Downloads`.
    options
        See `fsspec.implementations.http.HTTPFileSystem`.
    """

    def __init__(self, address: str, folder: str, limit: int, **options: Any) -> None:
        super().__init__(**options)
        self._address, self._downloads = address, Downloads(Path(folder), limit)

    async def _cat_file(
        self, url: str, start: int | None = None, end: int | None = None, **options: Any
    ) -> bytes:
        """Return a file, or a part of it."""
        name = url if start is None and end is None else f"{url} {start}-{end}"
        kept = await asyncio.to_thread(self._downloads.get, self._address, name)
        if kept is not None:
            return kept
        data: bytes | None = None
        try:
            data = bytes(await super()._cat_file(url, start=start, end=end, **options))
        except FileNotFoundError:
            await asyncio.to_thread(self._downloads.put, self._address, name, None)
            raise
        await asyncio.to_thread(self._downloads.put, self._address, name, data)
        return data
