"""Where the picks of a file lie: on their tomogram if it is open, else by what the file says."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.errors import PicksError
from motorscope.picks.formats import RawPicks
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid

_SAME = 0.01
"""Spacings that differ by less than this share are the same."""


@dataclass(frozen=True)
class Volume:
    """A tomogram that is open: its name, its grid as far as it is known, and its identity."""

    name: str
    grid: VoxelGrid
    id: str = ""


@dataclass(frozen=True)
class Placed:
    """Picks of a file, and where they lie.

    Attributes
    ----------
    name
        Of their tomogram.
    table, grid
        Positions in Å, and the grid in whose voxels the picks are to be shown.
    on
        The open tomogram on which they lie; ``None`` if theirs is not open.
    in_voxels
        Whether nobody knows how large a voxel is: then the grid's spacing of 1 Å is a stand-in.
    remarks
        What a person has to be told.
    """

    name: str
    table: PickTable
    grid: VoxelGrid
    on: Volume | None = None
    in_voxels: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def voxels(self) -> NDArray[np.float64]:
        """Their positions in voxels of the grid ``(n, 3)``."""
        return self.grid.to_voxels(self.table.positions)


def place_on(path: Path, picks: RawPicks, volume: Volume) -> Placed:
    """Place picks on their tomogram.

    Raises
    ------
    PicksError
        If the picks are in Å and the tomogram's spacing is unknown.
    """
    grid, said, remarks = volume.grid, picks.grid.spacing, list[str]()
    table = picks.table
    if grid.spacing is None:
        if said is None and len(table):
            raise PicksError(
                f"{path.name} gives positions in Å, and the voxel spacing of '{volume.name}' is "
                "unknown; set it in the Motorscope panel first."
            )
        grid = grid.with_spacing(1.0)
        table = table.move(table.ids, _scaled(picks.grid).to_voxels(table.positions))
        says = "" if picks.in_voxels or said is None else f" ({path.name} says {said[0]:g} Å)"
        remarks.append(
            f"The voxel spacing of '{volume.name}' is unknown{says}: the points are placed in its "
            "voxels. To have them in Å, set the spacing in the Motorscope panel and open the file "
            "again."
        )
    elif said is not None and not np.allclose(said, grid.spacing, rtol=_SAME):
        remarks.append(
            f"{path.name} counts in voxels of {said[0]:g} Å, and '{volume.name}' has voxels of "
            f"{grid.spacing[0]:g} Å: the points are placed by their Å."
        )
    remarks += _beyond(path, grid.to_voxels(table.positions), volume)
    in_voxels = volume.grid.spacing is None
    return Placed(volume.name, table, grid, volume, in_voxels, tuple(remarks))


def place_alone(path: Path, name: str, picks: RawPicks) -> Placed:
    """Place picks whose tomogram is not open."""
    remark = ""
    if picks.in_voxels:
        remark = (
            f"{path.name} does not say how large its voxels are: the points are placed in pixels. "
            "To have them in Å, open the tomogram first, then this file."
        )
    elif picks.grid.spacing is None and len(picks.table):
        remark = (
            f"{path.name} gives positions in Å, and not how large the voxels of '{name}' are: the "
            "layer counts in voxels of 1 Å. To have the tomogram's, open that first."
        )
    remarks = (remark,) if remark else ()
    return Placed(name, picks.table, _scaled(picks.grid), None, picks.in_voxels, remarks)


def is_outside(voxels: ArrayLike, grid: VoxelGrid) -> NDArray[np.bool_]:
    """Tell which voxel coordinates ``(n, 3)`` lie more than a voxel outside of a grid ``(n,)``."""
    places = np.asarray(voxels, dtype=float).reshape(-1, 3)
    return np.asarray(((places < -1) | (places > grid.shape)).any(axis=1))


def likely_binning(voxels: ArrayLike, grid: VoxelGrid) -> int:
    """Return the least whole binning by which voxel coordinates ``(n, 3)`` lie in a grid."""
    places = np.asarray(voxels, dtype=float).reshape(-1, 3)
    return max(int(np.ceil((places / grid.shape).max(initial=0))), 1)


def check_inside(table: PickTable, name: str, volume: Volume) -> None:
    """Refuse picks of which some lie outside of their tomogram, as those of another binning do.

    Parameters
    ----------
    table, name
        The picks, and what they are called.

    Raises
    ------
    PicksError
        It says how many, and what to do.
    """
    voxels = volume.grid.to_voxels(table.positions)
    outside = is_outside(voxels, volume.grid)
    if outside.any():
        factor = likely_binning(voxels, volume.grid)
        advice = f"{factor}, perhaps" if factor > 1 else "see Open coordinates"
        raise PicksError(
            f"{int(outside.sum())} of {len(table)} points of '{name}' lie outside of "
            f"'{volume.name}'. Open the file again with its binning ({advice}), or delete those "
            "points."
        )


def _scaled(grid: VoxelGrid) -> VoxelGrid:
    """Return a grid whose data can be placed: where voxels play no role, they are 1 Å."""
    return grid if grid.spacing is not None else grid.with_spacing(1.0)


def _beyond(path: Path, voxels: NDArray[np.float64], volume: Volume) -> list[str]:
    """Say that points lie outside of their tomogram, as those of another binning do."""
    outside = is_outside(voxels, volume.grid)
    if not outside.any():
        return []
    factor = likely_binning(voxels, volume.grid)
    advice = f" (here perhaps {factor})" if factor > 1 else ""
    return [
        f"{int(outside.sum())} of {len(outside)} points of {path.name} lie outside of "
        f"'{volume.name}'. If the file counts in smaller voxels, open it with Plugins → Motorscope "
        f"→ Open coordinates, which asks for the binning{advice}."
    ]
