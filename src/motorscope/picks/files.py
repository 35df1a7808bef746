"""Writing files whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motorscope.errors import PicksError


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file in the same folder, which takes the place of `path` in the end.

    The old file stays as it was when the body raises. The temporary file keeps the suffix of
    `path`, for libraries that choose a format by it.

    Raises
    ------
    PicksError
        If the file cannot be written (no such folder, no permission, disk full).
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent
        )
    except OSError as error:
        raise _cannot_write(target, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp makes files that only their owner can read
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all.

    Raises
    ------
    PicksError
        If the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def read_text(path: str | os.PathLike[str], kind: str) -> str:
    """Read UTF-8 text; `kind` names what the file should be, for the error's sake.

    Raises
    ------
    PicksError
        If the file is absent, unreadable, or not text.
    """
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PicksError(
            f"{source} cannot be read ({_reason(error)}); check the path and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise PicksError(f"{source} is not {kind}: it is not UTF-8 text.") from error
    if "\0" in text:
        raise PicksError(f"{source} is not {kind}: it holds binary data.")
    return text


def _cannot_write(path: Path, error: OSError) -> PicksError:
    return PicksError(
        f"{path} cannot be written ({_reason(error)}); choose another folder or free some space."
    )


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
