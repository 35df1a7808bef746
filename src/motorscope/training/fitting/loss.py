"""How far a predicted heatmap is from its target."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from motorscope.training.settings.config import LossConfig


class LossTerms(NamedTuple):
    """The weighted sum, and its three parts (unweighted); scalars."""

    loss: Tensor
    main: Tensor
    pooled: Tensor
    auxiliary: Tensor


def weighted_bce(
    logits: Tensor,
    target: Tensor,
    pos_weight: float,
    smoothing: float,
    known: Tensor | None = None,
) -> Tensor:
    """Return the mean binary cross-entropy of logits, positives weighted, the target smoothed.

    Smoothing moves the target from 0…1 to ``smoothing / 2 … 1 - smoothing / 2``, which bounds the
    best logits. What is not `known` (0…1 at each voxel) adds nothing.
    """
    smooth = target * (1 - smoothing) + smoothing / 2
    weight = torch.as_tensor(pos_weight, dtype=logits.dtype, device=logits.device)
    return functional.binary_cross_entropy_with_logits(
        logits, smooth, weight=known, pos_weight=weight
    )


def heatmap_loss(
    logits: Tensor,
    auxiliary: Tensor | None,
    target: Tensor,
    config: LossConfig,
    known: Tensor | None = None,
) -> LossTerms:
    """Compare logits ``(n, 1, z, y, x)`` with targets of the same shape.

    The sum of the cross-entropy itself, of the same on 4³ max-pooled logits and targets (is there a
    motor nearby at all?), and of the auxiliary head's, whose map is coarser, against the target
    averaged down to it.

    Parameters
    ----------
    known
        How far each voxel of the target is known, 0…1; wholly by default. A pooled voxel is known
        as far as the least known of its parts.
    """
    logits, target = logits.float(), target.float()
    known = torch.ones_like(target) if known is None else known.float()
    weight, smoothing = config.pos_weight, config.smoothing
    main = weighted_bce(logits, target, weight, smoothing, known)
    size = [min(4, side) for side in target.shape[2:]]
    pooled = weighted_bce(
        functional.max_pool3d(logits, size),
        functional.max_pool3d(target, size),
        weight,
        smoothing,
        -functional.max_pool3d(-known, size),
    )
    if auxiliary is None:
        coarse = torch.zeros_like(main)
    else:
        auxiliary = auxiliary.float()
        averaged, trusted = (
            functional.interpolate(map_, auxiliary.shape[2:], mode="area")
            for map_ in (target, known)
        )
        coarse = weighted_bce(auxiliary, averaged, weight, smoothing, trusted)
    total = main + config.pooled_weight * pooled + config.auxiliary_weight * coarse
    return LossTerms(total, main, pooled, coarse)


def prior_logit(prior: float, config: LossConfig) -> float:
    """Return the logit that is best for a network that knows only the mean target `prior`.

    Starting the head's bias there saves the first hundreds of steps. From the derivative of the
    weighted cross-entropy: ``p / (1 - p) = pos_weight * t / (1 - t)``.
    """
    smooth = prior * (1 - config.smoothing) + config.smoothing / 2
    return math.log(config.pos_weight * smooth / (1 - smooth))
