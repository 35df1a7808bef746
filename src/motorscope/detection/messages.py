"""What a run is asked, what it says on the way, and what it returns."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.network.model import Model
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import Shape, Vector, VoxelGrid
from motorscope.tomogram.volume import Tomogram


@dataclass(frozen=True)
class DetectionRequest:
    """Find motors in a tomogram.

    Attributes
    ----------
    region
        Two corners (z, y, x) in Å of the box to look at, or ``None`` for the whole tomogram.
    device
        ``auto``, ``cuda``, ``cuda:1``, ``mps`` or ``cpu``.
    precision
        ``auto``, ``fp32``, ``fp16`` or ``bf16``.
    flips
        Whether to average over flips along z, y and x (test-time augmentation; 4 times the work);
        ``None`` for what the model's card says, for which calibration and threshold hold.
    generation
        Returned with the result, so that a caller can drop a stale one.
    """

    tomogram: Tomogram
    model: Model
    region: tuple[Vector, Vector] | None = None
    device: str = "auto"
    precision: str = "auto"
    flips: bool | None = None
    generation: int = 0


@dataclass(frozen=True)
class HeatmapStarted:
    """The heatmap's grid is known; blocks follow."""

    grid: VoxelGrid


@dataclass(frozen=True)
class HeatmapBlock:
    """Calibrated probabilities of one finished window; `start` is its first heatmap voxel."""

    start: Shape
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps of `what`; `seconds_left` once it can be told.

    Steps are slabs that are prepared, or layers of the network over all windows and flips.
    """

    what: str
    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True)
class Notice:
    """Something a person should know: a fallback to a smaller window or to another device."""

    text: str


Message = HeatmapStarted | HeatmapBlock | Progress | Notice


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

    generation: int
    heatmap: NDArray[np.float32]
    grid: VoxelGrid
    maxima: PickTable
    candidates: PickTable
    model_name: str
    device: str
    precision: str
    seconds: float


Run = Generator[Message, None, DetectionResult | None]
"""A run yields messages and returns a result, or ``None`` when it was cancelled."""
