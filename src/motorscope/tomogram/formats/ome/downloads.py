"""What came from servers, on disk: a file for each piece, checked when it is read again.

zarr's and fsspec's caches know no limit that outlives the program, and no checksums; pooch fetches
whole files, where of a tomogram a few chunks are wanted. Pieces that are there are not fetched
again, so that a download that was broken off goes on where it was.
"""

import hashlib
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from motorscope.files import cache_folder, cache_limit, surplus

_DIGEST = hashlib.sha256().digest_size
_ABSENT_SECONDS = 86_400.0  # then the server is asked again for what it did not have
_STALE_SECONDS = 86_400.0  # what a killed process left half written
_SHARE = 0.02  # of the limit, after which room is made again
_SOURCE = "source"


@dataclass
class Downloads:
    """Pieces of tomograms on servers; safe for threads and processes.

    A folder that cannot be written keeps nothing, and nothing else is wrong then.

    Attributes
    ----------
    folder
        Where they are; each tomogram has a folder of its own in it.
    limit
        Most bytes that they may take together; what was not used for the longest time goes first.
    """

    folder: Path
    limit: int
    _written: int | None = field(default=None, repr=False)  # since room was made; None: never
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def default(cls) -> "Downloads":
        """Return the user's own.

        Raises
        ------
        ConfigError
            See `motorscope.files.cache_limit`.
        """
        return cls(cache_folder() / "tomograms", cache_limit())

    def get(self, address: str, name: str) -> bytes | None:
        """Return a piece, or ``None`` if it is not there, or damaged.

        Parameters
        ----------
        address, name
            The tomogram's, and what the piece is called there.

        Raises
        ------
        FileNotFoundError
            If the server did not have it lately.
        """
        path = self._path(address, name)
        try:
            content = path.read_bytes()
            if not content and time.time() - path.stat().st_mtime < _ABSENT_SECONDS:
                raise FileNotFoundError(name)
            digest, data = content[:_DIGEST], content[_DIGEST:]
            if hashlib.sha256(data).digest() != digest:
                return None
            os.utime(path)  # it was used just now
        except FileNotFoundError as error:
            if error.filename is None:
                raise
            return None
        except OSError:
            return None
        return data

    def put(self, address: str, name: str, data: bytes | None) -> None:
        """Keep a piece; ``None`` says that the server does not have it."""
        content = b"" if data is None else hashlib.sha256(data).digest() + data
        if len(content) <= self.limit:
            with self._lock:
                self._write(self._path(address, name), content)

    def check_source(self, address: str, mark: bytes) -> None:
        """Forget a tomogram's pieces if its server tells another mark than when they came."""
        if self.get(address, _SOURCE) != mark:
            shutil.rmtree(self._home(address), ignore_errors=True)
            self.put(address, _SOURCE, mark)

    def has(self, address: str) -> bool:
        """Whether anything of a tomogram is there."""
        return self.get(address, _SOURCE) is not None

    def _home(self, address: str) -> Path:
        return self.folder / hashlib.sha256(address.encode()).hexdigest()[:16]

    def _path(self, address: str, name: str) -> Path:
        return self._home(address) / hashlib.sha256(name.encode()).hexdigest()[:32]

    def _write(self, path: Path, content: bytes) -> None:
        temporary: str | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._make_room(len(content))
            handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
            with open(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        except OSError:
            if temporary is not None:
                with suppress(OSError):
                    os.unlink(temporary)

    def _make_room(self, size: int) -> None:
        """Look from time to time whether something has to go: others may write here as well."""
        share = int(_SHARE * self.limit)
        if self._written is not None and self._written + size <= share:
            self._written += size
            return
        self._written = size
        now, entries = time.time(), []
        for path in self.folder.glob("*/*"):
            with suppress(OSError):
                state = path.stat()
                if not path.name.startswith("."):
                    entries.append((state.st_mtime, state.st_size, path))
                elif now - state.st_mtime > _STALE_SECONDS:
                    path.unlink()
        for path in surplus(entries, self.limit - max(size, share)):
            with suppress(OSError):
                path.unlink()
