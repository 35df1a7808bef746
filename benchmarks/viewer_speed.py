"""How soon a detection shows something in the viewer, and how soon it stops; for docs/speed.md.

    python benchmarks/viewer_speed.py
    python benchmarks/viewer_speed.py --tomogram FILE.mrc --engines thread --output /tmp/speed.md

Asks the engines as the viewer does, without a window: everything is imported and the model loaded
by a detection in a small part first. Then a detection of the whole is asked for, up to the first
part of its heatmap, and others that are cancelled at several moments. CPU seconds are those of the
process that computes, and hold on a busy machine.
"""

import argparse
import math
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from memory_by_size import embedded, replace_section
from motorscope.threads import wait_asleep

SIZE, SPACING = "300x960x928", 13.1
HEADING = f"### In the viewer, {SIZE} voxels, built-in"
MOMENTS = (0.05, 0.3, 1.0, 2.0, 4.0)
"""CPU seconds after the request at which it is cancelled."""

Spans = list[tuple[float, float]]
"""Seconds of the clock and of the processor."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tomogram", type=Path, help=f"default: a simulated one of {SIZE}")
    parser.add_argument("--folder", type=Path, help="where to keep it for another time")
    parser.add_argument("--engines", nargs="+", default=("thread", "worker"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("docs/speed.md"))
    arguments = parser.parse_args()
    wait_asleep()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.tomogram
        if path is None:
            path = embedded(arguments.folder or Path(folder), SIZE, SPACING)
        rows = [measure(name, path.resolve(), arguments.repeats) for name in arguments.engines]
    load = os.getloadavg()[0]
    section = [
        HEADING,
        "",
        "Medians, seconds and in brackets CPU seconds; the longest of those cancelled at "
        f"{len(MOMENTS)} moments. While it was measured {load:.0f} programs wanted the "
        f"{os.cpu_count()} cores.",
        "",
        "| engine | first part of the heatmap | cancelled: median | cancelled: longest |",
        "| --- | --- | --- | --- |",
        *rows,
    ]
    print("\n".join(section))
    replace_section(arguments.output, HEADING, "\n".join(section))


def measure(name: str, path: Path, repeats: int) -> str:
    """Return the row of an engine."""
    from motorscope.contract import DetectionRequest, ModelRef, VolumeRef
    from motorscope.engine import ThreadEngine, WorkerEngine

    engine: Any = {"thread": ThreadEngine, "worker": WorkerEngine}[name]()
    volume, model = VolumeRef(path), ModelRef("built-in")
    whole = DetectionRequest(volume, model)
    try:
        engine.submit(DetectionRequest(volume, model, ((0, 0, 0), (400, 400, 400)))).result()
        firsts: Spans = []
        stops: Spans = []
        for _ in range(repeats):
            firsts.append(first_part(engine, whole))
            stops += [stop(engine, whole, moment) for moment in MOMENTS]
            print(name, said(firsts[-1]), *map(said, stops[-len(MOMENTS) :]), flush=True)
    finally:
        engine.close()
    cells = [middle(firsts), middle(stops), said(max(stops))]
    return f"| {name} | " + " | ".join(cells) + " |"


def first_part(engine: Any, request: Any) -> tuple[float, float]:
    """Return how long the first part of the heatmap takes; then the detection is cancelled."""
    from motorscope.contract import HeatmapBlock

    process = process_of(engine)
    began, before = time.perf_counter(), cpu_seconds(process)
    handle = engine.submit(request)
    for message in handle.messages():
        if isinstance(message, HeatmapBlock):
            break
    span = time.perf_counter() - began, cpu_seconds(process) - before
    handle.cancel()
    handle.result()
    return span


def stop(engine: Any, request: Any, moment: float) -> tuple[float, float]:
    """Return how long a detection takes to end that is cancelled at a moment."""
    process = process_of(engine)
    before = cpu_seconds(process)
    handle = engine.submit(request)
    while cpu_seconds(process) - before < moment and not handle.done:
        handle.poll(0.01)
    began, before = time.perf_counter(), cpu_seconds(process)
    handle.cancel()
    assert handle.result() is None
    return time.perf_counter() - began, cpu_seconds(process) - before


def process_of(engine: Any) -> int:
    """Return the number of the process that computes."""
    return getattr(engine, "pid", None) or os.getpid()


def cpu_seconds(process: int) -> float:
    """Return the seconds that a process has had of processors; Linux only."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # a worker that did not end soon enough was killed
        return math.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def middle(spans: Spans) -> str:
    return said(tuple(statistics.median(span[i] for span in spans) for i in (0, 1)))


def said(span: tuple[float, ...]) -> str:
    return f"{span[0]:.2f} ({span[1]:.2f})"


if __name__ == "__main__":
    main()
