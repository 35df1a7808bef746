"""Who works on a tomogram: a claim is a file that only one can make.

While its holder lives, the file is touched every few seconds. It is up for taking when it has not
been touched for long, when its holder's process is gone from this machine, or when the owner wants
it back: a batch may give a tomogram to another process of its own when the first one died.
"""

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from motorscope.batch.errors import BatchError

BEAT = 20.0
"""Seconds between two touches of a claim."""

STALE = 180.0
"""Seconds without a touch after which a claim counts no more; clocks of machines may differ."""


@contextmanager
def claimed(path: Path, owner: str) -> Iterator[bool]:
    """Hold a claim while the body runs, and tell whether it was to be had.

    Parameters
    ----------
    path
        The claim's file.
    owner
        Who may take the claim over at once: the same run of a batch, or the same task of a cluster.

    Raises
    ------
    BatchError
        If the folder cannot be written.
    """
    if not _take(path, owner):
        yield False
        return
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, over), daemon=True)
    beat.start()
    try:
        yield True
    finally:
        over.set()
        with suppress(OSError):
            path.unlink()


def is_held(path: Path) -> bool:
    """Tell whether somebody works on the tomogram of a claim at the moment."""
    return path.exists() and not _is_free(path, "")


def release(path: Path, owner: str) -> None:
    """Remove a claim of an owner all of whose workers have ended."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        if str(json.loads(path.read_text(encoding="utf-8"))["owner"]).startswith(owner):
            path.unlink()


def _take(path: Path, owner: str) -> bool:
    said = json.dumps({"owner": owner, "host": socket.gethostname(), "pid": os.getpid()})
    for _ in range(3):
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(said)
            return True
        except FileExistsError:
            if not _is_free(path, owner) or not _put_away(path):
                return False
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise BatchError(
                f"{path} cannot be written ({reason}); free some space or check the permissions, "
                "and run the batch again: what is done stays done."
            ) from error
    return False


def _is_free(path: Path, owner: str) -> bool:
    """Tell whether a claim may be taken from its holder."""
    try:
        age = time.time() - path.stat().st_mtime
        said = json.loads(path.read_text(encoding="utf-8"))
        known, host, pid = said["owner"], said["host"], int(said["pid"])
    except FileNotFoundError:
        return True
    except (OSError, ValueError, KeyError, TypeError):  # just being written, or torn
        return age > STALE
    if owner and known == owner:
        return True
    return age > STALE or (host == socket.gethostname() and not _is_alive(pid))


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # there is no signal there that does nothing
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _put_away(path: Path) -> bool:
    """Remove a claim of somebody who is gone; of several that try only one succeeds."""
    aside = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        os.rename(path, aside)
        aside.unlink()
    except OSError:
        return False
    return True


def _beat(path: Path, over: threading.Event) -> None:
    while not over.wait(BEAT):
        with suppress(OSError):
            os.utime(path)
