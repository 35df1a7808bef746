"""Separable linear resampling with half-pixel centres."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Weights = csr_array
"""A sparse matrix ``(n_out, n_in)``: how much of each input voxel goes into an output voxel."""


def linear_weights(
    n_in: int, ratio: float, start: int, stop: int, antialias: bool = True
) -> Weights:
    """Return the weights of output voxels `start` to `stop` along one axis.

    Output voxel *i* is centred on input voxel ``(i + 1/2) * ratio - 1/2``, so that the outer faces
    of both grids fall together. The filter is a triangle that reaches one input voxel to each side,
    or, with `antialias`, one output voxel if that is wider. Beyond the ends the outermost voxel
    goes on.

    The weights of a voxel do not depend on `start` and `stop`: a part is exactly that part of the
    whole.

    Parameters
    ----------
    n_in
        Number of input voxels.
    ratio
        Output spacing / input spacing.
    """
    centres = (np.arange(start, stop) + 0.5) * ratio - 0.5
    reach = max(1.0, ratio) if antialias else 1.0
    taps = math.ceil(2 * reach) + 1
    first = np.floor(centres - reach).astype(np.int64)
    index = first[:, None] + np.arange(taps)
    weight = np.maximum(0.0, 1.0 - np.abs(index - centres[:, None]) / reach)
    weight /= weight.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(stop - start, dtype=np.int32), taps)
    columns = np.clip(index, 0, n_in - 1).ravel().astype(np.int32)
    matrix = csr_array(
        (weight.ravel(), (rows, columns)), shape=(stop - start, n_in), dtype=np.float64
    )
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix.astype(np.float32)


def used_inputs(weights: Weights) -> slice:
    """Return the input voxels that have any weight."""
    return slice(int(weights.indices.min()), int(weights.indices.max()) + 1)


def resample_plane(
    plane: NDArray[np.float32], rows: Weights, columns: Weights
) -> NDArray[np.float32]:
    """Resample a plane ``(y, x)`` along both axes."""
    result: NDArray[np.float32] = (rows @ plane) @ columns.T
    return result
