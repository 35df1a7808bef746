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
    """Cover what is beyond a straight, more or less frayed line that passes no motor.

    Parameters
    ----------
    image
        ``(y, x)``.
    motors
        Their places ``(n, 2)``, Å.
    spacing
        Å per pixel.
    """
    rows, columns = image.shape
    middle = np.array([rows - 1, columns - 1]) / 2
    outward = unit(rng.integers(4) * np.pi / 2 + rng.normal(0, 0.25))
    y = np.arange(rows, dtype=np.float32)[:, None] - np.float32(middle[0])
    x = np.arange(columns, dtype=np.float32)[None] - np.float32(middle[1])
    beyond = y * outward[0] + x * outward[1]
    clear = CLEAR / spacing
    distance = rng.uniform(-0.25, 0.5) * min(rows, columns)
    along = np.rint(x * outward[0] - y * outward[1]).astype(int)
    first = int(along.min())
    along -= first
    length = int(along.max()) + 1

    def walk(smooth: float, spread: float) -> NDArray[np.float64]:
        values = gaussian_filter1d(rng.normal(0, 1, length + 400), smooth)
        steps: NDArray[np.float64] = (spread * values / values.std())[200:-200]
        return steps

    fray = walk(rng.uniform(11, 72) / spacing, rng.uniform(0, 72) / spacing)
    fray += walk(540 / spacing, rng.uniform(0, 144) / spacing)
    for motor in motors:
        offset = motor / spacing - middle
        column = float(offset[1] * outward[0] - offset[0] * outward[1]) - first
        near = slice(max(int(column - clear), 0), max(int(column + clear), 1))
        nearest = min(float(fray[near].min(initial=0.0)), 0.0)
        distance = max(distance, float(offset @ outward) + max(clear, clear / 2 - nearest))
    beyond = (beyond - distance - fray[along]).astype(np.float32)

    mean, spread = float(image.mean()), float(image.std())
    grey = np.full(image.shape, mean + spread * rng.normal(0, 2.0), np.float32)
    if rng.random() < 0.4:
        streaks = walk(rng.uniform(0.4, 1.5), spread * rng.uniform(0, 1.0))[along]
        reach = rng.uniform(36, 540) / spacing
        grey += (streaks * np.exp(-np.clip(beyond, 0, None) / reach)).astype(np.float32)
    if rng.random() < 0.5:  # its rim is dark or bright and fades into the picture
        reach = rng.uniform(18, 144) / spacing
        rim = spread * rng.normal(0, 2) * np.exp(np.clip(beyond, None, 0) / reach)
        image = image - rim.astype(np.float32)
    share = np.clip(beyond, 0, 1)
    covered: Field = image * (1 - share) + grey * share
    return covered
