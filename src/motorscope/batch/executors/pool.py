"""What a batch needs to know of an executor, and how one is chosen by its name."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from motorscope.batch.errors import BatchError, WorkerLostError


@dataclass(frozen=True)
class Pool:
    """An executor, and how a batch deals with it.

    Attributes
    ----------
    executor
        Runs what is submitted; its own end is its opener's.
    where
        What it is, as a person says it: ``2 processes on this machine``.
    window
        Most tomograms that are submitted at a time, or ``None`` for all.
    tasks
        ``None`` where each tomogram is submitted by itself; else the number of tasks of a cluster,
        each of which takes tomogram after tomogram until none is left.
    lost
        Errors that say that a worker ended without an answer.
    gone
        Errors that say that there is nobody to work at all any more.
    """

    executor: Executor
    where: str
    window: int | None = None
    tasks: int | None = None
    lost: tuple[type[BaseException], ...] = (WorkerLostError,)
    gone: tuple[type[BaseException], ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What a person asks of an executor.

    Attributes
    ----------
    on
        ``local``, ``dask:ADDRESS`` or ``slurm``.
    workers
        How many, or ``None`` for as many as there is room for.
    device
        See `DetectionRequest`.
    largest
        Bytes of the largest tomogram.
    directives
        Of the cluster's scheduler: ``{"partition": "gpu"}``.
    logs
        Where a cluster's scripts and logs go.
    """

    on: str = "local"
    workers: int | None = None
    device: str = "auto"
    largest: int = 0
    directives: Mapping[str, str] = field(default_factory=dict)
    logs: Path = Path()


def open_pool(wanted: Wanted) -> AbstractContextManager[Pool]:
    """Return a context in which there is a pool; at its end nothing of it runs any more.

    Raises
    ------
    BatchError
        If there is no such executor, its package is not installed, or it cannot be reached.
    """
    if wanted.workers is not None and wanted.workers < 1:
        raise BatchError(f"There must be at least one worker, not {wanted.workers}.")
    kind, _, address = wanted.on.partition(":")
    opener = _OPENERS.get(kind)
    if opener is None or bool(address) != (kind == "dask"):
        raise BatchError(
            f"A batch runs on local, dask:ADDRESS (such as dask:tcp://node1:8786) or slurm, not on "
            f"{wanted.on!r}."
        )
    if wanted.workers is not None and kind == "dask":
        raise BatchError("A Dask cluster has the workers that it has; leave out --workers.")
    if wanted.directives and kind != "slurm":
        raise BatchError("Directives of SLURM need --on slurm.")
    return opener(wanted)


def _local(wanted: Wanted) -> AbstractContextManager[Pool]:
    from motorscope.batch.executors.local import open_local

    return open_local(wanted)


def _dask(wanted: Wanted) -> AbstractContextManager[Pool]:
    from motorscope.batch.executors.dask import open_dask

    return open_dask(wanted)


def _slurm(wanted: Wanted) -> AbstractContextManager[Pool]:
    from motorscope.batch.executors.slurm import open_slurm

    return open_slurm(wanted)


_OPENERS: Mapping[str, Callable[[Wanted], AbstractContextManager[Pool]]] = {
    "local": _local,
    "dask": _dask,
    "slurm": _slurm,
}
