"""How well a network finds the motors in pictures of sections, each the same at every z.

For the other benchmarks beside it. A folder holds pictures and ``index.csv`` with the columns file,
y and x: the pixel of the motor's centre, -1 where there is none.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import maximum_filter
from torch.nn import functional

from motorscope.network import UNet3d
from motorscope.network.flat import forward_flat

PIXEL = 15.0
"""Å per pixel of the pictures."""
RADIUS = 400.0
"""Å within which a candidate is the motor."""
Found = tuple[bool, list[tuple[float, bool]]]
"""Whether a picture has a motor, and its candidates, the best first: their logits, and which is the
motor (at most one)."""
Prepare = Callable[[np.ndarray], np.ndarray]
"""From a picture in the network's spacing to its input."""


def labelled(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yield pictures and where their motor is, ``(y, x)`` in pixels."""
    with (folder / "index.csv").open() as file:
        for row in csv.DictReader(file):
            place = np.array([float(row["y"]), float(row["x"])])
            image = np.array(Image.open(folder / row["file"]).convert("L"), np.float32)
            yield image, None if place[0] < 0 else place


def grey_range(image: np.ndarray) -> np.ndarray:
    """Return a picture's grey values between 0 and 1 as detection prepares them, float32."""
    low, high = np.percentile(image, [1, 99])
    return np.clip((image - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)


def heatmap(
    network: UNet3d, image: np.ndarray, spacing: float, prepare: Prepare = grey_range
) -> np.ndarray:
    """Return the logits of one picture."""
    sides = [round(side * PIXEL / spacing) for side in image.shape]
    small = functional.interpolate(
        torch.from_numpy(image)[None, None], sides, mode="bilinear", antialias=True
    )[0, 0].numpy()
    padded = np.pad(prepare(small), [(0, -side % 32) for side in sides], mode="edge")
    with torch.no_grad():
        logits = forward_flat(network, torch.from_numpy(padded)[None, None, None]).main
    kept: np.ndarray = logits[0, 0, 0, : sides[0] // 4 + 1, : sides[1] // 4 + 1].numpy()
    return kept


def search_pictures(
    network: UNet3d, folder: Path, spacing: float, prepare: Prepare = grey_range
) -> list[Found]:
    """Return what is found in each picture."""
    found = []
    for image, motor in labelled(folder):
        heat = heatmap(network, image, spacing, prepare)
        peaks = np.argwhere(heat == maximum_filter(heat, size=5))
        order = np.argsort(-heat[tuple(peaks.T)])[:20]
        rows: list[tuple[float, bool]] = []
        for peak in peaks[order]:
            away = (
                np.inf if motor is None else np.hypot(*((4 * peak + 1.5) * spacing / PIXEL - motor))
            )
            hit = bool(away * PIXEL < RADIUS)
            if not (hit and any(right for _, right in rows)):
                rows.append((float(heat[tuple(peak)]), hit))
        found.append((motor is not None, rows))
    return found


def average_precision(found: Sequence[Found]) -> float:
    """Return it over the candidates of all pictures."""
    rows = [row for _, each in found for row in each]
    hits = np.array([hit for _, hit in sorted(rows, reverse=True)])
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].sum() / sum(motor for motor, _ in found))


def best_is_motor(found: Sequence[Found]) -> float:
    """Return the share of the pictures with a motor whose best candidate it is."""
    return float(np.mean([rows[0][1] for motor, rows in found if motor]))
