"""Means of networks' weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def move_towards(network: nn.Module, weights: Mapping[str, Tensor], share: float) -> None:
    """Make a network's weights a mean of its own and of others, in place.

    Networks that were trained on from the same weights have means that are better than either
    (Wortsman et al. 2022, https://arxiv.org/abs/2109.01903).

    Parameters
    ----------
    weights
        The others, by the names of the network's own.
    share
        Of the others, from 0 to 1.
    """
    mixed = {
        name: torch.lerp(value, weights[name].to(value), share)
        if value.is_floating_point()
        else value
        for name, value in network.state_dict().items()
    }
    network.load_state_dict(mixed)
