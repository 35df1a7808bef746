"""A network on volumes that are the same at every z, at the cost of pictures.

There a 3D convolution is a 2D one whose kernel is the sum over z, and a stride along z changes
nothing. Only a transposed convolution tells even planes from odd ones; its mean over both stands
for them.
"""

import copy

import torch.nn.functional as F
from torch import Tensor, nn

from motorscope.network.unet import Logits, UNet3d


def forward_flat(network: UNet3d, pictures: Tensor) -> Logits:
    """Return a network's logits for volumes each of whose planes is one picture.

    Gradients reach the network's own weights, and its batch norms see these values as any others.
    The borders of z, beyond which a 3D network sees zeros, are left out.

    Parameters
    ----------
    pictures
        ``(n, in_channels, 1, y, x)``; y and x are multiples of the network's `input_multiple`.

    Returns
    -------
    Logits
        ``(n, 1, 1, y / s, x / s)``, one plane of what the network gives far from the borders.
    """
    flat = _flattened(network)
    features = flat.backbone.forward_features(pictures)
    auxiliary = None if flat.aux_head is None else flat.aux_head(features[-1])[:, :, :1]
    return Logits(flat.seg_head(flat.decoder(features))[:, :, :1], auxiliary)


class _FlatConvolution(nn.Module):
    """A 3D convolution of one plane among others like it."""

    def __init__(self, convolution: nn.Conv3d) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, c, 1, y, x)`` to ``(n, channels, 1, …)``."""
        whole = self.convolution
        stride, padding, dilation = whole.stride[1:], whole.padding[1:], whole.dilation[1:]
        weight = whole.weight.sum(2)
        y = F.conv2d(x.squeeze(2), weight, whole.bias, stride, padding, dilation)
        return y.unsqueeze(2)


class _FlatUpsampling(nn.Module):
    """A transposed convolution of one plane among others like it, the mean of the new planes."""

    def __init__(self, convolution: nn.ConvTranspose3d) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, c, 1, y, x)`` to ``(n, channels, 1, 2y, 2x)``."""
        whole = self.convolution
        weight, stride = whole.weight.mean(2), whole.stride[1:]
        return F.conv_transpose2d(x.squeeze(2), weight, whole.bias, stride).unsqueeze(2)


def _flattened(network: UNet3d) -> UNet3d:
    """Return a network that shares all weights, with flat convolutions and poolings."""
    shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    twin = copy.deepcopy(network, shared)
    for module in list(twin.modules()):
        for name, child in list(module.named_children()):
            setattr(module, name, _flat(child))
    return twin


def _flat(module: nn.Module) -> nn.Module:
    match module:
        case nn.Conv3d():
            return _FlatConvolution(module)
        case nn.ConvTranspose3d():
            return _FlatUpsampling(module)
        case nn.MaxPool3d():
            size, stride = _in_plane(module.kernel_size, 1), _in_plane(module.stride, 1)
            return nn.MaxPool3d(size, stride, _in_plane(module.padding, 0))
        case _:
            return module


def _in_plane(sides: int | tuple[int, ...], across: int) -> tuple[int, int, int]:
    """Return sides along y and x as they are, and `across` along z."""
    _, y, x = (sides,) * 3 if isinstance(sides, int) else sides
    return across, y, x
