"""Processes on this machine: one for each graphics processor, or as many as there is room for.

Each thread of the executor has a process of its own. When one is killed, as by a system without
memory, only the tomogram that it worked on is affected: a new process tries it once more.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, TypeVar

from motorscope.batch.errors import BatchError, WorkerLostError
from motorscope.batch.executors.pool import Pool, Wanted
from motorscope.batch.workers.job import Place
from motorscope.batch.workers.work import settle

T = TypeVar("T")

_BASE = 3 << 30  # bytes of a worker with a small tomogram: PyTorch, and a window's activations
_PER_BYTE = 6.0  # of memory for a byte of a tomogram's file: it is read, resampled, filled up
_CORES = 4  # for each worker on a CPU, where more threads help a network little


@dataclass(frozen=True)
class Slot:
    """Where one worker process is to run; see `Place`."""

    device: str | None = None
    threads: int | None = None


class LocalExecutor(Executor):
    """Worker processes behind threads; what is submitted must do no harm when it is done twice."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._cancel = self._context.Event()
        self._free = list(slots)
        self._mine = threading.local()
        self._pools: list[ProcessPoolExecutor] = []
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(len(slots), "worker")

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """See `concurrent.futures.Executor.submit`."""
        return self._threads.submit(self._run, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor.shutdown`; what is being worked on stops."""
        if cancel_futures:
            self._cancel.set()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for pool in self._pools:
            pool.shutdown(wait, cancel_futures=cancel_futures)

    def _run(self, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        for _ in range(2):
            try:
                return self._pool().submit(fn, *args, **kwargs).result()
            except BrokenProcessPool:
                self._mine.pool = None
        raise WorkerLostError(
            "The process that worked on it was ended by the system, twice, which is mostly for "
            "want of memory; try it again with fewer workers."
        )

    def _pool(self) -> ProcessPoolExecutor:
        """Return the process of this thread, as a pool of one."""
        pool: ProcessPoolExecutor | None = getattr(self._mine, "pool", None)
        if pool is None:
            with self._lock:
                if not hasattr(self._mine, "slot"):
                    self._mine.slot = self._free.pop(0)
                slot: Slot = self._mine.slot
                place = Place(slot.device, slot.threads, self._cancel)
                pool = ProcessPoolExecutor(1, self._context, _begin, (place,))
                self._pools.append(pool)
            self._mine.pool = pool
        return pool


@contextmanager
def open_local(wanted: Wanted) -> Iterator[Pool]:
    """Open worker processes; see `open_pool`."""
    slots = plan_slots(wanted)
    executor = LocalExecutor(slots)
    devices = sorted({slot.device for slot in slots if slot.device})
    where = "1 process" if len(slots) == 1 else f"{len(slots)} processes"
    on = f" ({', '.join(devices)})" if devices else ""
    try:
        yield Pool(executor, f"{where} on this machine{on}", window=2 * len(slots))
    except BaseException:
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


def plan_slots(wanted: Wanted) -> list[Slot]:
    """Return where worker processes are to run.

    On graphics processors one for each, unless more are asked for. On a CPU as many as its cores
    and the memory that is free have room for, and the cores are shared out.

    Raises
    ------
    BatchError
        If more workers are asked for than there are cores.
    """
    devices = _graphics() if wanted.device in ("auto", "cuda") else []
    if devices:
        count = wanted.workers or len(devices)
        return [Slot(devices[number % len(devices)]) for number in range(count)]
    if wanted.device not in ("auto", "cpu") or sys.platform == "darwin":
        return [Slot(wanted.device)] * (wanted.workers or 1)
    cores = _cores()
    if wanted.workers is not None and wanted.workers > cores:
        raise BatchError(
            f"{wanted.workers} workers are more than this machine has cores ({cores}); ask for "
            "fewer."
        )
    room = int(_free_memory() / (_BASE + _PER_BYTE * wanted.largest))
    count = wanted.workers or max(1, min(cores // _CORES, room))
    return [Slot(None, max(1, cores // count))] * count


def _begin(place: Place) -> None:
    """Begin a worker process: Ctrl-C is its parent's to answer, and it ends when its parent did."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    settle(place)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # nobody is left to take an answer


def _graphics() -> list[str]:
    """Return the graphics processors of this machine; PyTorch is loaded where there may be some."""
    if not any(Path(node).exists() for node in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd")):
        if sys.platform != "win32":
            return []
    import torch

    return [f"cuda:{index}" for index in range(torch.cuda.device_count())]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _free_memory() -> int:
    """Return the bytes of memory that are free."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return 1024 * int(line.split()[1])
    except OSError:
        pass
    return _BASE  # elsewhere: one worker, unless more are asked for
