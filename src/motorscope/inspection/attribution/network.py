"""A private copy of a network that is asked about a crop, on a device and within its memory."""

import copy
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from motorscope.contract import CancelToken, Notice, Progress
from motorscope.detection.forward.predictor import (
    as_input,
    is_out_of_memory,
    is_unsupported,
    on_device,
    smallest,
)
from motorscope.detection.forward.watch import Watch, network_thread, ticking
from motorscope.detection.hardware.device import free_memory, release
from motorscope.detection.hardware.setup import Setup, choose_setup
from motorscope.errors import DeviceError, ModelError
from motorscope.network import fuse_for_inference
from motorscope.network.model import Model
from motorscope.network.unet import UNet3d

Values = NDArray[np.float32]
Work = Callable[[UNet3d, Tensor], tuple[Values, ...]]
"""What is computed from the network and the crop ``(1, c, z, y, x)``."""


def ask(
    what: str,
    model: Model,
    crop: Values,
    work: Work,
    passes: float,
    gradients: bool,
    device: str,
    cancel: CancelToken,
) -> Generator[Progress | Notice, None, tuple[tuple[Values, ...], str]]:
    """Compute something about a crop with gradients or without, in fp32.

    Gradients keep what the network computes on the way. Where that is more than a device may use,
    it is computed again instead (gradient checkpointing); where even that is too much, on the CPU.

    Parameters
    ----------
    what
        What the progress says that is being done.
    crop
        ``(z, y, x)``, sides multiples of 32.
    work
        Called in a thread, and again after a fallback.
    passes
        How often `work` runs the network.
    device
        ``auto``, ``cuda``, ``cuda:1``, ``mps`` or ``cpu``.

    Yields
    ------
    Progress or Notice
        Progress in layers of the network, a notice for each fallback.

    Returns
    -------
    values, device
        What `work` returned, and where.

    Raises
    ------
    Cancelled
        If the run was asked to stop.
    DeviceError
        If the device is not to be had, or memory runs out even on the CPU.
    ModelError
        If the values are not finite.
    """
    setup = choose_setup(device, "fp32", model.card.architecture)
    checkpointing = False
    watch = Watch(cancel)
    try:
        with network_thread(watch) as thread:
            while True:
                watch.layers, watch.per_window = 0, 0
                job = partial(
                    _compute, model.network, crop, setup, checkpointing, gradients, work, watch
                )
                failure = None
                try:
                    values = yield from ticking(thread, job, lambda: _progress(what, watch, passes))
                except (RuntimeError, MemoryError) as error:
                    failure = _kind(error, setup)
                # Out of the except clause, so that the traceback no longer holds memory.
                if failure is None:
                    break
                release(setup.device)
                setup, checkpointing, text = _humbler(
                    setup, checkpointing or not gradients, failure
                )
                yield Notice(text)
    finally:
        release(setup.device)
    if not all(np.isfinite(each).all() for each in values):
        raise ModelError(
            "The network's output is not a finite number, because its weights are damaged or do "
            "not fit this kind of input; choose another model file."
        )
    total = _total(watch, passes)
    yield Progress(what, total, total, 0.0)
    return values, str(setup.device)


def kept_bytes(network: UNet3d, example: Tensor, watch: Watch | None = None) -> tuple[int, int]:
    """Return what one pass with gradients over `example` keeps, in bytes, and its layers.

    Parameters are not counted.
    """
    parameters = {p.untyped_storage().data_ptr() for p in network.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    before = 0 if watch is None else watch.layers
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        x = example.detach().requires_grad_()
        torch.autograd.grad(network(x).sum(), x)
    return sum(kept.values()), 0 if watch is None else watch.layers - before


def _compute(
    network: UNet3d,
    crop: Values,
    setup: Setup,
    checkpointing: bool,
    gradients: bool,
    work: Work,
    watch: Watch,
) -> tuple[Values, ...]:
    device = setup.device
    # Gradients are those of the network as it was trained; answers alone come sooner without norms.
    private = (
        copy.deepcopy(network).eval().requires_grad_(False)
        if gradients
        else fuse_for_inference(network)
    )
    private = on_device(private, device, torch.float32, watch)
    channels = private.encoder.in_channels
    least = smallest(network)
    example = as_input(least, channels, device, torch.float32)
    kept, layers = kept_bytes(private, example, watch)
    if gradients and (checkpointing or kept * crop.size / least.size > free_memory(device)):
        private.encoder.checkpointing = True
        _, layers = kept_bytes(private, example, watch)
    watch.layers, watch.per_window = 0, layers
    return work(private, as_input(crop, channels, device, torch.float32))


def _progress(what: str, watch: Watch, passes: float) -> Progress:
    total = _total(watch, passes)
    done = min(watch.layers, total - 1) if watch.per_window else 0
    return Progress(what, done, total)


def _total(watch: Watch, passes: float) -> int:
    return max(round(passes * max(watch.per_window, 1)), 1)


def _kind(error: BaseException, setup: Setup) -> str:
    """Return what failed, ``memory`` or ``device``; any other error is raised again."""
    if is_out_of_memory(error):
        return "memory"
    if setup.device.type != "cpu" and is_unsupported(error):
        return "device"
    raise error


def _humbler(setup: Setup, checkpointing: bool, failure: str) -> tuple[Setup, bool, str]:
    """Return what to try next, and a sentence that tells a person so."""
    name = setup.device.type.upper()
    if failure == "memory" and not checkpointing:
        return setup, True, f"Not enough memory on {name}; computing parts twice to save some."
    if setup.device.type == "cpu":
        raise DeviceError(
            "There is not enough memory to explain a point with this network; close other programs "
            "or choose a smaller model."
        )
    cpu = replace(setup, device=torch.device("cpu"))
    reason = "cannot run this network" if failure == "device" else "has not enough memory"
    return cpu, False, f"{name} {reason}; going on with the CPU."
