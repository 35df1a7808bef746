"""How windows are computed, and the humbler way to go when that fails."""

import enum
import math
from dataclasses import dataclass, replace

import torch

from motorscope.contract import Architecture
from motorscope.detection.forward.predictor import is_out_of_memory, is_unsupported
from motorscope.detection.hardware.device import choose_device, free_memory
from motorscope.detection.hardware.precision import choose_precision, precision_name
from motorscope.detection.tiling.plan import Window, activation_bytes
from motorscope.errors import DeviceError, ModelError
from motorscope.network.encoders import features_of

_MOST_ELEMENTS = 2**31 - 1  # several convolution kernels count in 32 bits


@dataclass(frozen=True)
class Setup:
    """Device, precision and the most voxels that a window may have."""

    device: torch.device
    dtype: torch.dtype
    max_voxels: int


class Failure(enum.Enum):
    """Why a window could not be computed."""

    WINDOW_TOO_LARGE = enum.auto()
    NETWORK_TOO_LARGE = enum.auto()
    UNSUPPORTED = enum.auto()
    NOT_FINITE = enum.auto()


def choose_setup(device: str, precision: str, architecture: Architecture) -> Setup:
    """Return the setup for a device and a precision by name, which may be ``auto``.

    Raises
    ------
    DeviceError
        If this machine does not have them.
    """
    chosen = choose_device(device)
    dtype = choose_precision(precision, chosen).dtype
    return Setup(chosen, dtype, _max_voxels(chosen, dtype, architecture))


def failure_of(error: BaseException, setup: Setup, network_fits: bool) -> Failure:
    """Return what an error of PyTorch means; one that means none of these is raised again."""
    if is_out_of_memory(error):
        return Failure.WINDOW_TOO_LARGE if network_fits else Failure.NETWORK_TOO_LARGE
    if setup.device.type != "cpu" and is_unsupported(error):
        return Failure.UNSUPPORTED
    raise error


def humbler_setup(
    setup: Setup, failure: Failure, window: Window, architecture: Architecture
) -> tuple[Setup, str]:
    """Return what to try next and a sentence that tells a person so.

    Raises
    ------
    DeviceError
        If memory ran out and there is nothing humbler.
    ModelError
        If the output is not finite even in fp32.
    """
    name = setup.device.type.upper()
    if failure is Failure.NOT_FINITE:
        if setup.dtype == torch.float32:
            raise ModelError(
                "The network's output is not a finite number, because its weights are damaged or "
                "do not fit this kind of input; choose another model file."
            )
        text = f"{precision_name(setup.dtype)} overflows with this network; going on in fp32."
        return replace(setup, dtype=torch.float32, max_voxels=setup.max_voxels // 2), text
    voxels = math.prod(window.shape)
    # A window beyond the allowance was the smallest that the plan could make.
    if failure is Failure.WINDOW_TOO_LARGE and voxels <= setup.max_voxels:
        text = f"Not enough memory on {name} for a window of {_sides(window)}; halving it."
        return replace(setup, max_voxels=voxels // 2), text
    if setup.device.type == "cpu":
        raise DeviceError(
            "There is not enough memory for this network; close other programs or choose a "
            "smaller model."
        )
    cpu = choose_setup("cpu", "auto", architecture)
    if failure is Failure.UNSUPPORTED:
        return cpu, f"{name} cannot run this network; going on with the CPU."
    return cpu, f"Not enough memory on {name} for this network; going on with the CPU."


def _max_voxels(device: torch.device, dtype: torch.dtype, architecture: Architecture) -> int:
    fitting = free_memory(device) / activation_bytes(architecture, dtype)
    countable = _MOST_ELEMENTS / max(features_of(architecture).values)
    return int(min(fitting, countable))


def _sides(window: Window) -> str:
    return "×".join(str(side) for side in window.shape)
