"""A copy of a network made for running it, not for training it."""

import copy
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def fuse_for_inference(network: Network) -> Network:
    """Return a copy for inference: batch norms folded into convolutions, channels last in memory.

    Folded is what a module names in ``folds``; see `Encoder`. The copy is in evaluation mode and
    wants no gradients. The outputs are the same up to rounding; the original is left as it was.
    Fold in full precision, then convert.

    Parameters
    ----------
    network
        A detector or an encoder, on any device.
    """
    fused = copy.deepcopy(network).eval().requires_grad_(False)
    for module in list(fused.modules()):
        children = dict(module.named_children())
        for conv_name, norm_name in getattr(module, "folds", ()):
            conv, norm = children[conv_name], children[norm_name]
            assert isinstance(conv, nn.Conv3d)
            assert isinstance(norm, nn.BatchNorm3d)
            setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
            setattr(module, norm_name, nn.Identity())
    return fused.to(memory_format=torch.channels_last_3d)
