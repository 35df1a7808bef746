"""Maps of different grain on one grid, so that they can be compared and drawn over each other."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from motorscope.tomogram import VoxelGrid


def resampled(values: ArrayLike, grid: VoxelGrid, onto: VoxelGrid) -> NDArray[np.float32]:
    """Interpolate a map ``(z, y, x)`` linearly onto another grid; beyond its ends it fades to 0.

    Returns
    -------
    ndarray
        float32, of the shape of `onto`.
    """
    scale = np.array(onto.known_spacing()) / np.array(grid.known_spacing())
    first = grid.to_voxels(onto.origin)
    return np.asarray(
        ndimage.affine_transform(
            np.asarray(values, np.float32),
            scale,
            first,
            output_shape=onto.shape,
            order=1,
            mode="grid-constant",
        )
    )
