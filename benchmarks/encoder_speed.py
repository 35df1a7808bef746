"""How soon the encoder's dock answers in the real window, and how long the window stands still.

    xvfb-run -s "-screen 0 1280x800x24 +extension GLX" python benchmarks/encoder_speed.py
    … python benchmarks/encoder_speed.py --tomogram FILE.mrc --at Z Y X

The tomogram, by default one of 300 × 960 × 928 voxels that is made first, is opened in a viewer
with the dock *Encoder*, its stages are computed, and each question is asked ``--repeats`` times as
a person asks it. Printed are the medians, the longest turn of the event loop, and how much of it
was spent in lines of motorscope rather than in napari, Qt and drawing. The pick that is asked about
lies at ``--at`` (Å; by default in the tomogram's middle). Give `MOTORSCOPE_CACHE` and
`NAPARI_CONFIG` files of their own.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import FrameType

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from memory_by_size import embedded
from motorscope.engine.torch_import import import_torch
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.qt.dock import ENCODER, PANEL, show_dock
from motorscope.plugin.review.controller import ReviewController
from motorscope.tomogram import open_tomogram

STAGES = ("layer2", "decoder2")
GLANCE = 0.005
"""Seconds between two looks at what the main thread does."""


@dataclass
class Watch:
    """How long the event loop takes to come round, and what the main thread does meanwhile.

    Attributes
    ----------
    longest, where
        Seconds of the longest turn, and what it was at most often.
    own
        The longest that one turn was in motorscope's own lines, in seconds.
    """

    longest: float = 0.0
    where: str = ""
    own: float = 0.0
    _places: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        signal.signal(signal.SIGALRM, lambda _, frame: self._places.append(place(frame)))
        signal.setitimer(signal.ITIMER_REAL, GLANCE, GLANCE)

    def reset(self) -> None:
        """Forget all turns."""
        self.longest, self.where, self.own = 0.0, "", 0.0

    def timed(self, action: Callable[[], object]) -> float:
        """Do something that keeps the event loop waiting, and return how long it took."""
        self._places.clear()
        began = time.perf_counter()
        action()
        took = time.perf_counter() - began
        places = self._places.copy()
        own = took * np.mean([each.startswith("motorscope") for each in places]) if places else 0.0
        self.own = max(self.own, float(own))
        if took > self.longest:
            self.longest = took
            self.where = max(set(places), key=places.count) if places else ""
        return took


def place(frame: FrameType | None) -> str:
    """Return the innermost line of motorscope or napari that a frame was called from."""
    while frame is not None:
        for package in ("motorscope", "napari"):
            folder, found, name = frame.f_code.co_filename.rpartition(f"/{package}/")
            if found and "benchmarks" not in folder:
                return f"{package}/{name}:{frame.f_code.co_name}"
        frame = frame.f_back
    return "Qt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tomogram", type=Path)
    parser.add_argument("--folder", type=Path, help="where to keep the one that is made")
    parser.add_argument("--at", type=float, nargs=3)
    parser.add_argument("--model", default="built-in")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.tomogram
        if path is None:
            path = embedded(arguments.folder or Path(folder), "300x960x928", 13.1)
        measure(path.resolve(), arguments, Path(folder))


def measure(path: Path, arguments: argparse.Namespace, folder: Path) -> None:
    """Open the tomogram, ask the questions, and print a row for each."""
    import_torch()
    watch = Watch()

    def wait(condition: Callable[[], object], seconds: float = 1800) -> None:
        end = time.monotonic() + seconds
        while not condition():
            watch.timed(QApplication.processEvents)
            time.sleep(0.001)
            assert time.monotonic() < end, "it takes too long"

    def settle() -> None:
        end = time.monotonic() + 1
        wait(lambda: time.monotonic() > end)

    def asked(
        name: str,
        ask: Callable[[], object],
        answered: Callable[[], object],
        before: Callable[[], object] = lambda: None,
    ) -> None:
        spans = []
        watch.reset()
        worst = (0.0, "", 0.0)
        for _ in range(arguments.repeats):
            before()
            settle()
            watch.reset()
            began = time.perf_counter()
            watch.timed(ask)
            wait(answered)
            spans.append(time.perf_counter() - began)
            settle()
            worst = max(worst, (watch.own, watch.where, watch.longest))
        own, where, longest = worst
        print(
            f"| {name} | {median(spans):.2f} | {longest * 1000:.0f} | {own * 1000:.0f} | {where} |"
        )
        sys.stdout.flush()

    viewer = napari.Viewer(title="Motorscope")
    viewer.window.resize(1280, 800)
    tomogram = open_tomogram(path)
    layer = viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))
    workspace = show_dock(viewer, PANEL).workspace
    workspace.scratch = folder
    dock = show_dock(viewer, ENCODER)
    encoder = dock.encoder
    wait(lambda: encoder.facts)
    grid = tomogram.grid
    middle = grid.to_world(np.array(grid.shape) / 2)
    at = np.asarray(arguments.at or middle)
    review = ReviewController.of(workspace).begin(layer)
    review.add([at])
    first = int(review.table.ids[0])
    print("| what | median, s | longest turn, ms | of it in motorscope | where most |")
    print("| --- | --- | --- | --- | --- |")
    for stage in STAGES:
        encoder.choose_stage(stage)
        wait(lambda: encoder.fact is not None)
        if encoder.open_stage is None and not encoder.opening.busy:
            dock.maps.start()
        wait(lambda: encoder.open_stage is not None and not encoder.opening.busy)
    for stage, other in (STAGES, STAGES[::-1]):
        asked(
            f"{stage}, open",
            lambda stage=stage: encoder.choose_stage(stage),
            lambda: encoder.layer is not None and encoder.open_stage is not None,
            lambda other=other: encoder.choose_stage(other),
        )

        def forget(other: str = other) -> None:
            encoder.choose_stage(other)
            encoder.stages.forget(workspace.current)

        asked(
            f"{stage}, kept on disk",
            lambda stage=stage: encoder.choose_stage(stage),
            lambda: encoder.open_stage is not None and not encoder.opening.busy,
            forget,
        )
        asked(
            f"{stage}, another channel",
            lambda: encoder.show((encoder.last_channel + 1) % encoder.open_stage.spec.channels),
            lambda: True,
        )
        review.go_to(first)
        asked(
            f"{stage}, Find alike",
            dock.likeness.start,
            lambda: dock.alike.words,
            dock.alike.stop,
        )
    review.go_to(first)
    for method in ("hirescam", "integrated"):
        dock.why.choose(method)

        def silent() -> None:
            dock.why.words = ""

        asked(f"Why here, {method}", dock.reasons.start, lambda: dock.why.words, silent)
    viewer.close()
    signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
