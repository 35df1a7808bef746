"""Which device a network runs on, and how much memory it has."""

import ctypes
from contextlib import suppress

import torch

from motorscope.detection.hardware.processor import processor_name
from motorscope.errors import DeviceError


def available_devices() -> list[str]:
    """Return the names of the devices of this machine, best first."""
    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name, or the best one for ``auto``.

    Parameters
    ----------
    name
        ``auto``, ``cuda``, ``cuda:1``, ``mps`` or ``cpu``.

    Raises
    ------
    DeviceError
        If this machine has no such device.
    """
    available = available_devices()
    wanted = name.strip().lower()
    if wanted == "auto":
        return torch.device(available[0])
    found = "cuda:0" if wanted == "cuda" else wanted
    if found not in available:
        raise DeviceError(
            f"There is no device {name!r} on this machine; choose auto or one of: "
            f"{', '.join(available)}."
        )
    return torch.device(found)


def device_name(device: torch.device) -> str:
    """Return the model of a device, such as ``NVIDIA H100``."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor_name()  # that of an Apple chip is its graphics processor's too


def free_memory(device: torch.device) -> int:
    """Return how many bytes a run may count on for the activations of one window.

    On a CPU this is a fixed amount, with which a run of the built-in model takes 1.4 GiB
    beside a mapped tomogram of 1.8 billion voxels, and less for smaller ones
    (``benchmarks/memory_by_size.py``): larger windows are hardly faster there, and the memory is
    shared with everything else that runs.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(0.6 * free)  # the rest is for convolution workspaces and fragmentation
    if device.type == "mps":
        limit = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return max(int(0.4 * limit), 1 << 28)
    return 352 << 20


def release(device: torch.device) -> None:
    """Give memory that is free already back to other programs.

    On an accelerator PyTorch keeps it for later. In main memory glibc does: the weights of a large
    network on a CPU, 1.1 GiB of r3d200, would stay resident until the program ends.
    """
    if device.type == "cpu":
        with suppress(OSError, AttributeError):  # where there is no glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)
    elif device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
