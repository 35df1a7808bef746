"""Our own CSV among the formats."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import PicksError
from motorscope.picks.csv import COLUMNS, pick_tables, read_picks, write_picks
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawPicks,
    RawSets,
    check_spacing_to_write,
    columns_in,
)
from motorscope.tomogram.grid import VoxelGrid

_TOLERANCE = 0.01  # of a voxel: the file gives four decimals


def read_own(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read our CSV; it gives positions in voxels and in Å, from which spacing and origin follow.

    Raises
    ------
    PicksError
        If the file is not such a CSV, or the grid's spacing does not fit it.
    """
    frame = read_picks(path)
    voxels = {
        str(name): part[["z", "y", "x"]].to_numpy()
        for name, part in frame.groupby("tomogram", sort=False)
    }
    return {
        name: RawPicks(table, _grid_of(path, name, voxels[name], table.positions, grid))
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


def _grid_of(
    path: Path,
    name: str,
    voxels: NDArray[np.float64],
    world: NDArray[np.float64],
    grid: VoxelGrid,
) -> VoxelGrid:
    """Return the grid with the spacing and the origin by which the voxels of a file become its Å.

    Where several fit, as may be for a single pick, it stays as it is.
    """
    if grid.spacing is not None:
        found = _fitting(voxels, world, np.asarray(grid.spacing), grid)
        if found is None:
            raise PicksError(
                f"{path}: the voxel spacing {grid.spacing[0]:g} Å does not fit the positions in "
                f"tomogram {name}; leave it out, or correct it."
            )
        return found
    if voxels.any():
        one = np.full(3, (voxels * world).sum() / (voxels**2).sum())
        if np.abs(world - one * voxels).max() <= _TOLERANCE * one[0]:
            return grid.with_spacing(round(float(one[0]), 4))
    from_middle, middle = voxels - voxels.mean(axis=0), world - world.mean(axis=0)
    if not (from_middle != 0).any(axis=0).all():
        return grid
    slopes = (from_middle * middle).sum(axis=0) / (from_middle**2).sum(axis=0)
    return _fitting(voxels, world, slopes.round(4), grid) or grid


def _fitting(
    voxels: NDArray[np.float64],
    world: NDArray[np.float64],
    spacing: NDArray[np.float64],
    grid: VoxelGrid,
) -> VoxelGrid | None:
    """Return the grid with a spacing, and the origin that goes with it, if all positions agree."""
    origins = world - spacing * voxels
    origin = origins.mean(axis=0)
    if (spacing <= 0).any() or (np.abs(origins - origin) > _TOLERANCE * spacing).any():
        return None
    near_zero = np.abs(origin) <= _TOLERANCE * spacing
    z, y, x = np.where(near_zero, 0.0, origin.round(4)).tolist()
    return replace(grid.with_spacing(spacing.tolist()), origin=(z, y, x))


OWN = Format(
    name="csv",
    title="motorscope CSV",
    suffixes=(".csv",),
    recognises=lambda start: COLUMNS[0].encode() in start.split(b"\n", 1)[0],
    read=read_own,
    write=write_own,
    is_sure=lambda path, start: set(COLUMNS) <= columns_in(start),
)
