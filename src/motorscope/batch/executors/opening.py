"""Executors by their names; what one needs is loaded when it is opened."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from motorscope.batch.errors import BatchError
from motorscope.batch.executors.pool import Pool, Wanted


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
