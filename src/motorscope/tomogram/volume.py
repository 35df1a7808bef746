"""A tomogram: voxels, where they lie, and the coarser levels of its pyramid."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.tomogram.grid import Shape, Vector, VoxelGrid, triple
from motorscope.tomogram.recipe import Shade


@dataclass(frozen=True)
class Level:
    """A coarser level of a pyramid; triples are z, y, x.

    Attributes
    ----------
    data
        Array-like ``(z, y, x)``, see `Tomogram`.
    factors
        How many times larger its voxels are than those of the finest level.
    offset
        Where the center of its first voxel is, in voxels of the finest level (centers at integers):
        ``(factor - 1) / 2`` where a voxel is the mean of those that it stands for.
    """

    data: Any
    factors: Vector
    offset: Vector

    def grid(self, finest: VoxelGrid) -> VoxelGrid:
        """Return where its voxels lie; of unknown spacing where that of the finest level is."""
        z, y, x = (int(side) for side in self.data.shape)
        if finest.spacing is None:
            return VoxelGrid((z, y, x), None, finest.origin)
        spacing = triple(np.multiply(finest.spacing, self.factors))
        return VoxelGrid((z, y, x), spacing, triple(finest.to_world(self.offset)))


@dataclass(frozen=True)
class Tomogram:
    """A tomogram as it was opened.

    Attributes
    ----------
    data
        Array-like ``(z, y, x)``; may be lazy (a memory map, chunks of a zarr, a dask array), so
        take parts of it with `read_block`. Of a pyramid, the finest level.
    grid
        Shape, spacing and origin.
    name
        The file's stem, by which picks refer to it.
    path
        The file or folder it came from, if any.
    levels
        The coarser levels of a pyramid, the finest of them first.
    density
        How dense things look, if somebody said so; ``None`` to find it out.
    """

    data: Any
    grid: VoxelGrid
    name: str
    path: Path | None = None
    levels: tuple[Level, ...] = ()
    density: Shade | None = None

    def with_spacing(self, spacing: float | tuple[float, float, float]) -> "Tomogram":
        """Return the same tomogram with a voxel spacing in Å."""
        return replace(self, grid=self.grid.with_spacing(spacing))

    def at(self, level: int) -> "Tomogram":
        """Return one level of the pyramid as a tomogram without others; 0 is the finest."""
        if level == 0:
            return replace(self, levels=())
        chosen = self.levels[level - 1]
        return replace(self, data=chosen.data, grid=chosen.grid(self.grid), levels=())


def averaged(data: Any, finest: Shape) -> Level:
    """Return a level whose metadata say nothing: its voxels are means of as many finer ones.

    The factors are the ratios of the sides, rounded to whole numbers where sides that do not
    divide explain the rest.
    """
    factors = []
    for fine, coarse in zip(finest, data.shape, strict=True):
        ratio = fine / coarse
        whole = round(ratio)
        factors.append(float(whole) if whole and abs(fine - whole * coarse) < whole else ratio)
    return Level(data, triple(factors), triple([(factor - 1) / 2 for factor in factors]))


def read_block(data: Any, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
    """Return the part ``data[slices]`` of an array-like ``(z, y, x)`` as a NumPy array.

    Of a memory map or array it is a view, of a lazy array the computed values.
    """
    return np.asarray(data[slices])
