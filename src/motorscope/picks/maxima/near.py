"""Places in a heatmap: the maximum near a position, and the maximum along a line of sight."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from motorscope.picks.maxima.candidates import find_candidates
from motorscope.tomogram import VoxelGrid

Floats = NDArray[np.float64]


def nearest_summit(
    heatmap: NDArray[Any], grid: VoxelGrid, position: Sequence[float], radius: float
) -> tuple[Floats | None, float]:
    """Return the highest local maximum within a radius, finer than a voxel, and its value.

    Maxima below `FLOOR` count for nothing: then there is ``None``, and the largest value that there
    is within the radius.

    Parameters
    ----------
    heatmap
        Probabilities ``(z, y, x)``.
    grid
        The heatmap's grid.
    position
        Where to look, z, y, x in Å.
    radius
        How far to look, in Å.
    """
    spacing = np.asarray(grid.known_spacing())
    centre = np.asarray(grid.to_voxels(np.asarray(position, dtype=float)[None])[0])
    # Beyond the radius there are two voxels more, so that no cut looks like a maximum within it.
    reach = radius / spacing + 2
    low = np.clip(np.floor(centre - reach), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, 0, grid.shape).astype(int)
    if (high <= low).any():
        return None, 0.0
    block = np.asarray(heatmap[tuple(slice(a, b) for a, b in zip(low, high, strict=True))])
    part = VoxelGrid(
        shape=block.shape,
        spacing=grid.spacing,
        origin=tuple(grid.to_world(low[None].astype(float))[0]),
    )
    summits = find_candidates(block, part, minimum_distance=0.0)
    distances = np.linalg.norm(summits.positions - np.asarray(position, dtype=float), axis=1)
    near = np.flatnonzero(distances <= radius)
    if not len(near):
        return None, _largest_within(block, (centre - low) * spacing, spacing, radius)
    best = int(near[0])  # the best comes first
    return summits.positions[best], float(summits.scores[best])


def _largest_within(block: NDArray[Any], centre: Floats, spacing: Floats, radius: float) -> float:
    """Return the largest value of voxels within a radius in Å of a centre in Å; 0 if none is."""
    axes = np.ogrid[tuple(slice(side) for side in block.shape)]
    squares = sum(
        (axis * step - at) ** 2 for axis, step, at in zip(axes, spacing, centre, strict=True)
    )
    inside = block[np.asarray(squares) <= radius**2]
    return float(inside.max(initial=0.0))


def highest_between(
    heatmap: NDArray[Any], start: Sequence[float], end: Sequence[float]
) -> tuple[Floats, float]:
    """Return the voxel coordinates of the largest value on the way, and the value itself.

    The heatmap ``(z, y, x)`` is interpolated linearly at every half voxel of the way from `start`
    to `end`, which are in its voxels.
    """
    first, last = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    steps = max(int(np.ceil(2 * np.linalg.norm(last - first))), 1)
    way = first + np.linspace(0, 1, steps + 1)[:, None] * (last - first)
    values = ndimage.map_coordinates(np.asarray(heatmap), way.T, order=1, mode="nearest")
    best = int(np.nanargmax(values))
    return np.asarray(way[best]), float(values[best])
