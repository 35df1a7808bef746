"""A tomogram: voxels and where they lie."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.tomogram.grid import VoxelGrid


@dataclass(frozen=True)
class Tomogram:
    """A tomogram as it was opened.

    Attributes
    ----------
    data
        Array-like ``(z, y, x)``; may be lazy (a memory map, a dask array), so take parts of it with
        `read_block`.
    grid
        Shape, spacing and origin.
    name
        The file's stem, by which picks refer to it.
    path
        The file or folder it came from, if any.
    """

    data: Any
    grid: VoxelGrid
    name: str
    path: Path | None = None

    def with_spacing(self, spacing: float | tuple[float, float, float]) -> "Tomogram":
        """Return the same tomogram with a voxel spacing in Å."""
        return replace(self, grid=self.grid.with_spacing(spacing))


def read_block(data: Any, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
    """Return the part ``data[slices]`` of an array-like ``(z, y, x)`` as a NumPy array.

    Of a memory map or array it is a view, of a lazy array the computed values.
    """
    return np.asarray(data[slices])
