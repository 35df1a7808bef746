"""What the network should answer: a Gaussian at every motor, on the grid of the heatmap."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

BELONGS = 0.01
"""Target from which a voxel belongs to a motor: three standard deviations from its centre."""


def heatmap_target(
    positions: Tensor,
    shape: Sequence[int],
    stride: int,
    offset: float | None = None,
    sigma: float = 1.0,
) -> Tensor:
    """Draw the target heatmap of one crop.

    Parameters
    ----------
    positions
        Motor centres ``(n, 3)`` in voxels of the crop (z, y, x; centres at integers); may lie
        outside it.
    shape
        Shape (z, y, x) of the heatmap.
    stride, offset
        Heatmap voxel *i* is centred on the crop's voxel ``stride * i + offset``; by default
        ``(stride - 1) / 2``.
    sigma
        Standard deviation in heatmap voxels.

    Returns
    -------
    Tensor
        float32 ``shape``: ``exp(-d² / 2 sigma²)`` of the distance to the nearest motor, so several
        motors are merged by their maximum. The Gaussian stands at the exact position, not at the
        nearest voxel: a quadratic fit to its logarithm gives the position back.
    """
    if offset is None:
        offset = (stride - 1) / 2
    positions = positions.reshape(-1, 3).to(torch.float32)
    if len(positions) == 0:
        return torch.zeros(tuple(shape))
    centres = (positions - offset) / stride
    # Distances separate: (n, z, 1, 1) + (n, 1, y, 1) + (n, 1, 1, x).
    squares = [(torch.arange(size) - centres[:, [axis]]) ** 2 for axis, size in enumerate(shape)]
    z, y, x = squares
    distance = z[:, :, None, None] + y[:, None, :, None] + x[:, None, None, :]
    return torch.exp(-distance.amin(dim=0) / (2 * sigma**2))


def known_share(
    undecided: Tensor, target: Tensor, stride: int, offset: float, radius: float
) -> Tensor:
    """Return where a target can be trusted: 0 about undecided places, else 1.

    What belongs to a motor stays known, however near.

    Parameters
    ----------
    undecided
        Places ``(n, 3)`` in voxels of the crop, of which nobody knows whether they are motors.
    target
        The heatmap ``(z, y, x)`` of what is known to be a motor.
    stride, offset
        As in `heatmap_target`.
    radius
        In voxels of the crop.

    Returns
    -------
    Tensor
        float32, of the target's shape.
    """
    # A Gaussian of the distance falls below exp(-1/2) at its sigma.
    near = heatmap_target(undecided, target.shape, stride, offset, radius / stride)
    return ((near < math.exp(-0.5)) | (target > BELONGS)).to(torch.float32)
