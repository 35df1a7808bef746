"""What comes back at the end."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid


@dataclass(frozen=True)
class DetectionResult:
    """Heatmap and all candidates above a low floor, so that a threshold never needs a new run.

    Attributes
    ----------
    heatmap
        Calibrated probabilities, float32 ``(z, y, x)`` on `grid`.
    maxima
        Local maxima of the heatmap, best first, however near to each other.
    candidates
        Those of them that are at least the card's minimum distance apart.
    device, precision
        What was used in the end.
    """

    heatmap: NDArray[np.float32]
    grid: VoxelGrid
    maxima: PickTable
    candidates: PickTable
    device: str
    precision: str
    seconds: float
