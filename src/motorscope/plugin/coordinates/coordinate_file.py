"""What a file of coordinates says, also where it says nothing about the size of its voxels."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks import PickTable
from motorscope.picks.formats import Format, PickSets, read_coordinates
from motorscope.tomogram import VoxelGrid


@dataclass(frozen=True)
class FilePicks:
    """Picks of one tomogram as a file gives them.

    Attributes
    ----------
    table, grid
        Positions in Å, and the grid as far as it is known.
    in_voxels
        Nobody knows how large a voxel is, and the grid's spacing of 1 Å is only a stand-in.
    """

    table: PickTable
    grid: VoxelGrid
    in_voxels: bool = False


@dataclass(frozen=True)
class CoordinateFile:
    """A file, its format, and how many of its voxels fit into one of the tomogram's."""

    path: Path
    format: Format
    binning: float = 1.0

    def read(self, grid: VoxelGrid) -> dict[str, FilePicks]:
        """Read picks by tomogram; where nobody knows how large a voxel is, in voxels.

        A file counts in voxels if its numbers, in voxels, do not depend on how large these are.

        Parameters
        ----------
        grid
            The tomogram's grid as far as it is known.

        Raises
        ------
        PicksError
            If the file cannot be read, or does not say enough.
        """
        try:
            sets = read_coordinates(self.path, grid, self.binning, self.format)
        except PicksError:
            if grid.spacing is not None:
                raise
            one, two = (self._try(grid.with_spacing(spacing)) for spacing in (1.0, 2.0))
            if one is None or two is None or not _same_voxels(one, two):
                raise
            return {name: FilePicks(table, own, True) for name, (table, own) in one.items()}
        if not sets:  # a table of picks without rows
            return {self.path.stem: FilePicks(PickTable.empty(), grid)}
        return {name: FilePicks(table, own) for name, (table, own) in sets.items()}

    def read_on(self, name: str, grid: VoxelGrid) -> FilePicks:
        """Read one tomogram's picks; what its open layer says serves where the file says nothing.

        Raises
        ------
        PicksError
            If the file cannot be read, or does not say enough.
        """
        if grid.spacing is None:
            return self.read(grid)[name]
        # RELION's positions need the tomogram's own grid to be understood.
        if not self.format.name.startswith("relion"):
            try:
                picks = self.read(replace(grid, spacing=None))[name]
            except PicksError:  # or perhaps only the size of a voxel is missing
                return self.read(grid)[name]
            if not picks.in_voxels:
                return picks
        return self.read(grid)[name]

    def names_on(self, grid: VoxelGrid) -> list[str]:
        """Return the tomograms' names, as far as the file can be understood with this grid."""
        return list(self._try(grid) or {})

    def _try(self, grid: VoxelGrid) -> PickSets | None:
        try:
            return read_coordinates(self.path, grid, self.binning, self.format)
        except MotorscopeError:
            return None


def _same_voxels(one: PickSets, two: PickSets) -> bool:
    return one.keys() == two.keys() and bool(np.allclose(_voxels(one), _voxels(two)))


def _voxels(sets: PickSets) -> NDArray[np.float64]:
    places = [grid.to_voxels(table.positions) for table, grid in sets.values()]
    return np.concatenate([np.empty((0, 3)), *places])
