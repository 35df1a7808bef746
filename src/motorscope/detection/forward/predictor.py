"""A network on a device, ready for windows, and what can go wrong there."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from motorscope.detection.forward.watch import Watch
from motorscope.detection.tiling.mirrors import Axes
from motorscope.network import Encoder, fuse_for_inference
from motorscope.network.unet import UNet3d

N = TypeVar("N", bound=nn.Module)

_MEMORY_PHRASES = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")
_UNSUPPORTED_PHRASES = ("not supported on mps", "not implemented for", "no kernel image")


class Predictor:
    """A private copy of a network on one device in one precision; the original is left alone.

    Parameters
    ----------
    network
        The network, in fp32.
    device, dtype
        Where and how to compute.
    images
        Axes of a batch along which to mirror; what comes of them is averaged.
    watch
        Told of each layer; stops the network between two of them.
    """

    def __init__(
        self,
        network: UNet3d,
        device: torch.device,
        dtype: torch.dtype,
        images: Sequence[Axes],
        watch: Watch,
    ) -> None:
        self.device = device
        self.dtype = dtype
        self._images = tuple(images)
        self._channels = network.encoder.in_channels
        self._network = on_device(fuse_for_inference(network), device, dtype, watch)
        example = as_input(smallest(network), self._channels, device, dtype)
        watch.per_window = len(self._images) * count_layers(self._network, example, watch)

    def __call__(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits, float32 ``(z/s, y/s, x/s)``, of a block ``(z, y, x)``.

        The sides are multiples of the network's alignment. The block is mirrored in place and back
        again; it is left as it is if the run is asked to stop.

        Raises
        ------
        Cancelled
            If the run was asked to stop.
        """
        with torch.inference_mode():
            x = as_input(block, self._channels, self.device, self.dtype)
            total = sum(self._forward(x, axes) for axes in self._images)
            mean = torch.as_tensor(total)[0, 0] / len(self._images)
            return np.asarray(mean.cpu().numpy())

    def _forward(self, x: Tensor, axes: Axes) -> Tensor:
        mirror(x, axes)
        logits: Tensor = self._network(x).float()
        mirror(x, axes)
        return logits.flip(axes)


def mirror(x: Tensor, axes: Axes) -> None:
    """Mirror a batch ``(n, c, z, y, x)`` along axes in place, so that no other is in memory."""
    planes = x.unbind(2)
    if 2 in axes:
        for low, high in zip(planes[: len(planes) // 2], reversed(planes), strict=False):
            kept = low.clone()
            low.copy_(high)
            high.copy_(kept)
    within = [axis - 1 for axis in axes if axis != 2]
    for plane in planes if within else ():
        plane.copy_(plane.flip(within))


def smallest(network: UNet3d | Encoder) -> NDArray[np.float32]:
    """Return the smallest block that a network takes."""
    return np.zeros((network.alignment,) * 3, np.float32)


def on_device(network: N, device: torch.device, dtype: torch.dtype, watch: Watch) -> N:
    """Move a network to a device and let it tell `watch` of each of its layers."""

    def look(module: nn.Module, inputs: Any) -> None:
        watch.before_layer()

    network.to(device=device, dtype=dtype).to(memory_format=_layout(device))
    for module in network.modules():
        if not any(module.children()):
            module.register_forward_pre_hook(look)
    return network


def count_layers(forward: Callable[[Tensor], object], example: Tensor, watch: Watch) -> int:
    """Return how many layers a network on its device tells `watch` of in one pass."""
    before = watch.layers
    with torch.inference_mode():
        forward(example)
    count, watch.layers = watch.layers - before, before
    return count


def as_input(
    block: NDArray[np.float32], channels: int, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Return a block ``(z, y, x)`` as a batch ``(1, c, z, y, x)``, all channels the same."""
    x = torch.from_numpy(block)[None, None].to(device=device, dtype=dtype)
    return x.expand(1, channels, *block.shape).contiguous(memory_format=_layout(device))


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that a device's or the machine's memory ran out."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(p in text for p in _MEMORY_PHRASES)


def is_unsupported(error: BaseException) -> bool:
    """Tell whether an error means that PyTorch cannot run the network on this device."""
    if isinstance(error, NotImplementedError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(p in text for p in _UNSUPPORTED_PHRASES)


def _layout(device: torch.device) -> torch.memory_format:
    """Return channels-last, which is the fastest on CPU and CUDA; MPS does not have it in 3D."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last_3d
