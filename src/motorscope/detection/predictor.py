"""A network on a device, ready for windows, and what can go wrong there."""

import threading
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from motorscope.detection.preparation import stop_if
from motorscope.network import fuse_for_inference
from motorscope.network.unet import UNet3d

_MEMORY_PHRASES = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")
_UNSUPPORTED_PHRASES = ("not supported on mps", "not implemented for", "no kernel image")
_FLIPS = ((), (2,), (3,), (4,))


class Predictor:
    """A private copy of a network on one device in one precision; the original is left alone.

    Parameters
    ----------
    network
        The network, in fp32.
    device, dtype
        Where and how to compute.
    flips
        Whether to average over the window and its mirror images along z, y and x.
    cancel
        Looked at before each layer, so that a large network on a slow device stops soon too.
    """

    def __init__(
        self,
        network: UNet3d,
        device: torch.device,
        dtype: torch.dtype,
        flips: bool,
        cancel: threading.Event,
    ) -> None:
        self.device = device
        self.dtype = dtype
        self._flips = _FLIPS if flips else _FLIPS[:1]
        self._channels = network.encoder.in_channels
        # Channels-last 3D convolutions are the fastest on CPU and CUDA; MPS has none.
        self._layout = torch.contiguous_format if device.type == "mps" else torch.channels_last_3d
        self._network = _moved(fuse_for_inference(network), device, dtype, self._layout)
        for module in self._network.modules():
            module.register_forward_pre_hook(_stop_on(cancel))

    def __call__(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits, float32 ``(z/s, y/s, x/s)``, of a block ``(z, y, x)``.

        The sides are multiples of 32.

        Raises
        ------
        Cancelled
            If the run was asked to stop.
        """
        with torch.inference_mode():
            x = torch.from_numpy(block)[None, None].to(device=self.device, dtype=self.dtype)
            x = x.expand(1, self._channels, *block.shape).contiguous(memory_format=self._layout)
            total = sum(self._forward(x, axes) for axes in self._flips)
            mean = torch.as_tensor(total)[0, 0] / len(self._flips)
            return np.asarray(mean.cpu().numpy())

    def _forward(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        if not axes:
            return self._network(x).float()  # type: ignore[no-any-return]
        return self._network(x.flip(axes)).float().flip(axes)  # type: ignore[no-any-return]


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


def _moved(
    network: UNet3d, device: torch.device, dtype: torch.dtype, layout: torch.memory_format
) -> nn.Module:
    on_device: nn.Module = network.to(device=device, dtype=dtype)
    return on_device.to(memory_format=layout)


def _stop_on(cancel: threading.Event) -> Any:
    def look(module: nn.Module, inputs: Any) -> None:
        stop_if(cancel)

    return look
