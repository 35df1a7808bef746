"""Our own CSV among the formats."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.picks.csv import COLUMNS, pick_tables, read_picks, write_picks
from motorscope.picks.formats.base import Format, PickSets, check_spacing_to_write
from motorscope.tomogram.grid import VoxelGrid


def read_own(path: Path, grid: VoxelGrid, binning: float) -> PickSets:
    """Read our CSV by its positions in Å; the spacing follows from them and the voxel columns.

    Raises
    ------
    PicksError
        If the file is not such a CSV.
    """
    frame = read_picks(path)
    voxels = {
        str(name): part[["z", "y", "x"]].to_numpy()
        for name, part in frame.groupby("tomogram", sort=False)
    }
    return {
        name: (table, grid if grid.spacing else _grid_of(voxels[name], table.positions, grid))
        for name, table in pick_tables(frame).items()
    }


def write_own(path: Path, sets: PickSets, binning: float) -> None:
    """Write our CSV; its voxels are always the tomogram's own.

    Raises
    ------
    PicksError
        If a spacing is unknown.
    """
    for _, grid in sets.values():
        check_spacing_to_write(path, grid)
    write_picks(path, dict(sets))


def _grid_of(voxels: NDArray[np.float64], world: NDArray[np.float64], grid: VoxelGrid) -> VoxelGrid:
    """Return the grid with the one spacing by which all voxel numbers become Å, if there is one."""
    if not voxels.any():
        return grid
    spacing = float((voxels * world).sum() / (voxels**2).sum())
    if spacing <= 0 or np.abs(world - spacing * voxels).max() > 0.01 * spacing:
        return grid
    return grid.with_spacing(round(spacing, 4))


OWN = Format(
    name="csv",
    title="motorscope CSV",
    suffixes=(".csv",),
    recognises=lambda start: COLUMNS[0].encode() in start.split(b"\n", 1)[0],
    read=read_own,
    write=write_own,
)
