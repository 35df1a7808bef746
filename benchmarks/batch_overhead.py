"""What a batch costs beside the network: thousands of tomograms that are answered at once.

    python benchmarks/batch_overhead.py --tomograms 10000

Prints the seconds from the start of the program to the first outcome and to the last one, those of
a second run that has nothing to do, those of tables and report, and milliseconds for each tomogram
by tenths of the folder: they should not rise. Beside the clock's stand the processor's (user and
system), of this process and of the workers: on a busy machine only those say something. Files and
folders are in a temporary folder.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from motorscope.batch.folder.outcome import Effort, Outcome
from motorscope.batch.items import Item
from motorscope.batch.workers.job import Job, Place

SHAPE = (4, 4, 4)


def instant(job: Job, item: Item, place: Place) -> Outcome:
    """Open the file, and find a few candidates in no time."""
    from motorscope.picks import PickTable, Summits
    from motorscope.tomogram import open_tomogram

    grid = open_tomogram(item.path).grid
    rng = np.random.default_rng(item.size + len(item.name))
    scores = np.sort(rng.uniform(0.01, 1, 5))[::-1]
    summits = Summits(PickTable.from_positions(rng.uniform(0, 60, (5, 3)), scores), 10.0)
    found = Outcome(item, grid.shape, grid.spacing, grid.origin, 5, float(scores[0]))
    return replace(found, effort=Effort(device="none"), summits=summits)


def make_folder(folder: Path, tomograms: int) -> None:
    from motorscope.tomogram import VoxelGrid, write_mrc

    folder.mkdir()
    write_mrc(folder / "first.mrc", np.zeros(SHAPE, np.int8), VoxelGrid(SHAPE, (16.0,) * 3))
    volume = (folder / "first.mrc").read_bytes()
    (folder / "first.mrc").unlink()
    for number in range(tomograms):
        (folder / f"tomogram_{number:05d}.mrc").write_bytes(volume)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tomograms", type=int, default=10000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--on", default="local")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        make_folder(Path(name) / "in", arguments.tomograms)
        for turn in ("first run", "second run"):
            measure(turn, Path(name), arguments)


def measure(turn: str, folder: Path, arguments: argparse.Namespace) -> None:
    from motorscope.batch.loop import Done
    from motorscope.batch.reporting.report import report
    from motorscope.batch.run import BatchRequest, Planned, run_batch

    began, cpu = time.perf_counter(), time.process_time()
    request = BatchRequest(
        [str(folder / "in")], folder / "out", workers=arguments.workers, on=arguments.on
    )
    times: list[float] = []
    planned = planned_cpu = 0.0
    before = os.times()
    batch = run_batch(request, instant)
    while True:
        try:
            message = next(batch)
        except StopIteration as end:
            ended = end.value
            break
        if isinstance(message, Planned):
            planned, planned_cpu = time.perf_counter() - began, time.process_time() - cpu
        if isinstance(message, Done):
            times.append(time.perf_counter() - began)
    whole, busy = time.perf_counter() - began, time.process_time() - cpu
    numbers = {"turn": turn, "planned_s": round(planned, 2), "whole_s": round(whole, 2)}
    after = os.times()
    workers = sum(after[2:4]) - sum(before[2:4])  # they have ended
    numbers["planned_cpu_s"] = round(planned_cpu, 2)
    numbers["this_process_cpu_s"], numbers["workers_cpu_s"] = round(busy, 2), round(workers, 2)
    numbers["cpu_ms_each"] = round(1000 * (busy + workers) / arguments.tomograms, 2)
    if times:
        numbers["first_s"] = round(times[0], 2)
        step = max(len(times) // 10, 1)
        numbers["ms_each"] = [
            round(1000 * (b - a) / step, 2)
            for a, b in zip(times[::step], times[step::step], strict=False)
        ]
    began, cpu = time.perf_counter(), time.process_time()
    report(folder / "out", ended.record)
    numbers["report_s"] = round(time.perf_counter() - began, 2)
    numbers["report_cpu_s"] = round(time.process_time() - cpu, 2)
    print(json.dumps(numbers), flush=True)


if __name__ == "__main__":
    main()
