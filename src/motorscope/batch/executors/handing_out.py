"""How the tomograms of a batch are handed out to a pool: the two ways of `motorscope.batch.loop`.

Outcomes are written by whoever computed them. Here they are only waited for and read, so that a
batch may be stopped, killed or watched from elsewhere at any time.
"""

import queue
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait

from motorscope.batch.errors import BatchError
from motorscope.batch.executors.pool import Pool
from motorscope.batch.folder.claims import release
from motorscope.batch.folder.outcome import Outcome
from motorscope.batch.items import Item
from motorscope.batch.loop import Done, Loop, Way, follow
from motorscope.batch.workers.job import Detector, Job
from motorscope.batch.workers.work import BUSY, DONE, STOPPED, lost_outcome, work, work_through
from motorscope.errors import MotorscopeError

_TICK = 1.0  # seconds between two signs of life
_LOOK = 3.0  # seconds between two looks at the folder of outcomes
_WAIT = 5.0  # seconds until a tomogram that somebody else works on is asked for again


def run_items(
    job: Job, items: Sequence[Item], pool: Pool, detector: Detector | None = None
) -> Loop[Item, Outcome]:
    """Have every item worked on; of the candidates of an outcome only the number is read.

    Parameters
    ----------
    job
        What they have in common; its folder and list of items are written already.
    detector
        See `motorscope.batch.workers.work.work`.

    Raises
    ------
    BatchError
        If nothing can go on: a full disk, another version on a worker, a scheduler that is gone.
    """
    way = by_task if pool.tasks else one_by_one
    return follow(items, way(job, items, pool, detector), lambda item: item.size)


def one_by_one(
    job: Job, items: Sequence[Item], pool: Pool, detector: Detector | None = None
) -> Way[Item, Outcome]:
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
            yield None
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
            yield _done(item, outcome)


def by_task(
    job: Job, items: Sequence[Item], pool: Pool, detector: Detector | None = None
) -> Way[Item, Outcome]:
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
            yield from _new_outcomes(job, left)
            yield None
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


def _new_outcomes(job: Job, left: dict[str, Item]) -> Iterator[Done[Item, Outcome]]:
    """Yield what has an outcome now, and take it out of what is left."""
    for name in sorted(job.store.ids() & left.keys()):
        outcome = job.store.facts(left[name])
        if outcome is not None:
            yield _done(left.pop(name), outcome)


def _done(item: Item, outcome: Outcome) -> Done[Item, Outcome]:
    return Done(item, outcome, MotorscopeError(outcome.error) if outcome.error else None)


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
