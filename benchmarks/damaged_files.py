"""Damages files in many ways and sees that each is read, or refused at once with a sentence.

    python benchmarks/damaged_files.py --seed 1 --mutations 3000 [FILE ...]

Tries small files of every format that is read, written here, and the given ones. Every case is
opened in a worker process, which is ended when it does not answer. A case fails if opening it takes
more than two seconds of processor time, raises something else than an error of ours, if the
sentence does not name the file, or if it asks for much more memory than the file is large. Failures
are listed with what makes the case again (``--case``), and the exit code is 1.
"""

import argparse
import logging
import multiprocessing
import shutil
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from damage import damaged
from damaged_samples import OPENERS, Opener, Sample, of_file, small_samples

SECONDS = 2.0
"""Processor time in which a file must be read or refused."""

PATIENCE = 20.0
"""Seconds of processor time after which a worker that does not answer is ended."""

_BUSY = 15
"""So many times as long it may take on a busy machine, which is no failure."""

_CASES = 500
"""Files that a worker opens before it is made anew; libraries keep some of its memory."""

_TOO_LONG = getattr(signal, "SIGXCPU", 0)
"""The signal that ends a process for its processor time; there is none on Windows."""

_MOST_MEMORY = 2**31
_FREE_MEMORY, _MEMORY_PER_BYTE = 2**26, 30


@dataclass(frozen=True)
class Outcome:
    """What became of a case: ``read``, ``refused``, or what was wrong; and what was said."""

    result: str
    said: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether a person would have been left alone with this file."""
        return self.result not in ("read", "refused")


class Worker:
    """A process that opens files, and is made anew when it had to be ended."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self.process: multiprocessing.process.BaseProcess | None = None
        self.opened = 0

    def open(self, sample: Sample, content: bytes, patience: float = PATIENCE) -> Outcome:
        """Open a sample with other bytes in the file that gets damaged."""
        if self.opened >= _CASES:
            self.close()
        if self.process is None:
            self._start()
        self.opened += 1
        self._pipe.send((sample, content))
        try:
            if self._pipe.poll(_BUSY * patience):
                return self._pipe.recv()
        except EOFError:
            self.close()
            if self._code == -_TOO_LONG:
                return Outcome("hang", f"no answer in {PATIENCE:g} s of processor time")
            return Outcome("crash", f"the process ended with the code {self._code}")
        self.close()
        return Outcome("hang", f"no answer in {patience:g} s")

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self._code = self.process.exitcode
            self.process = None

    def _start(self) -> None:
        self._pipe, theirs = self._context.Pipe()
        self.process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        self.opened = 0
        theirs.close()
        self._pipe.recv()  # all is imported


def failures(
    samples: Sequence[Sample], seed: int, cases: Sequence[int], tally: Counter[tuple[str, str]]
) -> Iterator[tuple[Sample, int, Outcome]]:
    """Open every sample in all cases, and yield those that fail; count what became of them all."""
    worker = Worker()
    try:
        for sample in samples:
            for case in cases:
                outcome = worker.open(sample, case_of(sample, seed, case))
                tally[sample.name, outcome.result] += 1
                if outcome.is_failure:
                    yield sample, case, outcome
    finally:
        worker.close()


def case_of(sample: Sample, seed: int, case: int) -> bytes:
    """Return the damaged bytes of a case."""
    return damaged(f"{seed}/{sample.name}/{case}", sample.files[sample.damaged])


def _serve(pipe: Connection) -> None:
    """Open files until the process is ended."""
    import torch

    torch.set_num_threads(1)  # processor time is counted
    logging.disable()  # libraries tell all that is wrong with a file
    _limit_memory()
    pipe.send(None)
    known: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2**31):
            sample, content = pipe.recv()
            if sample.name not in known:
                known.add(sample.name)
                _open_whole(sample, Path(folder))
            _limit_time()
            with _laid_out(sample, content, Path(folder) / str(number)) as place:
                pipe.send(_outcome(sample, place, len(content)))


@contextmanager
def _laid_out(sample: Sample, content: bytes, place: Path) -> Iterator[Path]:
    """Write a sample into a new folder, with other bytes in the file that gets damaged."""
    place.mkdir()
    for name, whole in sample.files.items():
        (place / name).write_bytes(content if name == sample.damaged else whole)
    yield place
    shutil.rmtree(place)


def _open_whole(sample: Sample, folder: Path) -> None:
    """Open a sample as it is: what is imported then does not count for the first case."""
    with _laid_out(sample, sample.files[sample.damaged], folder / "whole") as place:
        OPENERS[sample.kind][0](place / sample.opened)


def _outcome(sample: Sample, place: Path, size: int) -> Outcome:
    """Open a sample in all ways; return the first failure, or what the first way came to."""
    outcomes = [
        _opened(open_, place / sample.opened, sample, size) for open_ in OPENERS[sample.kind]
    ]
    return next((outcome for outcome in outcomes if outcome.is_failure), outcomes[0])


def _opened(open_: Opener, path: Path, sample: Sample, size: int) -> Outcome:
    from motorscope.errors import MotorscopeError

    tracemalloc.start()
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", RuntimeWarning)
            open_(path)
        ours = [each for each in warned if "motorscope" in str(each.filename)]
        outcome = Outcome("warning", f"{ours[0].message}") if ours else Outcome("read")
    except MotorscopeError as error:
        named = sample.damaged in str(error) or str(path) in str(error)
        outcome = Outcome("refused" if named else "unnamed", str(error))
    except BaseException:
        outcome = Outcome("traceback", traceback.format_exc(limit=-4))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    began = time.process_time()
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        open_(path)  # again, because tracing memory takes time
    seconds = time.process_time() - began
    if seconds > SECONDS:
        return Outcome("slow", f"{seconds:.1f} s; {outcome.said}")
    if peak > _FREE_MEMORY + _MEMORY_PER_BYTE * size or "into memory" in outcome.said:
        return Outcome("memory", f"{peak / 2**20:.0f} MiB for {size} bytes; {outcome.said}")
    return outcome


def _limit_memory() -> None:
    """Let an allocation that is far too large fail instead of taking the machine's memory."""
    try:
        import resource
    except ImportError:  # Windows
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_time() -> None:
    """Let the next case end the process if it takes far too much time."""
    try:
        import resource
    except ImportError:  # Windows
        return
    most = int(time.process_time() + PATIENCE) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="more files to damage")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mutations", type=int, default=3000, help="of each file")
    parser.add_argument("--case", type=int, help="only this one")
    parser.add_argument("--only", default="", help="files with this in their names")
    parser.add_argument("--show", type=int, default=3, help="failures of a kind for each file")
    arguments = parser.parse_args()
    samples = [*small_samples(), *map(of_file, arguments.files)]
    samples = [sample for sample in samples if arguments.only in sample.name]
    cases = range(arguments.mutations) if arguments.case is None else [arguments.case]
    tally: Counter[tuple[str, str]] = Counter()
    for sample, case, outcome in failures(samples, arguments.seed, cases, tally):
        if tally[sample.name, outcome.result] <= arguments.show:
            print(f"{sample.name}, case {case}: {outcome.result}: {outcome.said}", flush=True)
    results = sorted({result for _, result in tally})
    print(f"{'':34}" + "".join(f"{result:>11}" for result in results))
    for name in dict.fromkeys(sample.name for sample in samples):
        print(f"{name:34}" + "".join(f"{tally[name, result]:11}" for result in results))
    return int(not set(results) <= {"read", "refused"})


if __name__ == "__main__":
    sys.exit(main())
