"""What a batch needs to know of an executor, and what a person asks of one."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from motorscope.batch.errors import WorkerLostError


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
