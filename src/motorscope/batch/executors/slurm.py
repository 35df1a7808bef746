"""A SLURM cluster: one job array, whose tasks take tomogram after tomogram until none is left.

The scripts are submitit's. Whether a task is at work is asked of ``squeue``, which every site has;
``sacct`` may be switched off. A task that is near its time limit, or has to give way, is requeued.
"""

import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from motorscope.batch.errors import BatchError, WorkerLostError
from motorscope.batch.executors.pool import Pool, Wanted

T = TypeVar("T")

TASKS, MINUTES, REQUEUES = 4, 240, 100
_POLL = 5.0  # seconds between two questions to the scheduler
_SETUP = "setup"
_OURS = ("array_parallelism", "signal_delay_s", "use_srun", _SETUP)  # submitit's, not sbatch's


class Resumable:
    """A call that begins anew when its job is requeued: what it did is on disk."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self._fn = fn

    def __call__(self, *args: Any) -> Any:
        """Call it."""
        return self._fn(*args)

    def checkpoint(self, *args: Any) -> Any:
        """Return what a requeued job is to do: the same."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, *args)


class SlurmExecutor(Executor):
    """A job array; it is sent when as many calls were submitted as it has tasks.

    Parameters
    ----------
    executor
        Of submitit, with its parameters.
    tasks
        How many calls make an array.
    """

    def __init__(self, executor: Any, tasks: int) -> None:
        self._executor, self._tasks = executor, tasks
        self._calls: list[tuple[Callable[..., Any], Any]] = []
        self._futures: list[Future[Any]] = []
        self._jobs: list[Any] = []
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """See `concurrent.futures.Executor.submit`."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        self._calls.append((fn, args))
        self._futures.append(future)
        if len(self._calls) == self._tasks:
            self._send()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor.shutdown`; cancelled jobs leave the cluster."""
        self._over.set()
        if cancel_futures and self._jobs:
            with suppress(OSError):
                names = sorted({job.job_id.split("_")[0] for job in self._jobs})
                subprocess.run(["scancel", *names], check=False, capture_output=True)
        if wait and self._watcher is not None:
            self._watcher.join()

    def _send(self) -> None:
        try:
            with self._executor.batch():
                jobs = [self._executor.submit(Resumable(fn), *args) for fn, args in self._calls]
        except Exception as error:  # submitit has no common class for what sbatch says
            said = " ".join(str(error).split())
            raise BatchError(
                f"SLURM does not take the jobs ({said}); check the directives given with --slurm, "
                "and whether 'sinfo' answers."
            ) from error
        waited = dict(zip(jobs, self._futures, strict=True))
        self._jobs += jobs
        self._calls, self._futures = [], []
        self._watcher = threading.Thread(target=self._watch, args=(waited,), daemon=True)
        self._watcher.start()

    def _watch(self, waited: dict[Any, "Future[Any]"]) -> None:
        absent: dict[Any, int] = {}
        while waited and not self._over.wait(_POLL):
            there = _queued({job.job_id.split("_")[0] for job in waited})
            for job in list(waited):
                if job.paths.result_pickle.exists():
                    _answer(job, waited.pop(job))
                elif there is not None and job.job_id not in there:
                    absent[job] = absent.get(job, 0) + 1
                    if absent[job] > 2:  # a shared disk may show a result late
                        waited.pop(job).set_exception(
                            WorkerLostError(f"SLURM's job {job.job_id} ended without an answer.")
                        )
                else:
                    absent.pop(job, None)
        for future in waited.values():
            future.set_exception(CancelledError())


def _answer(job: Any, future: "Future[Any]") -> None:
    """Give a future what its job said."""
    error = job.exception()
    if error is None:
        future.set_result(job.result())
    else:
        last = str(error).strip().splitlines()[-1]
        future.set_exception(
            WorkerLostError(f"SLURM's job {job.job_id} failed ({last}); see {job.paths.stderr}.")
        )


def _queued(arrays: set[str]) -> set[str] | None:
    """Return the ids of the jobs that wait or run; ``None`` if the scheduler does not answer."""
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--jobs={','.join(arrays)}"]
    try:
        said = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if said.returncode and "nvalid job id" not in said.stderr:
        return None
    return set(said.stdout.split())


@contextmanager
def open_slurm(wanted: Wanted) -> Iterator[Pool]:
    """Get ready to send a job array; see `open_pool`."""
    try:
        import submitit
    except ImportError:
        raise BatchError(
            "submitit is not installed; install it with: pip install napari-motorscope[slurm]"
        ) from None
    tasks = wanted.workers or TASKS
    try:
        jobs = submitit.SlurmExecutor(wanted.logs, max_num_timeout=REQUEUES)
        jobs.update_parameters(**parameters(wanted.directives, tasks))
    except (RuntimeError, OSError) as error:
        raise BatchError(
            f"SLURM cannot be used from here ({error}); run this where 'sbatch' works."
        ) from error
    executor = SlurmExecutor(jobs, tasks)
    try:
        yield Pool(executor, f"{tasks} task{'s' * (tasks != 1)} of SLURM", tasks=tasks)
    except BaseException:
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


def parameters(directives: Mapping[str, str], tasks: int) -> dict[str, Any]:
    """Return what submitit is told: our defaults, and the site's directives as they are.

    Raises
    ------
    BatchError
        If a value is not what it must be.
    """
    given = {key.strip().replace("-", "_"): value for key, value in directives.items()}
    told: dict[str, Any] = {
        "job_name": "motorscope",
        "time": _minutes(given.pop("time", str(MINUTES))),
        "array_parallelism": tasks,
        "wckey": "",  # submitit's own is refused where accounts are checked
    }
    for key in _OURS:
        if key in given:
            told[key] = _own(key, given.pop(key))
    for key in ("job_name", "wckey"):
        if key in given:
            told[key] = given.pop(key)
    told["additional_parameters"] = {
        key.replace("_", "-"): True if value.lower() == "true" else value
        for key, value in given.items()
    } | {"requeue": True}
    return told


def _own(key: str, value: str) -> Any:
    if key == _SETUP:
        return value.splitlines()
    if key == "use_srun":
        return value.lower() not in ("0", "false", "no")
    try:
        return int(value)
    except ValueError:
        raise BatchError(f"The directive {key} is a whole number, not {value!r}.") from None


def _minutes(text: str) -> int:
    """Return the minutes of a time as SLURM writes it: 240, 4:00:00, 1-12 or 1-12:30:00."""
    days, dash, clock = text.rpartition("-")
    try:
        parts = [int(part) for part in clock.split(":")]
        if dash:
            hours, minutes, seconds = [*parts, 0, 0][:3]
        elif len(parts) == 3:
            hours, minutes, seconds = parts
        else:
            hours, minutes, seconds = 0, *[*parts, 0][:2]
        total = (int(days or 0) * 24 + hours) * 60 + minutes + (seconds > 0)
        if total <= 0 or len(parts) > 3:
            raise ValueError(text)
    except ValueError:
        raise BatchError(
            f"A time limit is minutes, or D-HH:MM:SS as SLURM writes it, not {text!r}."
        ) from None
    return total
