"""Do the maps of *Why here* point at the motor, and does the score fall without what they mark?

Explains every motor of simulated tomograms with every method, and compares the maps.

    motorscope simulate --out one --count 35 --seed 7300000 --config motors.toml
    motorscope simulate --out two --count 30 --seed 7300001 --config motors.toml
    python benchmarks/attribution.py one two --out attribution.csv

``motors.toml`` says what the table in the documentation was measured on::

    shape = [100, 240, 240]
    spacing = 16.0
    motor_counts = [0.0, 0.7, 0.3]
    back_projection = true

Goes on with a table that exists: what is in it is not computed again, and a motor that is not
detected is explained once only. ``--table`` only prints what there is. Printed for each method,
over the motors that the model detects (score without flips at least its threshold): how far the
map's maximum lies from the motor's true place in the median, how many maxima lie within 300 Å of
it, the share of the positive values within 500 Å, the share of the score that falls in the deletion
test, and processor seconds.

Two rows are no maps but what maps are to be compared with: *ball* marks the voxels around the
motor's true place, nearest first; *mirrored* is HiResCAM's map upside down, which marks as much
elsewhere.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from motorscope.contract import RunSettings
from motorscope.contract.attribution import Attribution, AttributionRequest, DeletionRequest
from motorscope.detection import run_to_end
from motorscope.inspection.attribution.deletion import deletion_test
from motorscope.inspection.attribution.explain import attribute
from motorscope.network import load_model
from motorscope.network.model import Model
from motorscope.tomogram import Tomogram, intensity_range, open_tomogram

FIELDS = (
    "tomogram", "id", "method", "score", "distance", "within_500", "fall", "seconds", "cpu_seconds"
)  # fmt: skip
METHODS = ("hirescam", "gradients", "integrated", "occlusion")
SMOOTHING = 75.0  # Å


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="simulated tomograms")
    parser.add_argument("--out", type=Path, required=True, help="CSV of all maps")
    parser.add_argument("--model", default="built-in")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--motors", type=int, help="explain the first so many only")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--no-deletion", action="store_true")
    parser.add_argument("--table", action="store_true", help="compute nothing")
    options = parser.parse_args()
    model = load_model(options.model)
    if not options.table:
        measure(options, model)
    print_table(pd.read_csv(options.out), model.card.default_threshold)


def measure(options: argparse.Namespace, model: Model) -> None:
    """Add the rows that are missing, method by method."""
    new = not options.out.exists()
    threshold = model.card.default_threshold
    old = pd.DataFrame(columns=FIELDS) if new else pd.read_csv(options.out)
    done = set(zip(old["tomogram"], old["id"], old["method"], strict=True))
    low = old[old["score"] < threshold]
    missed = set(zip(low["tomogram"], low["id"], strict=True))
    settings = RunSettings(device=options.device)
    with options.out.open("a", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS)
        if new:
            writer.writeheader()
        for method in options.methods:
            for tomogram, ident, place in list(motors(options.folders))[: options.motors]:
                if (tomogram.name, ident) in missed or (tomogram.name, ident, method) in done:
                    continue
                request = AttributionRequest(
                    tomogram,
                    model,
                    place,
                    method,
                    intensity=intensity_range(tomogram, model.card.input),
                    settings=settings,
                )
                before = time.process_time()
                found = run_to_end(attribute(request))
                cpu = time.process_time() - before
                assert found is not None
                if found.score < threshold:
                    missed.add((tomogram.name, ident))
                for name, values in variants(found, place):
                    row = measures(found, values, place)
                    if found.score >= threshold and not options.no_deletion:
                        row["fall"] = fall(model, values, settings)
                    row |= {"tomogram": tomogram.name, "id": ident, "method": name}
                    row |= {"seconds": round(found.seconds, 2), "cpu_seconds": round(cpu, 2)}
                    writer.writerow(row)
                stream.flush()


def motors(folders: list[Path]) -> Iterator[tuple[Tomogram, int, tuple[float, float, float]]]:
    """Yield every motor: its tomogram, its number there, and its place in Å."""
    for folder in folders:
        truth = pd.read_csv(folder / "truth.csv")
        for name, rows in truth.groupby("tomogram"):
            tomogram = open_tomogram(folder / f"{name}.mrc")
            for ident, z, y, x in rows[["id", "z_angstrom", "y_angstrom", "x_angstrom"]].to_numpy():
                yield tomogram, int(ident), (float(z), float(y), float(x))


def variants(
    found: Attribution, place: tuple[float, float, float]
) -> Iterator[tuple[str, Attribution]]:
    """Yield the map, and what is to be compared with it."""
    yield found.method, found
    if found.method == "hirescam":
        yield "mirrored", replace(found, values=found.values[::-1, ::-1, ::-1].copy())
        grid = found.crop.inside_grid
        lines = [
            (np.arange(n) * s + o - p) ** 2
            for n, s, o, p in zip(grid.shape, grid.known_spacing(), grid.origin, place, strict=True)
        ]
        square = lines[0][:, None, None] + lines[1][:, None] + lines[2]
        ball = np.clip(1 - np.sqrt(square) / 1000, 0, None).astype(np.float32)
        yield "ball", replace(found, values=ball, grid=grid)
    elif found.method != "occlusion":
        sigma = [SMOOTHING / s for s in found.grid.known_spacing()]
        smooth = ndimage.gaussian_filter(found.values, sigma)
        yield f"{found.method}, smoothed", replace(found, values=smooth)


def measures(
    found: Attribution, map_: Attribution, place: tuple[float, float, float]
) -> dict[str, object]:
    """Return where a map points."""
    positive = np.clip(map_.values, 0, None)
    voxels = np.argwhere(positive > 0)
    weights = positive[tuple(voxels.T)]
    far = np.linalg.norm(map_.grid.to_world(voxels) - np.array(place), axis=1)
    total = float(weights.sum())
    return {
        "score": round(found.score, 4),
        "distance": round(float(np.linalg.norm(np.array(map_.maximum) - np.array(place))), 1),
        "within_500": round(float(weights[far <= 500].sum()) / total, 4) if total else 0.0,
    }


def fall(model: Model, map_: Attribution, settings: RunSettings) -> float:
    """Return the deletion test's share of the score."""
    result = run_to_end(deletion_test(DeletionRequest.of(model, map_, settings)))
    assert result is not None
    return round(result.fall, 4)


def print_table(rows: pd.DataFrame, threshold: float) -> None:
    """Print the comparison as Markdown."""
    rows = rows[rows["score"] >= threshold]
    print("| map | motors | maximum, median Å | within 300 Å | mass within 500 Å | fall | CPU s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for method, each in rows.groupby("method", sort=False):
        near = (each["distance"] <= 300).mean()
        print(
            f"| {method} | {len(each)} | {each['distance'].median():.0f} | {near:.0%} "
            f"| {each['within_500'].median():.2f} | {each['fall'].mean():.2f} "
            f"| {each['cpu_seconds'].median():.1f} |"
        )


if __name__ == "__main__":
    main()
