"""The heatmap that fills in while a tomogram is searched."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from numpy.typing import NDArray

from motorscope.tomogram import VoxelGrid
from motorscope.tomogram.grid import Box

REFRESH_SECONDS = 0.2
"""A heatmap that fills in is drawn again this often at most."""


@dataclass
class Filling:
    """A heatmap that is being filled in, and the layer that shows it.

    Attributes
    ----------
    data, layer, grid
        The heatmap ``(z, y, x)``, its layer and its grid.
    before
        The heatmap and its grid before the run; ``None`` if there was none.
    box
        Where the run looks, two corners (z, y, x) in Å; ``None`` for everywhere.
    start
        The voxel of the heatmap where the run's own begins; ``None`` if their voxels do not meet.
    part
        Where in the heatmap the box is.
    """

    data: NDArray[np.float32]
    layer: Image
    grid: VoxelGrid
    before: tuple[NDArray[np.float32], VoxelGrid] | None
    box: Box | None = None
    start: tuple[int, int, int] | None = (0, 0, 0)
    part: tuple[slice, slice, slice] = (slice(None), slice(None), slice(None))
    _drawn: float = 0.0

    def write(self, start: Sequence[int], values: NDArray[np.float32]) -> None:
        """Put in a block of values; `start` is the voxel (z, y, x) of its first corner."""
        if self.start is None:
            return  # at the end all of it is put in
        first = [a + b for a, b in zip(start, self.start, strict=True)]
        theirs, ours = [], []
        for begin, side, kept, length in zip(
            first, values.shape, self.part, self.data.shape, strict=True
        ):
            low, high, _ = kept.indices(length)
            low, high = max(low, begin), max(min(high, begin + side), low, begin)
            ours.append(slice(low, high))
            theirs.append(slice(low - begin, high - begin))
        self.data[tuple(ours)] = values[tuple(theirs)]

    def refresh(self, viewer: ViewerModel, at_once: bool = False) -> None:
        """Draw the layer again if it is there still and was not drawn a moment ago."""
        now = time.monotonic()
        if (at_once or now - self._drawn > REFRESH_SECONDS) and self.layer in viewer.layers:
            self._drawn = now
            self.layer.refresh()
