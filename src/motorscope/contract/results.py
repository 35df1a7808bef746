"""What comes back at the end."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.contract.card import FeatureSpec
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid


@dataclass(frozen=True)
class DetectionResult:
    """Heatmap and all candidates above a low floor, so that a threshold never needs a new run.

    Attributes
    ----------
    generation
        That of the request.
    heatmap
        Calibrated probabilities, float32 ``(z, y, x)`` on `grid`.
    maxima
        Local maxima of the heatmap, best first, however near to each other.
    candidates
        Those of them that are at least the card's minimum distance apart.
    device, precision
        What was used in the end.
    """

    generation: int
    heatmap: NDArray[np.float32]
    grid: VoxelGrid
    maxima: PickTable
    candidates: PickTable
    device: str
    precision: str
    seconds: float


@dataclass(frozen=True)
class FeatureResult:
    """The maps of one encoder stage.

    Attributes
    ----------
    generation
        That of the request.
    maps
        float16 ``(channel, z, y, x)``.
    grid
        Where the maps' voxels (z, y, x) lie.
    spec
        Name, channels, stride and offset of the stage.
    covers_all
        Whether the maps cover the whole tomogram.
    """

    generation: int
    maps: NDArray[np.float16]
    grid: VoxelGrid
    spec: FeatureSpec
    covers_all: bool
