"""How long stepping from one tomogram of a queue to the next stops the window.

Makes a folder of tomograms of one size with journals and heatmaps, opens it in a real window and
goes through it with the button *Next*, again and again.

    xvfb-run -a -s "-screen 0 1280x800x24 +extension GLX" python benchmarks/step_speed.py

Prints, for each number of dimensions, the processor time of the main thread in milliseconds from
the moment when the next tomogram has been read: the median and the largest. *Show* is the exchange
of the layers, *draw* all that Qt and OpenGL do afterwards. With ``--profile`` it also prints where
the time went. Files are in a temporary folder.
"""

import argparse
import cProfile
import os
import pstats
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("NAPARI_CONFIG", str(Path(tempfile.mkdtemp()) / "settings.yaml"))

import numpy as np

SPACING, STRIDE = 13.1, 5


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=int, nargs=3, default=(300, 960, 928), metavar="N")
    parser.add_argument("--candidates", type=int, default=50, help="in each journal")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--gallery", action="store_true", help="with the gallery open")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()

    import napari

    from motorscope.plugin.qt.dock import GALLERY, show_dock

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_folder(folder, tuple(options.shape), options.candidates, options.steps + 2)
        viewer = napari.Viewer()
        viewer.window.resize(1280, 800)
        _, panel = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
        if options.gallery:
            show_dock(viewer, GALLERY)
        settle(panel.runner)
        for ndisplay in (2, 3):
            measure(viewer, panel, folder, ndisplay, options)
        viewer.close()


def make_folder(folder: Path, shape: tuple[int, ...], candidates: int, tomograms: int) -> None:
    """Write tomograms with the same voxels and different picks."""
    from motorscope.picks import PickTable
    from motorscope.review import Journal
    from motorscope.tomogram import VoxelGrid, write_mrc

    rng = np.random.default_rng(0)
    z, y, x = shape
    data = rng.normal(0, 30, (32, y, x)).clip(-128, 127).astype(np.int8)
    data = np.tile(data, (-(-z // 32), 1, 1))[:z]
    write_mrc(folder / "TS_00.mrc", data, VoxelGrid((z, y, x), (SPACING,) * 3))
    coarse = (-(-z // STRIDE), -(-y // STRIDE), -(-x // STRIDE))
    heat = rng.uniform(0, 0.1, coarse).astype(np.float32)
    write_mrc(folder / "TS_00.heatmap.mrc", heat, VoxelGrid(coarse, (SPACING * STRIDE,) * 3))
    for number in range(tomograms):
        name = f"TS_{number:02}"
        for suffix in (".mrc", ".heatmap.mrc"):
            if number:
                os.link(folder / f"TS_00{suffix}", folder / f"{name}{suffix}")
        places = rng.uniform(0, np.array(shape) * SPACING, (candidates, 3))
        with Journal(folder / f"{name}.motorscope.jsonl") as journal:
            table = PickTable.from_positions(places, rng.uniform(0, 1, candidates))
            journal.record(table, {"threshold": 0.5, "searched": {"model": "none"}})


def measure(viewer: Any, panel: Any, folder: Path, ndisplay: int, options: Any) -> None:
    """Go through a folder, and print how long the steps took."""
    from motorscope.plugin.qt.dock import QUEUE, show_dock

    queue = show_dock(viewer, QUEUE)
    viewer.dims.ndisplay = ndisplay
    queue.open(folder)
    settle(queue.scans)
    queue.open_entry(folder / "TS_00.mrc")
    settle(queue.reads)
    show: list[float] = []
    draw: list[float] = []
    profile = cProfile.Profile()
    for _ in range(options.steps):
        if options.profile:
            profile.enable()
        begin = time.thread_time()
        queue.step(1)
        middle = time.thread_time()
        events()
        end = time.thread_time()
        profile.disable()
        show.append(1e3 * (middle - begin))
        draw.append(1e3 * (end - middle))
        settle(queue.reads)
    both = np.add(show, draw)
    print(f"{ndisplay}D, {'x'.join(map(str, options.shape))}, {options.candidates} candidates")
    for what, times in (("show", show), ("draw", draw), ("both", both)):
        print(f"  {what:6} median {np.median(times):7.0f} ms, largest {max(times):7.0f} ms")
    if options.profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


def settle(runner: Any) -> None:
    """Serve the window until a runner is idle, and then until nothing is left to draw."""
    from qtpy.QtWidgets import QApplication

    while runner.busy:
        QApplication.processEvents()
        time.sleep(0.01)
    events()


def events() -> None:
    """Serve the window for a while: drawing is put off by timers."""
    from qtpy.QtWidgets import QApplication

    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.005)


if __name__ == "__main__":
    main()
