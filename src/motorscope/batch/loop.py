"""The loop over the tomograms of a batch: what is left is handed out, and what comes back is told.

Outcomes are written by whoever computed them. Here they are only waited for and read, so that a
batch may be stopped, killed or watched from elsewhere at any time.
"""

import queue
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

from motorscope.batch.claims import release
from motorscope.batch.errors import BatchError
from motorscope.batch.executors.pool import Pool
from motorscope.batch.items import Item
from motorscope.batch.outcome import Outcome
from motorscope.batch.work import (
    BUSY,
    DONE,
    STOPPED,
    Detector,
    Job,
    lost_outcome,
    work,
    work_through,
)

_TICK = 1.0  # seconds between two signs of life
_LOOK = 3.0  # seconds between two looks at the folder of outcomes
_WAIT = 5.0  # seconds until a tomogram that somebody else works on is asked for again


@dataclass(frozen=True)
class Finished:
    """A tomogram has an outcome; of its candidates only the number is read."""

    outcome: Outcome


@dataclass(frozen=True)
class Standing:
    """How far a run is: outcomes and failures of this run, and the seconds left, if known."""

    done: int
    failed: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True)
class Totals:
    """What a run did, in the end."""

    done: int
    failed: int


Steps = Generator[Finished | Standing, None, None]
Loop = Generator[Finished | Standing, None, Totals]


def run_items(
    job: Job, items: Sequence[Item], pool: Pool, detector: Detector | None = None
) -> Loop:
    """Have every item worked on, and yield `Finished` for each; a failed one stops no other.

    Yields `Standing` after each, and about once a second.

    Parameters
    ----------
    job
        What they have in common; its folder and list of items are written already.
    detector
        See `motorscope.batch.work.work`.

    Raises
    ------
    BatchError
        If nothing can go on: a full disk, another version on a worker, a scheduler that is gone.
    """
    pace = _Pace(items)
    yield from (
        _by_task(job, items, pool, detector, pace)
        if pool.tasks
        else _one_by_one(job, items, pool, detector, pace)
    )
    return Totals(pace.done, pace.failed)


def _one_by_one(
    job: Job, items: Sequence[Item], pool: Pool, detector: Detector | None, pace: "_Pace"
) -> Steps:
    """Submit each tomogram by itself."""
    finished: queue.SimpleQueue[Future[str]] = queue.SimpleQueue()
    pending: dict[Future[str], Item] = {}
    left, waiting = deque(items), deque[tuple[float, Item]]()

    def hand_out() -> None:
        while waiting and waiting[0][0] <= time.monotonic():
            left.append(waiting.popleft()[1])
        while left and (pool.window is None or len(pending) < pool.window):
            item = left.popleft()
            future = pool.executor.submit(work, job, item, detector)
            pending[future] = item
            future.add_done_callback(finished.put)

    while left or pending or waiting:
        hand_out()
        try:
            future = finished.get(timeout=_TICK)
        except queue.Empty:
            yield pace.standing()
            continue
        item = pending.pop(future)
        said = _answer(future, job, item, pool)
        if said == BUSY:
            waiting.append((time.monotonic() + _WAIT, item))
        elif said == DONE:
            outcome = job.store.facts(item)
            if outcome is None:
                raise BatchError(
                    f"The outcome of {item.path} is not in {job.store.folder}, though a worker "
                    "wrote it; choose a folder on a disk that all workers share."
                )
            yield from _tell(outcome, item, pace)


def _by_task(
    job: Job, items: Sequence[Item], pool: Pool, detector: Detector | None, pace: "_Pace"
) -> Steps:
    """Submit tasks that take one tomogram after the other, and watch what they write.

    Where tasks ended before all was done, others follow, as long as that leads to something.
    """
    tasks = pool.tasks or 1
    left = {item.id: item for item in items}
    while left:
        before, lost, stopped = len(left), "", 0
        futures = [
            pool.executor.submit(work_through, job, number, tasks, detector)
            for number in range(tasks)
        ]
        while True:
            _, running = wait(futures, timeout=_LOOK)
            for name in sorted(job.store.ids() & left.keys()):
                outcome = job.store.facts(left[name])
                if outcome is not None:
                    yield from _tell(outcome, left.pop(name), pace)
            yield pace.standing()
            if not running:
                break
        for future in futures:
            try:
                said = future.result()
            except pool.lost as error:
                lost = str(error)
                continue
            if said not in (DONE, STOPPED):
                raise BatchError(said)
            stopped += said == STOPPED
        for item in left.values():
            release(job.store.claim(item), job.owner)
        if left and (len(left) == before or stopped == len(futures)):
            raise BatchError(
                f"{pool.where} ended and left {len(left)} undone. {lost} What is done stays done: "
                "run the same command again."
            )


def _tell(outcome: Outcome, item: Item, pace: "_Pace") -> Steps:
    pace.add(item, bool(outcome.error))
    yield Finished(outcome)
    yield pace.standing()


def _answer(future: Future[str], job: Job, item: Item, pool: Pool) -> str:
    """Return what a worker said; for one that was lost the outcome is written here."""
    try:
        return future.result()
    except pool.lost as error:
        job.store.write(lost_outcome(item, str(error)))
        return DONE
    except pool.gone as error:
        raise BatchError(
            f"{pool.where} cannot be reached any more ({error or type(error).__name__}); what is "
            "done stays done: run the same command again."
        ) from error


class _Pace:
    """Counts what is done, and tells the time left by the bytes that are done in a second."""

    def __init__(self, items: Sequence[Item], clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._bytes = len(items), sum(max(item.size, 1) for item in items)
        self._clock, self._began = clock, clock()
        self._done_bytes = self.done = self.failed = 0

    def add(self, item: Item, failed: bool) -> None:
        self.done += 1
        self.failed += failed
        self._done_bytes += max(item.size, 1)

    def standing(self) -> Standing:
        left = None
        if self._done_bytes:
            spent = self._clock() - self._began
            left = spent * (self._bytes - self._done_bytes) / self._done_bytes
        return Standing(self.done, self.failed, self._total, left)
