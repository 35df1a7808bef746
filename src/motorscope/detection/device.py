"""Which device a network runs on, and in which precision."""

import torch

from motorscope.errors import MotorscopeError

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class DeviceError(MotorscopeError):
    """A device or a precision was asked for that this machine does not have, or memory ran out."""


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


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """Return the number format of that name, or the best one on `device` for ``auto``.

    A graphics processor computes in half precision. A CPU does so only where it has matrix units
    for it (AMX): without them bf16 is emulated, and up to 90 times slower than fp32.

    Raises
    ------
    DeviceError
        If the name is unknown or the device cannot compute so at a useful speed.
    """
    wanted = name.strip().lower()
    if wanted == "auto":
        if device.type == "cpu":
            return torch.bfloat16 if _has_amx() else torch.float32
        return torch.float16
    if wanted not in PRECISIONS:
        raise DeviceError(
            f"There is no precision {name!r}; choose auto or one of: {', '.join(PRECISIONS)}."
        )
    if wanted == "bf16" and not _computes_bf16(device):
        raise DeviceError(
            f"The device {device} cannot compute in bf16 at a useful speed; choose auto or fp32."
        )
    return PRECISIONS[wanted]


def precision_name(dtype: torch.dtype) -> str:
    """Return ``fp32``, ``fp16`` or ``bf16``."""
    return next(name for name, known in PRECISIONS.items() if known == dtype)


def free_memory(device: torch.device) -> int:
    """Return how many bytes a run may count on for the activations of one window.

    On a CPU this is a fixed gigabyte: larger windows are hardly faster there, and the memory is
    shared with everything else that runs.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(0.6 * free)  # the rest is for convolution workspaces and fragmentation
    if device.type == "mps":
        limit = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return max(int(0.4 * limit), 1 << 28)
    return 1 << 30


def release(device: torch.device) -> None:
    """Give the memory that PyTorch caches on an accelerator back to other programs."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def _has_amx() -> bool:
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def _computes_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "mps" or _has_amx()
