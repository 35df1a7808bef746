"""Augmentation between the crops of a batch, input and target alike."""

import numpy as np
import torch
from torch import Tensor

from motorscope.training.settings.crop_config import AugmentationConfig

Batch = tuple[Tensor, Tensor]


def mixup(inputs: Tensor, targets: Tensor, order: Tensor, share: float) -> Batch:
    """Blend a batch with itself in another order: `share` of the first, the rest of the second."""
    mixed_inputs = share * inputs + (1 - share) * inputs[order]
    return mixed_inputs, share * targets + (1 - share) * targets[order]


def cutmix(
    inputs: Tensor, targets: Tensor, order: Tensor, start: Tensor, shape: Tensor, stride: int
) -> Batch:
    """Put a box of the batch in another order into the batch.

    Parameters
    ----------
    start, shape
        The box (z, y, x) in heatmap voxels; in the input it is `stride` times as large, so both are
        cut alike.
    """
    corner: list[int] = start.tolist()
    size: list[int] = shape.tolist()
    coarse = [slice(a, a + n) for a, n in zip(corner, size, strict=True)]
    fine = [slice(a * stride, (a + n) * stride) for a, n in zip(corner, size, strict=True)]
    inputs, targets, others = inputs.clone(), targets.clone(), (inputs[order], targets[order])
    for into, other, (z, y, x) in zip((inputs, targets), others, (fine, coarse), strict=True):
        into[..., z, y, x] = other[..., z, y, x]
    return inputs, targets


def blend(
    inputs: Tensor, targets: Tensor, config: AugmentationConfig, rng: np.random.Generator
) -> Batch:
    """Apply mixup and cutmix by chance to inputs ``(n, 1, z, y, x)`` and their heatmaps."""
    order = torch.from_numpy(rng.permutation(len(inputs)))
    if rng.random() < config.mixup:
        inputs, targets = mixup(inputs, targets, order, float(rng.beta(1, 1)))
    if rng.random() < config.cutmix:
        sides = np.array(targets.shape[2:])
        shape = rng.integers(np.maximum(sides // 4, 1), np.maximum(sides // 2, 1) + 1)
        start = rng.integers(0, sides - shape + 1)
        stride = inputs.shape[2] // targets.shape[2]
        box = torch.from_numpy(start), torch.from_numpy(shape)
        inputs, targets = cutmix(inputs, targets, order, *box, stride)
    return inputs, targets
