"""The border of the field of view, beyond which a reconstruction is flat or streaky."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from motorscope.simulation.sections.plane import Field, unit

CLEAR = 432.0
"""Å from a motor to the middle of the border at least; its fringes come no nearer than half."""


def cover_border(
    image: Field, motors: NDArray[np.float64], spacing: float, rng: np.random.Generator
) -> Field:
    """Cover what is beyond one or two straight lines, sharp or frayed, that pass no motor.

    Parameters
    ----------
    image
        ``(y, x)``.
    motors
        Their places ``(n, 2)``, Å.
    spacing
        Å per pixel.
    """
    mean, spread = float(image.mean()), float(image.std())
    turn = rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.6:  # near to the edges of the file
        turn = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.12)
    beyond, fray = _line(image.shape, turn, motors, spacing, rng)
    if rng.random() < 0.2:  # a corner of the field of view
        other, _ = _line(image.shape, turn + np.pi / 2, motors, spacing, rng)
        beyond = np.maximum(beyond, other)
    if rng.random() < 0.5:  # its rim is dark or bright and fades into the picture
        reach = rng.uniform(18, 400) / spacing
        image = image - np.float32(spread * rng.normal(0, 1.5)) * np.exp(
            np.clip(beyond, None, 0) / np.float32(reach)
        )
    grey = np.full(image.shape, mean + spread * rng.normal(0, 2.0), np.float32)
    if rng.random() < 0.4:  # the reconstruction runs out in a ramp or in streaks
        reach = rng.uniform(36, 540) / spacing
        ramp = spread * (rng.normal(0, 1.5) + rng.uniform(0, 1.0) * fray)
        grey += (ramp * np.exp(-np.clip(beyond, 0, None) / reach)).astype(np.float32)
    share = np.clip(beyond, 0, 1)
    covered: Field = image * (1 - share) + grey * share
    return covered


def _line(
    shape: tuple[int, ...],
    turn: float,
    motors: NDArray[np.float64],
    spacing: float,
    rng: np.random.Generator,
) -> tuple[Field, Field]:
    """Draw how many pixels beyond a border every pixel is, and streaks across it."""
    rows, columns = shape
    middle = np.array([rows - 1, columns - 1]) / 2
    outward = unit(turn)
    y = np.arange(rows, dtype=np.float32)[:, None] - np.float32(middle[0])
    x = np.arange(columns, dtype=np.float32)[None] - np.float32(middle[1])
    along = np.rint(x * outward[0] - y * outward[1]).astype(int)
    first = int(along.min())
    along -= first
    length = int(along.max()) + 1

    def walk(smooth: float, spread: float) -> NDArray[np.float64]:
        values = gaussian_filter1d(rng.normal(0, 1, length + 400), smooth)
        steps: NDArray[np.float64] = (spread * values / values.std())[200:-200]
        return steps

    fray = np.zeros(length)
    if rng.random() < 0.35:
        fray += walk(rng.uniform(11, 72) / spacing, rng.uniform(0, 54) / spacing)
        fray += walk(540 / spacing, rng.uniform(0, 144) / spacing)
    clear = CLEAR / spacing
    distance = rng.uniform(-0.25, 0.5) * min(rows, columns)
    for motor in motors:
        offset = motor / spacing - middle
        column = float(offset[1] * outward[0] - offset[0] * outward[1]) - first
        near = slice(max(int(column - clear), 0), max(int(column + clear), 1))
        nearest = min(float(fray[near].min(initial=0.0)), 0.0)
        distance = max(distance, float(offset @ outward) + max(clear, clear / 2 - nearest))
    beyond = (y * outward[0] + x * outward[1] - distance - fray[along]).astype(np.float32)
    return beyond, walk(rng.uniform(0.4, 1.5), 1.0)[along].astype(np.float32)
