"""Whether mirror images of parts of a tomogram give what mirror images of all of it give.

Searches tomograms three times: without mirror images, with those of everything, and with those of
the surroundings of what the first look sees, as `detect` does. Prints

* how far the average lies above the first look at each candidate, in calibrated log-odds, and which
  margin below the floor no candidate of the average would have been missed with: what
  `motorscope.detection.mirrors.MARGIN` comes from;
* candidates that differ between the second and the third by more than 0.01 in score or one voxel of
  the heatmap, and the share of the voxels that was saved.

    python benchmarks/flips_margin.py --model built-in TOMOGRAM.mrc ... [--json OUT]
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy import ndimage

from motorscope.contract import DetectionRequest, DetectionResult, RunSettings
from motorscope.detection import detect, run_to_end
from motorscope.detection import run as run_module
from motorscope.detection.forward.predictor import Predictor
from motorscope.detection.tiling.mirrors import MARGIN
from motorscope.network import Model, load_model
from motorscope.picks.maxima.candidates import FLOOR
from motorscope.tomogram import Tomogram, open_tomogram

SCORE, VOXELS = 0.01, 1.0


@dataclass(frozen=True)
class Row:
    """One tomogram: differences at its candidates, and voxels computed in the three ways."""

    name: str
    rises: list[float]
    needed: list[float]
    faults: list[str]
    computed: tuple[int, int, int]


class Counting(Predictor):
    """Counts the voxels that go through the network, and computes none twice."""

    voxels = 0
    known: ClassVar[dict[Any, Any]] = {}

    def _forward(self, x: Any, axes: Any) -> Any:
        Counting.voxels += x.numel()
        key = (x.shape, x.double().sum().item(), x[..., ::7].double().sum().item(), axes)
        if key not in self.known:
            self.known[key] = super()._forward(x, axes)
        return self.known[key]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tomograms", nargs="+", type=Path)
    parser.add_argument("--model", default="built-in")
    parser.add_argument("--spacing", type=float)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    run_module.Predictor = Counting
    model = load_model(arguments.model)
    rows = []
    for path in arguments.tomograms:
        rows.append(measure(open_tomogram(path, arguments.spacing), model))
        print(say(rows[-1]), flush=True)
    print(summary(rows))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([row.__dict__ for row in rows], indent=1) + "\n")


def measure(tomogram: Tomogram, model: Model) -> Row:
    Counting.known.clear()
    plain, n_plain = search(tomogram, model, flips=False)
    full, n_full = search(tomogram, model, flips=True, flips_everywhere=True)
    part, n_part = search(tomogram, model, flips=True)
    near = ndimage.maximum_filter(log_odds(plain.heatmap), 5, mode="nearest")
    voxels = np.rint(full.grid.to_voxels(full.maxima.positions)).astype(int)
    last = np.array(full.heatmap.shape) - 1
    first = near[tuple(np.clip(voxels, 0, last).T)]
    rises = log_odds(full.maxima.scores) - first
    return Row(
        tomogram.name,
        rises.tolist(),
        (np.log(FLOOR / (1 - FLOOR)) - first).tolist(),
        [*differences(full, part, "missing"), *differences(part, full, "too many")],
        (n_plain, n_full, n_part),
    )


def search(tomogram: Tomogram, model: Model, **how: bool) -> tuple[DetectionResult, int]:
    before = Counting.voxels
    result = run_to_end(
        detect(DetectionRequest(tomogram, model, settings=RunSettings("cpu", **how)))
    )
    assert result is not None
    return result, Counting.voxels - before


def differences(one: DetectionResult, other: DetectionResult, what: str) -> list[str]:
    """Return candidates of one that the other has not, but for those as good as at the floor."""
    a, b = one.candidates, other.candidates
    spacing = np.array(one.grid.known_spacing())
    faults = []
    for position, score in zip(a.positions, a.scores, strict=True):
        distance = (np.abs(b.positions - position) / spacing).max(axis=1, initial=0)
        near = distance <= VOXELS
        wrong = np.abs(b.scores[near] - score).min(
            initial=score
        )  # an absent one scores below FLOOR
        if wrong > SCORE and not (score <= FLOOR + SCORE and not near.any()):
            faults.append(
                f"{what}: {score:.3f} at {position.round(0).tolist()} Å, off by {wrong:.3f}"
            )
    return faults


def log_odds(probability: Any) -> Any:
    p = np.clip(np.asarray(probability, float), 1e-30, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)


def say(row: Row) -> str:
    plain, full, part = row.computed
    most = max(row.needed, default=float("nan"))
    text = f"{row.name}: {len(row.rises)} maxima, margin needed {most:.2f}, "
    text += f"{part / plain:.2f} passes instead of {full / plain:.2f}"
    return "\n    ".join([text, *row.faults])


def summary(rows: list[Row]) -> str:
    rises = np.concatenate([row.rises for row in rows])
    needed = np.concatenate([row.needed for row in rows])
    plain, full, part = np.sum([row.computed for row in rows], axis=0)
    lines = [
        f"{len(rows)} tomograms, {len(rises)} maxima of {FLOOR} and more",
        f"passes: {part / plain:.2f} instead of {full / plain:.2f}",
        f"different candidates: {sum(len(row.faults) for row in rows)}",
    ]
    if len(rises):
        at = (0, 50, 95, 99, 99.9, 100)
        said = "  ".join(
            f"{q} %: {v:+.2f}" for q, v in zip(at, np.percentile(rises, at), strict=True)
        )
        lines += [
            f"the average above the first look, log-odds: {said}",
            f"margin needed: {needed.max():.2f} (built in: {MARGIN})",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
