"""What was found in a tomogram, and the heatmap that fills in while it is looked for."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from numpy.typing import NDArray

from motorscope.picks import PickTable, Summits
from motorscope.tomogram import VoxelGrid

if TYPE_CHECKING:
    from motorscope.detection import DetectionResult
    from motorscope.network import ModelCard

REFRESH_SECONDS = 0.2
"""A heatmap that fills in is drawn again this often at most."""


@dataclass(frozen=True)
class Detection:
    """What was found in one tomogram, and how much of it is shown.

    Attributes
    ----------
    name, grid
        The tomogram's name and grid.
    result, card
        The run's result, and the card of the model that made it.
    summits
        Maxima of the heatmap, of which the candidates were chosen.
    threshold
        Probability from which a candidate is shown.
    """

    name: str
    grid: VoxelGrid
    result: "DetectionResult"
    card: "ModelCard"
    summits: Summits
    threshold: float

    @property
    def shown(self) -> PickTable:
        """The candidates that reach the threshold."""
        return self.summits.candidates.above(self.threshold)


class Filling:
    """A heatmap that is being filled in, and the layer that shows it."""

    def __init__(self, data: NDArray[np.float32], layer: Image) -> None:
        self.data = data
        self._layer = layer
        self._drawn = 0.0

    def write(self, start: Sequence[int], values: NDArray[np.float32]) -> None:
        """Put in a block of values; `start` is the voxel (z, y, x) of its first corner."""
        place = tuple(slice(a, a + n) for a, n in zip(start, values.shape, strict=True))
        self.data[place] = values

    def refresh(self, viewer: ViewerModel, at_once: bool = False) -> None:
        """Draw the layer again if it is there still and was not drawn a moment ago."""
        now = time.monotonic()
        if (at_once or now - self._drawn > REFRESH_SECONDS) and self._layer in viewer.layers:
            self._drawn = now
            self._layer.refresh()


def from_model(candidates: PickTable, card: "ModelCard") -> PickTable:
    """Return candidates that say which model made them."""
    return candidates.set_details(candidates.ids, model=card.name, model_sha256=card.sha256 or "")
