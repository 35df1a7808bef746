"""How long a review's steps take with many candidates, in a window and without one.

Run it under a display, for example ``xvfb-run python benchmarks/review_speed.py``; with
``--headless`` only the work without a window is measured. Times are of the processor, in ms: the
median and the largest of ten.
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
from motorscope.plugin.desk import ReviewDesk
from motorscope.plugin.layers import identity

SHAPE, SPACING = (300, 600, 600), 16.0
REPEATS = 10


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--headless", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    data = np.zeros(SHAPE, dtype=np.int8)
    place = {"scale": (SPACING,) * 3, "units": ("angstrom",) * 3, "name": "tomo"}
    found = PickTable.from_positions(
        rng.uniform(0, np.array(SHAPE) * SPACING, (options.candidates, 3)),
        rng.uniform(0, 1, options.candidates),
    )
    folder = Path(tempfile.mkdtemp())
    if options.headless:
        from napari.components import ViewerModel

        viewer = ViewerModel()
        layer, desk = viewer.add_image(data, **place), ReviewDesk(viewer, folder)
        measure(desk, layer, found, lambda: None)
        return
    import napari
    from qtpy.QtWidgets import QApplication

    viewer = napari.Viewer()
    _, panel = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
    panel.session.desk.folder = folder
    layer = viewer.add_image(data, **place)
    panel.show_gallery()
    while panel.runner.busy:
        QApplication.processEvents()
    measure(panel.session.desk, layer, found, QApplication.processEvents)
    viewer.close()


def measure(desk: ReviewDesk, layer: object, found: PickTable, draw: Callable[[], object]) -> None:
    """Print how long each step takes, drawing included."""
    begin = time.process_time()
    desk.take_in(layer, found, 0.0, 0.5)
    draw()
    print(f"{len(found)} candidates shown in {1e3 * (time.process_time() - begin):.0f} ms")
    review, points = desk.review(layer), desk.points(identity(layer))
    rng = np.random.default_rng(1)
    steps = {
        "threshold": lambda: review.set_threshold(float(rng.uniform(0.2, 0.8))),
        "next": review.step,
        "next undecided": lambda: review.step(undecided=True),
        "accept": lambda: review.decide("accepted"),
        "undo accept": review.undo,
        "redo accept": review.redo,
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
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(REPEATS):
        for name, step in steps.items():
            begin = time.process_time()
            step()
            draw()
            times[name].append(1e3 * (time.process_time() - begin))
    print(f"{'step':24} {'median':>7} {'largest':>8}")
    for name, each in times.items():
        print(f"{name:24} {np.median(each):7.1f} {max(each):8.1f}")


if __name__ == "__main__":
    main()
