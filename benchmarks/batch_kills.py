"""A batch that is killed at random, again and again, ends with what an undisturbed one has.

    python benchmarks/batch_kills.py --on local
    python benchmarks/batch_kills.py --on dask

Runs `motorscope batch` on small tomograms with a small network, kills it with SIGKILL (on Dask a
worker as well, in place of which another is started), runs it again, and compares all outcomes with
those of a run that nobody disturbed: they have to be equal but for times and memory. With
``--instant`` no network runs, which is quicker, and all else is the same.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from batch_overhead import instant
from motorscope.batch.folder.outcome import Outcome
from motorscope.batch.items import Item
from motorscope.batch.workers.job import Job, Place
from tiny_batch import make_model, make_tomograms

QUIET = ("--no-dashboard", "--scheduler-file")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on", choices=("local", "dask"), default="local")
    parser.add_argument("--tomograms", type=int, default=50)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--instant", action="store_true")
    parser.add_argument("--child", nargs=3, metavar=("IN", "OUT", "WHERE"), help="for its own use")
    arguments = parser.parse_args()
    if arguments.child:
        run_instant(*arguments.child)
        return
    random.seed(arguments.seed)
    folder = Path(tempfile.mkdtemp(prefix="batch-kills-"))
    model = None if arguments.instant else make_model(folder)
    make_tomograms(folder / "in", arguments.tomograms)
    began = time.monotonic()
    whole = start(folder, "whole", model, "local")
    assert whole.wait() == 0, (folder / "whole.log").read_text()
    cluster = Cluster(folder) if arguments.on == "dask" else None
    where = f"dask:{cluster.address}" if cluster else "local"
    kills = []
    try:
        for number in range(arguments.kills):
            last = arguments.tomograms * (number + 1) // (arguments.kills + 1)
            until = random.randint(done(folder) + 1, max(last, done(folder) + 1))
            process = start(folder, "killed", model, where)
            while done(folder) < until and process.poll() is None:
                time.sleep(0.01)
            if process.poll() is None:
                if cluster:
                    cluster.kill_a_worker()
                process.send_signal(signal.SIGKILL)
                process.wait()
            kills.append({"wanted_after": until, "killed_after": done(folder)})
        last_run = start(folder, "killed", model, where)
        assert last_run.wait() == 0, (folder / "killed.log").read_text()
    finally:
        if cluster:
            cluster.close()
    a, b = outcomes(folder / "whole"), outcomes(folder / "killed")
    picks = [(folder / name / "picks.csv").read_bytes() for name in ("whole", "killed")]
    print(
        json.dumps(
            {
                "on": arguments.on,
                "tomograms": arguments.tomograms,
                "kills": kills,
                "outcomes": len(b),
                "picks": picks[1].count(b"\n") - 1,
                "differing": sorted(n for n in a.keys() | b.keys() if a.get(n) != b.get(n)),
                "picks_equal": picks[0] == picks[1],
                "claims_left": len(list((folder / "killed").rglob("*.claim"))),
                "seconds": round(time.monotonic() - began),
            }
        )
    )
    assert a == b
    assert picks[0] == picks[1]


def soon(job: Job, item: Item, place: Place) -> Outcome:
    """Find a few candidates in little time."""
    time.sleep(0.05)
    return instant(job, item, place)


def run_instant(source: str, out: str, where: str) -> None:
    from batch_kills import soon  # by its own name, so that workers find it
    from motorscope.batch.reporting.report import report
    from motorscope.batch.run import BatchRequest, run_batch

    workers = 2 if where == "local" else None
    request = BatchRequest([source], Path(out), threshold=0.0, on=where, workers=workers)
    run = run_batch(request, soon)
    while True:
        try:
            next(run)
        except StopIteration as end:
            report(Path(out), end.value.record)
            return


def start(folder: Path, name: str, model: Path | None, where: str) -> "subprocess.Popen[bytes]":
    if model is None:
        command = [sys.executable, __file__, "--child"]
        command += [str(folder / "in"), str(folder / name), where]
    else:
        command = [sys.executable, "-m", "motorscope.cli", "batch", str(folder / "in")]
        command += ["-o", str(folder / name), "--model", str(model), "--on", where]
        command += ["--device", "cpu", "--precision", "fp32", "--threshold", "0"]
        command += ["--workers", "2"] if where == "local" else []
    with (folder / f"{name}.log").open("a") as log:
        return subprocess.Popen(command, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"})


def done(folder: Path) -> int:
    return len(list((folder / "killed").rglob("*.outcome.jsonl")))


def outcomes(out: Path) -> dict[str, str]:
    """Return the outcomes by name, without times; their candidates as exact text."""
    from motorscope.batch.folder.outcome import Effort, to_text
    from motorscope.batch.folder.store import Store, read_record

    found = Store(out, read_record(out).settings.key).outcomes()
    return {each.item.name: to_text(replace(each, effort=Effort())) for each in found}


class Cluster:
    """A scheduler and two workers, each a process."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / "scheduler.json"
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self._workers = [self._worker(), self._worker()]
        while not self._file.exists():
            time.sleep(0.1)
        self.address = json.loads(self._file.read_text())["address"]
        from distributed import Client

        with Client(self.address, timeout=300, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=300)

    def kill_a_worker(self) -> None:
        self._workers.pop(0).kill()
        self._workers.append(self._worker())

    def close(self) -> None:
        for process in (*self._workers, self._scheduler):
            process.kill()

    def _worker(self) -> "subprocess.Popen[bytes]":
        return self._start("worker", "--no-nanny", "--nthreads", "1")

    def _start(self, kind: str, *options: str) -> "subprocess.Popen[bytes]":
        arguments = [kind, *QUIET, str(self._file), *options]
        code = f"import sys; from distributed.cli.dask_{kind} import main; sys.argv = {arguments!r}"
        with (self._folder / f"{kind}.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-c", f"{code}; main()"],
                stdout=log,
                stderr=log,
                env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": _paths()},
            )


def _paths() -> str:
    """Return where Dask's workers find this module."""
    return os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])


if __name__ == "__main__":
    main()
