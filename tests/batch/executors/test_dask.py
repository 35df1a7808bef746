"""A Dask cluster of worker processes, one of which is killed in the middle of it."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import tiny

pytest.importorskip("distributed")

from motorscope.batch.errors import BatchError
from motorscope.batch.executors import open_pool
from motorscope.batch.executors.handing_out import run_items
from motorscope.batch.executors.pool import Wanted
from motorscope.batch.loop import Done, Totals
from motorscope.contract import run_to_end

HERE = Path(__file__).parents[1]
START = "from distributed.cli.dask_{0} import main; import sys; sys.argv = {1!r}; main()"


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Yield the address of a scheduler with two workers, and the workers' processes."""
    log = tmp_path / "asked.log"
    paths = [str(HERE), str(HERE.parents[1] / "src")]
    environment = os.environ | {"MOTORSCOPE_TEST_LOG": str(log), "PYTHONPATH": ":".join(paths)}
    environment |= {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "3"}
    where = tmp_path / "scheduler.json"
    quiet = ["--no-dashboard", "--scheduler-file", str(where)]

    def start(kind, *arguments):
        command = [sys.executable, "-c", START.format(kind, [kind, *quiet, *arguments])]
        out = (tmp_path / f"{kind}.log").open("a")
        with out:
            return subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=tmp_path)

    started = [start("scheduler", "--port", "0", "--host", "127.0.0.1")]
    started += [start("worker", "--no-nanny", "--nthreads", "1") for _ in range(2)]
    address = _address(where)
    yield address, started[1:], log
    for process in started:
        process.kill()
        process.wait()


def _address(where: Path) -> str:
    import json

    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            return str(json.loads(where.read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.05)
    raise AssertionError("no scheduler")


def test_killed_worker_costs_no_tomogram_and_none_is_done_twice(cluster, make_job):
    address, workers, log = cluster
    names = [f"t{number}" for number in range(30)]
    job, items = make_job(names)
    _wait_for(address, 2)
    done: list[str] = []

    def follow(message):
        if isinstance(message, Done):
            done.append(message.item.name)
            if len(done) == 8:
                workers[0].send_signal(signal.SIGKILL)

    with open_pool(Wanted(on=f"dask:{address}")) as pool:
        totals = run_to_end(run_items(job, items, pool, tiny.logged), follow)
    assert totals == Totals(30, 0)
    assert sorted(done) == sorted(names)
    assert {each.item.name for each in job.store.outcomes()} == set(names)
    asked = Counter(log.read_text().split())
    assert set(asked) == set(names)
    assert sum(asked.values()) <= len(names) + 1  # the one that was in the killed worker's hands
    assert not job.store.claimed()

    with (  # whoever is interrupted hears of that, and of nothing else
        pytest.raises(KeyboardInterrupt),
        open_pool(Wanted(on=f"dask:{address}")),
    ):
        raise KeyboardInterrupt


def test_scheduler_that_is_not_there_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr("motorscope.batch.executors.dask._PATIENCE", 0.3)
    with (
        pytest.raises(BatchError, match="no Dask scheduler at tcp://127"),
        open_pool(Wanted(on="dask:tcp://127.0.0.1:1")),
    ):
        pass


@pytest.mark.parametrize("address", ["hello", "tcp://hello", "tcp://hello:port", "far://node:1"])
def test_what_is_no_address_is_said_before_anything_is_connected(monkeypatch, address):
    monkeypatch.setattr("distributed.Client", None)
    with (
        pytest.raises(BatchError, match=f"no Dask scheduler at {address} "),
        open_pool(Wanted(on=f"dask:{address}")),
    ):
        pass


def _wait_for(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, timeout=120, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=120)
