"""Reading and writing text files with errors that a person understands."""

import errno
import os
from pathlib import Path

from motorscope.errors import PicksError
from motorscope.files import replacing


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all.

    Raises
    ------
    PicksError
        If the file cannot be written.
    """
    with (
        replacing(path, PicksError) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def append_text(path: str | os.PathLike[str], text: str) -> None:
    """Append UTF-8 text in one piece; the disk has it when this returns.

    Raises
    ------
    PicksError
        If the file cannot be written; it then ends where it did.
    """
    target = Path(path)
    try:
        with target.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                written = file.write(raw := text.encode())
                if written != len(raw):  # the disk is full
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                file.truncate(before)
                raise
    except OSError as error:
        raise cannot_write(target, error) from error


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
        raise cannot_read(source, error) from error
    except UnicodeDecodeError as error:
        raise PicksError(f"{source} is not {kind}: it is not UTF-8 text.") from error
    if "\0" in text:
        raise PicksError(f"{source} is not {kind}: it holds binary data.")
    return text


def cannot_read(path: Path, error: OSError) -> PicksError:
    """Say why a file cannot be read."""
    reason = (error.strerror or str(error)).lower()
    return PicksError(f"{path} cannot be read ({reason}); check the path and its permissions.")


def cannot_write(path: Path, error: OSError) -> PicksError:
    """Say why a file cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return PicksError(
        f"{path} cannot be written ({reason}); choose another folder or free some space."
    )
