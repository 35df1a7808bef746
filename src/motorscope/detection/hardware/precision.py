"""In which precision a device computes: measured, not guessed.

A graphics processor computes in half precision where its results are those of fp32. On a CPU it
depends on the model: with instructions for bf16 it can be several times as fast as fp32, without
them it is emulated and up to 90 times slower. So it is timed once, and the answer kept.
"""

import functools
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from motorscope.detection.hardware.device import device_name
from motorscope.detection.hardware.processor import processor_mark, processor_name
from motorscope.detection.hardware.trial import bf16_speedup, half_difference
from motorscope.errors import DeviceError, MotorscopeError
from motorscope.files import cache_folder, make_folder, replacing

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

_WORTH_IT = 1.2
"""From how many times the speed of fp32 on bf16 is taken on a CPU."""

_TOO_SLOW = 0.5
"""Below how many times the speed of fp32 bf16 is refused on a CPU."""

_TOO_DIFFERENT = 0.02
"""Share of the output by which half precision may differ from fp32."""


@dataclass(frozen=True)
class PrecisionChoice:
    """A number format to compute in, and why."""

    dtype: torch.dtype
    reason: str

    @property
    def name(self) -> str:
        """``fp32``, ``fp16`` or ``bf16``."""
        return precision_name(self.dtype)

    def __str__(self) -> str:
        """Say both, such as ``bf16: 2.4 times as fast as fp32 on AMD EPYC 9B14``."""
        return f"{self.name}: {self.reason}"


def choose_precision(
    name: str,
    device: torch.device,
    speedup: Callable[[], float] | None = None,
    difference: Callable[[torch.device, torch.dtype], float] | None = None,
) -> PrecisionChoice:
    """Return the number format of that name, or the best one on `device` for ``auto``.

    Parameters
    ----------
    name
        ``auto``, ``fp32``, ``fp16`` or ``bf16``.
    device
        Where to compute.
    speedup
        How many times as fast as fp32 bf16 is on this CPU; timed in a third of a second the first
        time and remembered from then on if not given.
    difference
        By how much half precision on a device differs from fp32 on the CPU, as a share of the
        output; tried once in each process if not given.

    Raises
    ------
    DeviceError
        If the name is unknown or the device cannot compute so at a useful speed.
    """
    wanted = name.strip().lower()
    if wanted != "auto" and wanted not in PRECISIONS:
        raise DeviceError(
            f"There is no precision {name!r}; choose auto or one of: {', '.join(PRECISIONS)}."
        )
    if device.type == "cpu" and wanted in ("auto", "bf16"):
        return _on_cpu(wanted, (speedup or _measured_speedup)())
    if device.type == "cpu" and wanted == "fp16":
        raise DeviceError(
            "A CPU computes in fp16 many times slower than in fp32; choose auto or fp32."
        )
    if wanted == "auto":
        return _on_accelerator(device, (difference or _tried_difference)(device, torch.float16))
    if wanted == "bf16" and not _computes_bf16(device):
        raise DeviceError(
            f"The device {device} cannot compute in bf16 at a useful speed; choose auto or fp32."
        )
    return PrecisionChoice(PRECISIONS[wanted], "as asked for")


def precision_name(dtype: torch.dtype) -> str:
    """Return ``fp32``, ``fp16`` or ``bf16``."""
    return next(name for name, known in PRECISIONS.items() if known == dtype)


def remembered(path: Path, key: str, measure: Callable[[], float]) -> float:
    """Return the number that a JSON file has under a key; measure it if there is none.

    A file that is damaged or cannot be written is no error: then the number is measured again the
    next time.
    """
    known = _numbers(path)
    if key not in known:
        known[key] = measure()
        try:
            make_folder(path.parent)
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
        except MotorscopeError:
            pass
    return known[key]


def _on_cpu(wanted: str, speedup: float) -> PrecisionChoice:
    where = f"on {processor_name()}"
    if speedup <= 0:
        said = f"bf16 cannot be computed {where}"
    elif speedup < 1:
        said = f"bf16 takes {_times(1 / speedup)} as long {where}"
    else:
        said = f"bf16 is only {_times(speedup)} as fast {where}"
    if wanted == "bf16":
        if speedup < _TOO_SLOW:
            raise DeviceError(f"{said}{' as fp32' if speedup > 0 else ''}; choose auto or fp32.")
        return PrecisionChoice(torch.bfloat16, "as asked for")
    if speedup >= _WORTH_IT:
        return PrecisionChoice(torch.bfloat16, f"{_times(speedup)} as fast as fp32 {where}")
    return PrecisionChoice(torch.float32, said)


def _on_accelerator(device: torch.device, difference: float) -> PrecisionChoice:
    where = f"on {device_name(device)}"
    if not math.isfinite(difference):
        return PrecisionChoice(torch.float32, f"fp16 does not work {where}")
    if difference > _TOO_DIFFERENT:
        return PrecisionChoice(
            torch.float32, f"fp16 differs from it by {difference:.1%} {where}, which is too much"
        )
    return PrecisionChoice(torch.float16, f"differs from fp32 by {difference:.2%} {where}")


def _times(factor: float) -> str:
    return f"{factor:.1f} times" if factor < 10 else f"{factor:.0f} times"


@functools.cache
def _measured_speedup() -> float:
    """Time bf16 once for a model of processor and a version of PyTorch."""
    key = f"{processor_name()} ({processor_mark()}), torch {torch.__version__}"
    return remembered(cache_folder() / "bf16-trial.json", key, bf16_speedup)


@functools.cache
def _tried_difference(device: torch.device, dtype: torch.dtype) -> float:
    return half_difference(device, dtype)


def _numbers(path: Path) -> dict[str, float]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        key: float(value)
        for key, value in content.items()
        if isinstance(value, int | float) and 0 <= value < 1e6
    }


def _computes_bf16(device: torch.device) -> bool:
    return device.type == "mps" or torch.cuda.get_device_capability(device) >= (8, 0)
