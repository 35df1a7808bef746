"""How quick the queue is with thousands of tomograms.

Makes a folder of small files, half of them with a journal, and times what a person waits for or
what stops the window: reading the folder, reading the journals, filtering, sorting, showing the
table, one row that changes while a search runs, and stepping.

    xvfb-run -a python benchmarks/queue_speed.py --tomograms 5000

With ``--window`` it also opens the folder in the dock of a real window, and prints what that
costs the main thread, and the longest time for which it stops the window.

Prints the median of each, in milliseconds: of the clock for the parts, of the processor for the
window. Files and folders are in a temporary folder.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("NAPARI_CONFIG", str(Path(tempfile.mkdtemp()) / "settings.yaml"))

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tomograms", type=int, default=5000)
    parser.add_argument("--candidates", type=int, default=50, help="in each journal")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--window", action="store_true")
    arguments = parser.parse_args()

    from qtpy.QtWidgets import QApplication

    application = QApplication([])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_folder(folder, arguments.tomograms, arguments.candidates)
        measure(folder, arguments.repeats, application.processEvents)
        if arguments.window:
            measure_window(folder, application.processEvents)


def make_folder(folder: Path, tomograms: int, candidates: int) -> None:
    from motorscope.picks import PickTable
    from motorscope.review import Journal
    from motorscope.tomogram import VoxelGrid, write_mrc

    shape = (4, 4, 4)
    write_mrc(folder / "first.mrc", np.zeros(shape, np.int8), VoxelGrid(shape, (16.0,) * 3))
    volume = (folder / "first.mrc").read_bytes()
    random = np.random.default_rng(0)
    table = PickTable.from_positions(
        random.uniform(0, 1e4, (candidates, 3)), random.uniform(0, 1, candidates)
    )
    with Journal(folder / "first.motorscope.jsonl") as journal:
        journal.record(table, {"threshold": 0.5})
        for pick in range(5):
            journal.record(journal.table.set_status([pick], "accepted"))
    journal_text = (folder / "first.motorscope.jsonl").read_bytes()
    for number in range(1, tomograms):
        (folder / f"TS_{number:05}.mrc").write_bytes(volume)
        if number % 2:
            (folder / f"TS_{number:05}.motorscope.jsonl").write_bytes(journal_text)


def measure(folder: Path, repeats: int, process_events: Callable[[], None]) -> None:
    from motorscope.batch.worklist import scan
    from motorscope.plugin.queue.table_view import QueueTable
    from motorscope.review.worklist import neighbour, with_journal

    def report(what: str, action: Callable[[], object]) -> None:
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - start)
        print(f"{what:55s} {1000 * statistics.median(seconds):8.1f} ms")

    report("read the folder (in a thread)", lambda: scan(folder, folder))
    queue = scan(folder, folder)
    entries = list(queue.entries.values())
    report("read the journals (in a thread)", lambda: list(map(with_journal, entries)))
    queue = queue.with_entries(*map(with_journal, entries))
    report("sort by name", queue.listed)
    report("sort by score", lambda: queue.listed(order="best", backwards=True))
    report("filter by name", lambda: queue.listed(text="77"))
    report("filter by status", lambda: queue.listed(status="to review"))

    table = QueueTable()
    table.resize(400, 600)
    table.show()
    ways = [queue.listed(), queue.listed(order="best")]
    current = ways[0][10].path

    def show_turned() -> None:
        ways.reverse()
        table.show_entries(ways[0], current)
        process_events()

    report("show the table in another order", show_turned)
    table.select_paths({entry.path for entry in ways[0][: len(ways[0]) // 2]})
    report("the same with half of the rows selected", show_turned)
    table.clearSelection()

    def change_one() -> None:
        nonlocal queue
        entry = queue.entries[current]
        queue = queue.with_entries(replace(entry, running=not entry.running))
        table.show_entries(queue.listed(), current)
        process_events()

    change_one()
    report("one row changes during a search", change_one)
    paths = [entry.path for entry in queue.listed()]
    report("find the next tomogram", lambda: neighbour(paths, paths[-2], 0, 1))
    bar = table.verticalScrollBar()

    def scroll() -> None:
        bar.setValue((bar.value() + 1000) % bar.maximum())
        process_events()

    report("scroll by 1000 rows", scroll)


def measure_window(folder: Path, process_events: Callable[[], None]) -> None:
    import napari

    from motorscope.plugin.qt.dock import QUEUE, show_dock
    from motorscope.review.record import Mark

    viewer = napari.Viewer()
    dock = show_dock(viewer, QUEUE)

    def report(what: str, action: Callable[[], object], busy: Callable[[], bool]) -> None:
        start = turn = time.thread_time()
        longest = 0.0
        action()
        until = time.monotonic() + 0.5
        while busy() or time.monotonic() < until:
            process_events()
            now = time.thread_time()
            longest, turn = max(longest, now - turn), now
            time.sleep(0.002)
        total = time.thread_time() - start
        print(f"{what:55s} {1000 * total:8.1f} ms, at most {1000 * longest:.1f} ms at a time")

    def idle() -> bool:
        return False

    report("(an idle window, half a second)", lambda: None, idle)
    report("open the folder", lambda: dock.open(folder), lambda: dock.scans.busy)
    report("type a filter", lambda: dock.list.filter.setText("77"), idle)
    report("take it away", dock.list.filter.clear, idle)
    header = dock.table.horizontalHeader()
    report("sort by score", lambda: header.sectionClicked.emit(2), idle)
    report("sort by name", lambda: header.sectionClicked.emit(0), idle)
    measure_candidates(dock, report, idle)
    paths = [entry.path for entry in dock.table.rows.entries]
    report("open a tomogram", lambda: dock.open_entry(paths[100]), lambda: dock.reads.busy)
    for _ in range(3):
        report("next tomogram", lambda: dock.step(1), lambda: dock.reads.busy)
    report("reviewed, and on", lambda: dock.mark(Mark.now()), lambda: dock.reads.busy)
    viewer.close()


def measure_candidates(dock: Any, report: Callable[..., None], idle: Callable[[], bool]) -> None:
    """Show the candidates of all tomograms, and decide on some."""
    report("show all candidates", dock.show_candidates, lambda: dock.candidates.reads.busy)
    gallery = dock.candidates
    count = len(gallery.candidates)
    report(f"the first pictures, of {count}", idle, lambda: gallery.draws.busy)
    report("doubtful first", lambda: gallery.order.setCurrentIndex(1), lambda: gallery.draws.busy)
    report("choose 20", lambda: gallery.tiles.chosen.emit(list(range(20))), idle)

    def working() -> bool:
        return bool(dock.marker.busy or gallery.reads.busy)

    report("reject them", lambda: gallery.decide("reject"), working)
    report("undo", gallery.undo.click, working)
    report("choose all", lambda: gallery.tiles.chosen.emit(list(range(count))), idle)
    dock.candidates.parentWidget().hide()


if __name__ == "__main__":
    main()
