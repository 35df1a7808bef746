"""A copy of a network made for running it, not for training it."""

import copy
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)

# Names under which a convolution and the batch norm right after it stand beside each other in our
# modules.
_PAIRS = (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"), ("conv", "norm"), ("0", "1"))


def fuse_for_inference(network: Network) -> Network:
    """Return a copy for inference: batch norms folded into convolutions, channels last in memory.

    It is in evaluation mode and wants no gradients. The outputs are the same up to rounding; the
    original is left as it was. Fold in full precision, then convert.

    Parameters
    ----------
    network
        A detector or an encoder, on any device.
    """
    fused = copy.deepcopy(network).eval().requires_grad_(False)
    for module in list(fused.modules()):
        children = dict(module.named_children())
        for conv_name, norm_name in _PAIRS:
            conv, norm = children.get(conv_name), children.get(norm_name)
            if isinstance(conv, nn.Conv3d) and isinstance(norm, nn.BatchNorm3d):
                setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(module, norm_name, nn.Identity())
    return fused.to(memory_format=torch.channels_last_3d)
