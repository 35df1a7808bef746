"""A copy of a network made for running it, not for training it."""

import copy
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

Network = TypeVar("Network", bound=nn.Module)


def fuse_for_inference(network: Network) -> Network:
    """Return a copy for inference: batch norms folded into convolutions, channels last in memory.

    Folded is what a module names in ``folds``; see `Encoder`. The copy is in evaluation mode and
    wants no gradients. The outputs are the same up to rounding; the original is left as it was.
    What is no different in the copy is in memory once, so that a large network's copy takes no more
    than its folded weights. Fold in full precision, then convert.

    Parameters
    ----------
    network
        A detector or an encoder, on any device.
    """
    fused = _sharing_copy(network).eval()
    for module in list(fused.modules()):
        children = dict(module.named_children())
        for conv_name, norm_name in getattr(module, "folds", ()):
            conv, norm = children[conv_name], children[norm_name]
            assert isinstance(conv, nn.Conv3d)
            assert isinstance(norm, nn.BatchNorm3d)
            _fold(norm, conv)
            setattr(module, norm_name, nn.Identity())
    return fused.to(memory_format=torch.channels_last_3d)


def _fold(norm: nn.BatchNorm3d, conv: nn.Conv3d) -> None:
    """Let a convolution do the work of the batch norm after it; its old weights stay as they are.

    Weights are made in the layout that they are used in, layer by layer: what a large network
    frees on the way is not given back by the system's allocator, and counts as taken.
    """
    weight = conv.weight.contiguous(memory_format=torch.channels_last_3d)
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        weight, conv.bias, mean, variance, norm.eps, norm.weight, norm.bias
    )


def _sharing_copy(network: Network) -> Network:
    """Return a copy without gradients, whose tensors are the original's as long as none is set."""
    shared: dict[int, object] = {
        id(each): nn.Parameter(each.detach(), requires_grad=False) for each in network.parameters()
    }
    shared |= {id(each): each.detach() for each in network.buffers()}
    return copy.deepcopy(network, shared)
