"""Whether a level of a pyramid gives the picks of the full size, and how much less is read.

Simulates tomograms of fine voxels, writes them as OME-Zarr, and searches each at its full size and
at the level that a search takes. Prints for each the picks above the threshold of either way, the
largest distance and difference of score of those that are in both, and the bytes and seconds of the
two preparations.

    python benchmarks/pyramid.py --count 4 --spacing 9 --shape 128 448 448 [--json OUT]
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from motorscope.contract import DetectionRequest, DetectionResult, RunSettings
from motorscope.detection import detect, run_to_end
from motorscope.network import Model, load_model
from motorscope.simulation import SimulationConfig, simulate_tomogram
from motorscope.tomogram import (
    Tomogram,
    intensity_range,
    level_for,
    open_tomogram,
    prepare,
    write_ome_zarr,
)

NEAR = 200.0
"""Å between two picks of the same motor."""


@dataclass(frozen=True)
class Row:
    """One tomogram: picks of both ways, how they differ, and what was read."""

    name: str
    motors: int
    full: int
    level: int
    common: int
    distance: float
    score: float
    bytes: tuple[int, int]
    seconds: tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spacing", type=float, default=9.0)
    parser.add_argument("--shape", type=int, nargs=3, default=(128, 448, 448))
    parser.add_argument("--model", default="built-in")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    counts = (0.0, 1.0, 1.0, 1.0)
    config = SimulationConfig(
        shape=tuple(arguments.shape), spacing=arguments.spacing, motor_counts=counts
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.count):
            name = f"simulated-{arguments.seed}-{number}"
            made = simulate_tomogram(config, (arguments.seed, number), name)
            path = Path(folder) / f"{name}.zarr"
            write_ome_zarr(path, made.tomogram.data, made.tomogram.grid)
            rows.append(measure(open_tomogram(path), model, len(made.truth)))
            print(say(rows[-1]), flush=True)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def measure(tomogram: Tomogram, model: Model, motors: int) -> Row:
    ways = (tomogram.at(0), level_for(tomogram, model.card.input))
    results = [search(way, model) for way in ways]
    picks = [r.candidates.above(model.card.default_threshold) for r in results]
    places, others = (each.positions for each in picks)
    distances = np.linalg.norm(places[:, None] - others[None], axis=2)
    pairs = [
        (row, int(distances[row].argmin()))
        for row in range(len(places))
        if len(others) and distances[row].min() <= NEAR
    ]
    apart = [float(distances[pair]) for pair in pairs]
    differ = [abs(float(picks[0].scores[a] - picks[1].scores[b])) for a, b in pairs]
    sizes = [int(np.prod(way.grid.shape)) * way.data.dtype.itemsize for way in ways]
    assert tomogram.path is not None
    spent = [seconds(tomogram.path, model, full) for full in (True, False)]
    return Row(
        tomogram.name,
        motors,
        len(places),
        len(others),
        len(pairs),
        max(apart, default=0.0),
        max(differ, default=0.0),
        (sizes[0], sizes[1]),
        (spent[0], spent[1]),
    )


def search(tomogram: Tomogram, model: Model) -> DetectionResult:
    request = DetectionRequest(tomogram, model, settings=RunSettings("cpu"))
    result = run_to_end(detect(request))
    assert result is not None
    return result


def seconds(path: Path, model: Model, full: bool) -> float:
    """Return how long the network's input takes, from files that the system has in memory."""
    tomogram = open_tomogram(path)
    tomogram = tomogram.at(0) if full else level_for(tomogram, model.card.input)
    began = time.perf_counter()
    prepare(tomogram, model.card.input, intensity=intensity_range(tomogram, model.card.input))
    return time.perf_counter() - began


def say(row: Row) -> str:
    full, level = (size / 1e6 for size in row.bytes)
    return (
        f"{row.name}: {row.motors} motors; {row.full} picks at full size, {row.level} at the "
        f"level, {row.common} in both, at most {row.distance:.0f} Å and {row.score:.3f} apart; "
        f"{full:.0f} and {level:.0f} MB, {row.seconds[0]:.1f} and {row.seconds[1]:.1f} s"
    )


if __name__ == "__main__":
    main()
