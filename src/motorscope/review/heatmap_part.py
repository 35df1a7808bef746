"""The heatmap of a part of a tomogram, put into that of the whole."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from motorscope.tomogram.grid import Box, VoxelGrid, triple

Floats = NDArray[np.float32]
Heatmap = tuple[NDArray[np.float32], VoxelGrid]
Slices = tuple[slice, slice, slice]

_ALIGNED = 1e-3  # voxels


def whole_grid(part: VoxelGrid, prepared: VoxelGrid) -> VoxelGrid:
    """Return the grid of the heatmap of all of a tomogram.

    Parameters
    ----------
    part
        The grid of a part's heatmap.
    prepared
        The grid of the network's input for the whole tomogram.
    """
    spacing = np.asarray(part.known_spacing())
    stride = np.round(spacing / prepared.known_spacing())
    before = np.floor(prepared.to_voxels(part.origin) / stride + _ALIGNED)
    z, y, x = (int(side) for side in np.ceil(np.asarray(prepared.shape) / stride))
    origin = tuple(float(value) for value in np.asarray(part.origin) - before * spacing)
    return replace(part, shape=(z, y, x), origin=(origin[0], origin[1], origin[2]))


def trusted_box(region: Box, part: VoxelGrid, whole: VoxelGrid) -> Box:
    """Return the box of a search: a region without the outermost voxels of a part that is cut off.

    There, the slope of a maximum beyond the cut would look like one.
    """
    spacing = np.asarray(part.known_spacing())
    first = np.round(whole.to_voxels(part.origin))
    last = first + part.shape - 1
    low, high = np.asarray(region, dtype=float)
    edge = 0.5 * spacing
    low = np.where(first > 0, np.maximum(low, whole.to_world(first) + edge), low)
    high = np.where(
        last < np.asarray(whole.shape) - 1, np.minimum(high, whole.to_world(last) - edge), high
    )
    return triple(low), triple(high)


def voxels_in(box: Box, grid: VoxelGrid) -> Slices:
    """Return where the voxels of a grid lie whose centres are in a box."""
    low, high = (grid.to_voxels(corner) for corner in box)
    starts = np.clip(np.ceil(low - _ALIGNED), 0, grid.shape).astype(int)
    stops = np.clip(np.floor(high + _ALIGNED) + 1, starts, grid.shape).astype(int)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True))
    return z, y, x


def offset(part: VoxelGrid, whole: VoxelGrid) -> tuple[int, int, int] | None:
    """Return the voxel of a grid where a part begins; ``None`` if their voxels do not meet."""
    first = whole.to_voxels(part.origin)
    step = np.asarray(part.known_spacing()) / whole.known_spacing()
    if np.abs(step - 1).max() > 1e-6 or np.abs(first - np.round(first)).max() > _ALIGNED:
        return None
    z, y, x = (int(value) for value in np.round(first))
    return z, y, x


def pasted(target: Floats, grid: VoxelGrid, values: Floats, part: VoxelGrid, box: Box) -> Floats:
    """Return a heatmap with the values of a part in a box, and as it was elsewhere.

    Parameters
    ----------
    target, grid
        The heatmap ``(z, y, x)`` and its grid.
    values, part
        The part's. Where the voxels of both do not meet, as those of two models, it is interpolated
        linearly.
    """
    result = target.copy()
    place = voxels_in(box, grid)
    axes = [np.arange(each.start, each.stop, dtype=float) for each in place]
    world = grid.to_world(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))
    voxels = np.moveaxis(part.to_voxels(world), -1, 0)
    if offset(part, grid) is not None:
        voxels = np.round(voxels)
    result[place] = ndimage.map_coordinates(values, voxels, order=1, mode="nearest")
    return result
