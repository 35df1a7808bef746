"""Writing files whole or not at all, and where to keep what can be made again."""

import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_dir

from motorscope.errors import ConfigError, MotorscopeError

_CACHE_GB = 10.0
_MASK = threading.Lock()  # the mask for new files is the process's, and can only be read by setting


@contextmanager
def replacing(
    path: str | os.PathLike[str], error_type: type[MotorscopeError] = MotorscopeError
) -> Iterator[Path]:
    """Give a temporary file in the same folder, which takes the place of `path` in the end.

    An older file stays as it was when the body raises. The temporary file keeps the suffix of
    `path`, for libraries that choose a format by it.

    Raises
    ------
    MotorscopeError
        Of the given type, if the file cannot be written (no such folder, no permission, disk full).
    """
    target = Path(path)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with _MASK:
            mask = os.umask(0)
            os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp makes files that only their owner can read
        os.replace(temporary, target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise error_type(
            f"{target} cannot be written ({reason}); choose another folder or free some space."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def make_folder(
    path: str | os.PathLike[str],
    error_type: type[MotorscopeError] = MotorscopeError,
    remedy: str = "choose another one",
) -> Path:
    """Make a folder if it is not there, with those above it, and return it.

    Raises
    ------
    MotorscopeError
        Of the given type, if it cannot be made; the message ends with the remedy.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise error_type(f"The folder {folder} cannot be made ({reason}); {remedy}.") from error
    return folder


def as_file_name(name: str) -> str:
    """Return a name without what file names cannot have."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name) or "tomogram"


def cache_folder() -> Path:
    """Return the user's cache folder, or the one that ``MOTORSCOPE_CACHE`` names; not made yet."""
    return Path(os.environ.get("MOTORSCOPE_CACHE") or user_cache_dir("motorscope"))


def cache_limit() -> int:
    """Return how many bytes a folder in the cache may take: 10 GB, or ``MOTORSCOPE_CACHE_GB``.

    Raises
    ------
    ConfigError
        If the environment variable is no number.
    """
    text = os.environ.get("MOTORSCOPE_CACHE_GB", "")
    try:
        return int((float(text) if text else _CACHE_GB) * 1e9)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"MOTORSCOPE_CACHE_GB must be a number of gigabytes, not '{text}'; correct it or "
            "remove it."
        ) from None


def surplus(entries: Iterable[tuple[float, int, Path]], limit: int) -> list[Path]:
    """Return what has to leave a cache: what was not used for the longest time, until all fits.

    Parameters
    ----------
    entries
        When each was used last, how many bytes it takes, and where it is.
    limit
        Most bytes that they may take together.
    """
    kept = sorted(entries)
    total = sum(size for _, size, _ in kept)
    leaving = []
    for _, size, path in kept:
        if total <= limit:
            break
        leaving.append(path)
        total -= size
    return leaving


def backup_of(path: str | os.PathLike[str]) -> Path:
    """Return where the file before is kept: ``NAME.bak.csv`` for ``NAME.csv``."""
    target = Path(path)
    return target.with_name(f"{target.stem}.bak{target.suffix}")


def keep_backup(
    path: str | os.PathLike[str], error_type: type[MotorscopeError] = MotorscopeError
) -> Path | None:
    """Copy a file that is about to be replaced; return where (`backup_of`), if there was one.

    Raises
    ------
    MotorscopeError
        Of the given type, if it cannot be copied.
    """
    if not Path(path).is_file():
        return None
    backup = backup_of(path)
    with replacing(backup, error_type) as partial:
        shutil.copyfile(path, partial)
    return backup


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 checksum of a file as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
