"""A file of coordinates, read for a tomogram of which not all need be known."""

from dataclasses import dataclass, replace
from pathlib import Path

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks.formats import Format, RawPicks, RawSets, read_raw
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid


@dataclass(frozen=True)
class CoordinateFile:
    """A file, its format, and how many of its voxels fit into one of the tomogram's."""

    path: Path
    format: Format
    binning: float = 1.0

    def read(self, grid: VoxelGrid) -> RawSets:
        """Read picks by tomogram; where nobody knows how large a voxel is, in voxels.

        Parameters
        ----------
        grid
            The tomogram's grid as far as it is known.

        Raises
        ------
        PicksError
            If the file cannot be read, or does not say enough.
        """
        sets = read_raw(self.path, grid, self.binning, self.format)
        if not sets:  # a table of picks without rows
            return {self.path.stem: RawPicks(PickTable.empty(), grid)}
        return sets

    def read_on(self, name: str, grid: VoxelGrid) -> RawPicks:
        """Read one tomogram's picks; what its open layer says serves where the file says nothing.

        Raises
        ------
        PicksError
            If the file cannot be read, or does not say enough.
        """
        if grid.spacing is None or self.format.on_own_grid:
            return self.read(grid)[name]
        try:
            picks = self.read(replace(grid, spacing=None))[name]
        except PicksError:  # it says not enough
            return self.read(grid)[name]
        return picks.on(grid) if picks.in_voxels else picks

    def names_on(self, grid: VoxelGrid) -> list[str]:
        """Return the tomograms' names, as far as the file can be understood with this grid."""
        try:
            return list(read_raw(self.path, grid, self.binning, self.format))
        except MotorscopeError:
            return []
