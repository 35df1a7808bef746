"""How long a review's steps take with many candidates, in a window and without one.

Run it under a display, for example ``xvfb-run python benchmarks/review_speed.py``; with
``--headless`` only the work without a window is measured, with ``--3d`` in the volume's view.
All sections of the panel and the gallery are open. Times are of the main thread, and of the whole
process with the threads that draw in software; in ms of processor: the median and the largest.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("NAPARI_CONFIG", str(Path(tempfile.mkdtemp()) / "settings.yaml"))

import numpy as np

from motorscope.picks import PickTable
from motorscope.plugin.document import Tomograms
from motorscope.plugin.review.controller import ReviewController

SHAPE, SPACING = (300, 600, 600), 16.0


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--3d", dest="volume", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    data = np.zeros(SHAPE, dtype=np.int8)
    place = {"scale": (SPACING,) * 3, "units": ("angstrom",) * 3, "name": "tomo"}
    place["projection_mode"] = "none"  # as our reader does, so that rings show in thick slices
    found = PickTable.from_positions(
        rng.uniform(0, np.array(SHAPE) * SPACING, (options.candidates, 3)),
        rng.uniform(0, 1, options.candidates),
    )
    folder = Path(tempfile.mkdtemp())
    if options.headless:
        from napari.components import ViewerModel

        viewer = ViewerModel()
        layer, desk = viewer.add_image(data, **place), ReviewController(Tomograms(viewer), folder)
        measure(desk, layer, found, lambda: None, options.repeats)
        return
    import napari
    from qtpy.QtWidgets import QApplication

    from motorscope.plugin.qt.dock import GALLERY, show_dock
    from motorscope.plugin.qt.parts import Section

    viewer = napari.Viewer()
    _, panel = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
    reviews = ReviewController.of(panel.workspace)
    reviews.folder = folder
    layer = viewer.add_image(data, **place)
    for section in panel.findChildren(Section):
        section.header.setChecked(True)
    show_dock(viewer, GALLERY)
    while panel.runner.busy:
        QApplication.processEvents()
    if options.volume:
        viewer.dims.ndisplay = 3

    def draw() -> None:
        for _ in range(3):  # what one round of events leaves to do is done in the next
            QApplication.processEvents()

    measure(reviews, layer, found, draw, options.repeats)
    viewer.close()


def measure(
    desk: ReviewController,
    layer: object,
    found: PickTable,
    draw: Callable[[], object],
    repeats: int,
) -> None:
    """Print how long each step takes, drawing included."""
    begin = time.process_time()
    desk.take_in(layer, found, 0.0, 0.5)
    draw()
    print(f"{len(found)} candidates shown in {1e3 * (time.process_time() - begin):.0f} ms")
    review, points = desk.review(layer), desk.points(layer)
    rng = np.random.default_rng(1)
    steps = {
        "threshold": lambda: review.set_threshold(float(rng.uniform(0.2, 0.8))),
        "next": review.step,
        "next undecided": lambda: review.step(undecided=True),
        "accept": lambda: review.decide("accepted"),
        "undo accept": review.undo,
        "redo accept": review.redo,
        "accept, go on": lambda: review.decide("accepted", go_on=True),
        "order": lambda: review.set_order(str(rng.choice(["position", "score", "uncertainty"]))),
        "add": lambda: review.add(rng.uniform(0, 4000, (1, 3))),
        "undo add": review.undo,
        "add with napari's tool": lambda: points.add(rng.uniform(0, 200, (1, 3))),
        "undo that": review.undo,
        "next again": review.step,
        "delete": review.delete,
        "undo delete": review.undo,
        "accept all": lambda: review.decide_by_threshold("accepted"),
        "undo accept all": review.undo,
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            draw()
            begin = time.thread_time(), time.process_time()
            step()
            draw()
            times[name].append((time.thread_time() - begin[0], time.process_time() - begin[1]))
    print(f"{'':24} {'main thread':>15} {'process':>15}")
    print(f"{'step':24} {'median':>7} {'most':>7} {'median':>7} {'most':>7}")
    for name, each in times.items():
        (main_median, all_median), (main_most, all_most) = (
            1e3 * np.median(each, axis=0),
            1e3 * np.max(each, axis=0),
        )
        print(f"{name:24} {main_median:7.1f} {main_most:7.1f} {all_median:7.1f} {all_most:7.1f}")


if __name__ == "__main__":
    main()
