"""One way to detect motors in one tomogram, in a process of its own; prints its figures as JSON.

    python benchmarks/speed_child.py WAY TOMOGRAM MODEL

`speed.py` runs this; see there. Ways: ``cold``, ``one-look``, ``warm``, ``monai``, ``monai-plan``.
"""

import json
import math
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from motorscope.threads import wait_asleep

if TYPE_CHECKING:
    from motorscope.picks import PickTable

MIRRORED = ((2,), (3,), (4,))


def main() -> None:
    way, tomogram, model = sys.argv[1:]
    began = time.perf_counter()
    wait_asleep()  # ours or not
    with peak_memory(Path(tomogram)) as peak:
        figures = {"cold": cold, "one-look": cold, "warm": warm}.get(way, with_monai)(
            Path(tomogram), model, way
        )
    figures |= {"seconds": time.perf_counter() - began, "cpu": time.process_time()}
    print(json.dumps(figures | {"peak_mb": peak[0]}))


def cold(path: Path, model: str, way: str) -> dict[str, object]:
    """Run the command, as a person does."""
    from motorscope import cli

    with tempfile.TemporaryDirectory() as folder, counted_voxels() as voxels:
        output = Path(folder) / "picks.csv"
        command = ["detect", str(path), "--model", model, "-o", str(output), "--quiet"]
        status = cli.main(command + (["--no-flips"] if way == "one-look" else []))
        assert status == 0
        return {"voxels": sum(voxels), "picks": picks_in(output)}


def warm(path: Path, model: str, way: str) -> dict[str, object]:
    """Detect with everything imported and the model loaded, as in a viewer the second time."""
    from motorscope.contract import DetectionRequest, HeatmapBlock, run_to_end
    from motorscope.detection import detect
    from motorscope.network import load_model
    from motorscope.tomogram import Tomogram, VoxelGrid, open_tomogram

    loaded, tomogram = load_model(model), open_tomogram(path)
    data = tomogram.data[:64, :64, :64]
    small = Tomogram(data, VoxelGrid(data.shape, tomogram.grid.spacing), "small")
    run_to_end(detect(DetectionRequest(small, loaded)))
    first: list[float] = []
    began = time.perf_counter()

    def note(message: object) -> None:
        if isinstance(message, HeatmapBlock) and not first:
            first.append(time.perf_counter() - began)

    result = run_to_end(detect(DetectionRequest(tomogram, loaded)), note)
    assert result is not None
    return {
        "first": first[0],
        "all": time.perf_counter() - began,
        "picks": rows(result.candidates, loaded.card.default_threshold),
        "precision": result.precision,
    }


def with_monai(path: Path, model: str, way: str) -> dict[str, object]:
    """Detect with MONAI's sliding window, our network and our input.

    ``monai``: as the recipes have it, windows of 128 voxels that overlap by half, and the network
    as it was trained. ``monai-plan``: our windows and overlap, and the network as we run it.
    """
    import numpy as np
    import torch
    from monai.inferers import sliding_window_inference

    from motorscope.detection import find_candidates, probability
    from motorscope.detection.hardware.setup import choose_setup
    from motorscope.detection.tiling.plan import plan_windows
    from motorscope.network import fuse_for_inference, load_model
    from motorscope.network.convolution import Conv3d
    from motorscope.tomogram import open_tomogram, prepare, prepared_grid

    loaded, tomogram = load_model(model), open_tomogram(path)
    card, stride = loaded.card, loaded.output.stride
    prepared = prepare(tomogram, card.input)
    shape = prepared.shape
    # Filled up as in our run, so that picks can be the same, and not with zeros to a whole window.
    padding = [(0, max(-side % 32, (128 if way == "monai" else 0) - side)) for side in shape]
    volume = torch.from_numpy(np.pad(prepared, padding, mode="symmetric"))[None, None]
    network, roi, overlap = loaded.network, (128,) * 3, (0.5,) * 3
    if way == "monai":  # its convolutions are PyTorch's, not ours
        Conv3d.forward = torch.nn.Conv3d.forward
    else:
        network = fuse_for_inference(network)
        setup = choose_setup("cpu", "fp32", card.architecture)
        windows = plan_windows(
            shape, card.window, card.context, setup.max_voxels, stride, network.alignment
        )
        roi = windows[0].shape
        overlap = tuple(2 * c / max(side, 4 * c) for c, side in zip(card.context, roi, strict=True))

    def average(x: torch.Tensor) -> torch.Tensor:
        total = network(x)
        for axes in MIRRORED if card.flips else ():
            total = total + network(x.flip(axes)).flip(axes)
        return total / (1 + (len(MIRRORED) if card.flips else 0))

    with torch.inference_mode():
        logits = sliding_window_inference(volume, roi, 1, average, overlap, mode="gaussian")
    grid = prepared_grid(tomogram.grid, card.input)
    sides = [math.ceil(side / stride) for side in shape]
    z, y, x = (slice(side) for side in sides)
    heatmap = probability(logits[0, 0, z, y, x].numpy(), card.calibration)
    output = grid.strided(stride, loaded.output.offset, heatmap.shape)
    found = find_candidates(heatmap, output, card.minimum_distance)
    return {"picks": rows(found, card.default_threshold)}


def rows(candidates: "PickTable", threshold: float) -> list[list[float]]:
    """Return position (z, y, x) in Å and score of each pick, in the order of positions."""
    picks = candidates.above(threshold)
    found = zip(picks.positions.tolist(), picks.scores.tolist(), strict=True)
    return sorted([*position, score] for position, score in found)


def picks_in(path: Path) -> list[list[float]]:
    from motorscope.picks.csv import read_picks

    if not path.exists():
        return []
    columns = ["z_angstrom", "y_angstrom", "x_angstrom", "score"]
    return sorted(read_picks(path)[columns].to_numpy(float).tolist())


@contextmanager
def counted_voxels() -> Iterator[list[int]]:
    """Note how many voxels the network computes, mirror images included."""
    import motorscope.detection.run as run

    voxels: list[int] = []

    class Counting(run.Predictor):
        def __call__(self, block):
            voxels.append(block.size * len(self._images))
            return super().__call__(block)

    plain, run.Predictor = run.Predictor, Counting
    try:
        yield voxels
    finally:
        run.Predictor = plain


@contextmanager
def peak_memory(mapped: Path) -> Iterator[list[float]]:
    """Note the most memory that is resident, less the pages of a mapped file, in MB; Linux only."""
    peak, stop = [0.0], threading.Event()

    def look() -> None:
        while not stop.wait(0.2):
            peak[0] = max(peak[0], resident(mapped))

    thread = threading.Thread(target=look, daemon=True)
    if os.path.exists("/proc/self/smaps"):
        thread.start()
    try:
        yield peak
    finally:
        stop.set()


def resident(mapped: Path) -> float:
    total = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    assert total is not None
    of_file = 0
    for part in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text()):
        if part.split("\n", 1)[0].endswith(mapped.name):
            of_file += int(re.search(r"\nRss:\s+(\d+)", part)[1])
    return (int(total[1]) - of_file) / 1024


if __name__ == "__main__":
    main()
