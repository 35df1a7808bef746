"""What a worker does, wherever it runs: a tomogram is claimed, worked on, and its outcome written.

Nothing heavy is loaded before the first tomogram is opened, so that workers start quickly.
"""

import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from motorscope import __version__
from motorscope.batch.errors import BatchError
from motorscope.batch.folder.claims import claimed
from motorscope.batch.folder.outcome import Effort, Outcome
from motorscope.batch.items import Item
from motorscope.batch.workers.job import Detector, Job, Place
from motorscope.batch.workers.memory import PeakMemory
from motorscope.batch.workers.network import detect_item
from motorscope.errors import MotorscopeError

DONE, BUSY, STOPPED = "done", "busy", "stopped"
"""What a worker says of a tomogram: it has an outcome, somebody else works on it, or neither."""


_here = Place()  # of this process; set once, by whoever starts it
_one_at_a_time = threading.Lock()  # a Dask worker may have several threads, and one device


def settle(place: Place) -> None:
    """Say where this process works."""
    global _here
    _here = place


def work(job: Job, item: Item, detector: Detector | None = None) -> str:
    """Make the outcome of a tomogram and write it, unless that is done or being done elsewhere.

    Parameters
    ----------
    detector
        What finds the motors; the network if ``None``.

    Returns
    -------
    str
        `DONE`, `BUSY` or `STOPPED`.

    Raises
    ------
    BatchError
        If this worker cannot do any tomogram of the batch, or an outcome cannot be written.
    """
    store = job.store
    _check(job)
    with _one_at_a_time:
        with claimed(store.claim(item), job.owner) as mine:
            if not mine:
                return BUSY
            if _is_done(job, item):  # by whoever had the claim before
                return DONE
            outcome = _outcome(job, item, detector or detect_item)
            if outcome is None:
                return STOPPED
            store.write(outcome)
    return DONE


def work_through(job: Job, number: int, tasks: int, detector: Detector | None = None) -> str:
    """Take tomogram after tomogram of a batch until none is left, as one of several tasks.

    Each begins with its own share, and then helps with what others have not done. SIGTERM, which
    a cluster sends before it ends a job, stops it.

    Parameters
    ----------
    number, tasks
        Which task this is, from 0, and of how many.

    Returns
    -------
    str
        `DONE` or `STOPPED`, or why this worker can do nothing, in a sentence.
    """
    job = replace(job, owner=f"{job.owner}-{number}")
    before = _here
    with _stopped_by_sigterm() as stop:
        settle(replace(before, cancel=stop))
        try:
            return _through(job, number, tasks, detector)
        except BatchError as error:
            return str(error)
        finally:
            settle(before)


def _through(job: Job, number: int, tasks: int, detector: Detector | None) -> str:
    items = job.store.items()
    own = items[number::tasks]
    others = [each for step in range(1, tasks) for each in items[(number + step) % tasks :: tasks]]
    for share in (own, others):
        done = job.store.ids()
        for item in share:
            if item.id not in done and work(job, item, detector) == STOPPED:
                return STOPPED
    return DONE


@contextmanager
def _stopped_by_sigterm() -> Iterator[threading.Event]:
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


def lost_outcome(item: Item, why: str) -> Outcome:
    """Return the outcome of a tomogram whose worker ended without an answer."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    effort = Effort(host=socket.gethostname(), when=now)
    return Outcome(item, error=why, version=__version__, effort=effort)


def _outcome(job: Job, item: Item, detector: Detector) -> Outcome | None:
    """Return what became of a tomogram, also where that is an error."""
    began = time.monotonic()
    memory = PeakMemory()
    item = _as_it_is(item)
    try:
        outcome = detector(job, item, _here)
    except BatchError:
        raise
    except MotorscopeError as error:
        trace = "\n".join(getattr(error, "__notes__", ()))  # of a fault within the engine
        outcome = Outcome(item, error=_naming(item, str(error)), trace=trace)
    except OSError as error:
        outcome = Outcome(item, error=f"{item.path}: {error.strerror or error}.")
    except Exception as error:  # a fault of the program must not stop thousands of tomograms
        text = f"{item.path} met a fault of motorscope ({type(error).__name__}: {error})."
        outcome = Outcome(item, error=text, trace=traceback.format_exc())
    if outcome is None:
        return None
    host, device = memory.read()
    return replace(
        outcome,
        version=__version__,
        effort=Effort(
            seconds=round(time.monotonic() - began, 3),
            device=outcome.effort.device,
            memory=host,
            device_memory=device,
            host=socket.gethostname(),
            when=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    )


def _naming(item: Item, said: str) -> str:
    """Return a sentence that says which tomogram it is about: it stands among thousands."""
    return said if item.path in said or item.name in said else f"{item.path}: {said}"


def _is_done(job: Job, item: Item) -> bool:
    facts = job.store.facts(item)
    return facts is not None and (facts.heatmap or not job.heatmaps or bool(facts.error))


def _as_it_is(item: Item) -> Item:
    """Return the item as its file is now; it may have changed since the batch was begun."""
    try:
        stat = os.stat(item.path)
    except OSError:
        return item
    return replace(item, size=stat.st_size, modified=int(stat.st_mtime))


def _check(job: Job) -> None:
    if job.version != __version__:
        raise BatchError(
            f"The worker on {socket.gethostname()} has motorscope {__version__}, and the batch was "
            f"started with {job.version}; install the same version on both."
        )
    if not job.store.folder.is_dir():
        raise BatchError(
            f"The worker on {socket.gethostname()} does not see {job.out}; choose a folder on a "
            "disk that all workers share."
        )
