"""Maps of a stage as files that other programs open in their place."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.tomogram import VoxelGrid, write_volume


def cut(data: Any, grid: VoxelGrid, box: Sequence[float] | None) -> tuple[Any, VoxelGrid]:
    """Return the part of ``(…, z, y, x)`` that covers a box, and its grid.

    Parameters
    ----------
    box
        Two corners (z, y, x) in Å, one after the other, or ``None`` for everything.
    """
    if box is None:
        return data, grid
    corners = grid.to_voxels(np.reshape(np.asarray(box, dtype=float), (2, 3)))
    last = np.array(grid.shape) - 1
    low = np.clip(np.floor(corners.min(axis=0) + 0.5), 0, last).astype(int)
    high = np.clip(np.floor(corners.max(axis=0) + 0.5), 0, last).astype(int) + 1
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    shape = (z.stop - z.start, y.stop - y.start, x.stop - x.start)
    return data[..., z, y, x], grid.cropped((z.start, y.start, x.start), shape)


def write_maps(path: Path, data: Any, grid: VoxelGrid, names: Sequence[str], label: str) -> None:
    """Write one map ``(z, y, x)`` or several ``(n, z, y, x)``, in float32.

    Parameters
    ----------
    names
        What the maps are called, one each.
    label
        What the file says of itself.

    Raises
    ------
    TomogramError
        If the suffix is not known, it cannot be written, or what OME-Zarr needs is not installed.
    """
    several = len(data.shape) == 4 and len(data) > 1
    maps = data if several else data.reshape(grid.shape)
    write_volume(path, maps, grid, label, names=names, dtype=np.float32)
