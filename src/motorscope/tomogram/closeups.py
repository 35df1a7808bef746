"""Small pictures of what is around a position, in planes of the tomogram."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.volume import read_block

PLANES = {"XY": 0, "XZ": 1, "YZ": 2}
"""Names of the planes, and the axis (z, y, x) that each is perpendicular to."""

REACH = 1000.0
"""How far a close-up shows to each side, in Å."""


def close_up(
    data: Any,
    grid: VoxelGrid,
    position: Sequence[float],
    axis: int = 0,
    pixels: int = 96,
    reach: float = REACH,
    slab: int = 1,
) -> NDArray[np.float32]:
    """Return a square picture of the plane through a position.

    Voxels are read only where the picture is; they may differ in size along the axes. Where
    several fall into a pixel they are averaged.

    Parameters
    ----------
    data
        Voxels ``(z, y, x)``, lazy or not.
    grid
        The tomogram's grid; the spacing must be known.
    position
        Centre, z, y, x in Å.
    axis
        The axis (0 z, 1 y, 2 x) that the picture is perpendicular to.
    pixels
        Side of the picture.
    reach
        Distance from the centre to each side, in Å.
    slab
        How many planes are averaged, an odd number; fewer at the tomogram's faces.

    Returns
    -------
    array
        float32 ``(pixels, pixels)``; of the axes that are left the first goes down, the second to
        the right, so that the YZ plane has z down. NaN lies outside of the tomogram.

    Raises
    ------
    SpacingError
        If the spacing is unknown.
    """
    spacing = np.asarray(grid.known_spacing())
    centre = grid.to_voxels(np.asarray(position, dtype=float)[None])[0]
    plane = round(float(centre[axis]))
    picture = np.full((pixels, pixels), np.nan, dtype=np.float32)
    if not 0 <= plane < grid.shape[axis]:
        return picture
    pixel = 2 * reach / pixels
    offsets = (np.arange(pixels) - (pixels - 1) / 2) * pixel
    shown = [other for other in range(3) if other != axis]
    wanted = [centre[other] + offsets / spacing[other] for other in shown]
    bins = [2 * int(pixel / spacing[other] / 2) + 1 for other in shown]  # odd: centred on a voxel
    first, last = max(plane - slab // 2, 0), min(plane + slab // 2 + 1, grid.shape[axis])
    slices: list[slice] = [slice(first, last)] * 3
    for other, places, size in zip(shown, wanted, bins, strict=True):
        side = grid.shape[other]
        low = int(np.clip(np.floor(places[0]) - size, 0, side))
        high = int(np.clip(np.ceil(places[-1]) + size + 1, 0, side))
        if high <= low:
            return picture
        slices[other] = slice(low, high)
    voxels = read_block(data, (slices[0], slices[1], slices[2]))
    block = voxels.mean(axis=axis, dtype=np.float32)
    if max(bins) > 1:
        block = ndimage.uniform_filter(block, size=bins, mode="nearest")
    rows, columns = (
        places - slices[other].start for other, places in zip(shown, wanted, strict=True)
    )
    sampled = ndimage.map_coordinates(
        block, np.meshgrid(rows, columns, indexing="ij"), order=1, mode="nearest"
    )
    inside = [
        (places >= -0.5) & (places <= grid.shape[other] - 0.5)
        for other, places in zip(shown, wanted, strict=True)
    ]
    seen = inside[0][:, None] & inside[1][None, :]
    picture[seen] = sampled[seen]
    return picture


def in_grey(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn a close-up into grey values, from its 1st to its 99th percentile; black outside."""
    seen = np.isfinite(picture)
    low, high = np.percentile(picture[seen], (1, 99)) if seen.any() else (0.0, 1.0)
    grey = np.clip((np.where(seen, picture, low) - low) / max(high - low, 1e-30), 0, 1)
    return np.asarray(np.round(255 * grey), dtype=np.uint8)


def coloured(
    picture: NDArray[np.float32], limits: tuple[float, float], colours: Any, gamma: float = 1.0
) -> NDArray[np.uint8]:
    """Turn a close-up into colours as napari shows them: uint8 ``(height, width, 4)``, RGBA.

    Parameters
    ----------
    limits
        Values that get the first and the last colour.
    colours
        A function from values in [0, 1] ``(n,)`` to RGBA in [0, 1] ``(n, 4)``.
    gamma
        Exponent of the values before they are coloured.
    """
    low, high = limits
    outside = ~np.isfinite(picture)
    unit = np.clip((np.where(outside, low, picture) - low) / max(high - low, 1e-30), 0, 1)
    rgba = np.asarray(colours((unit**gamma).ravel()), dtype=float).reshape(*picture.shape, 4)
    result = np.round(255 * rgba).astype(np.uint8)
    result[outside] = (0, 0, 0, 0)
    return result
