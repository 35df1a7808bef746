"""Which processor this machine has, and what it can compute."""

import functools
import hashlib
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

_CPUINFO = Path("/proc/cpuinfo")


@functools.cache
def processor_name() -> str:
    """Return the processor's model, such as ``AMD EPYC 9B14``, as far as the system says it."""
    return (
        _from_linux(_CPUINFO) or _from_macos() or platform.processor() or platform.machine()
    ).strip() or "this processor"


def processor_capabilities() -> Mapping[str, Any]:
    """Return what PyTorch knows of the processor's instructions; older versions know nothing."""
    known = getattr(torch.cpu, "get_capabilities", None)
    return known() if known is not None else {}


def processor_mark() -> str:
    """Return eight digits that differ where processors of one name have other instructions.

    In a virtual machine many models have the same name.
    """
    able = sorted(name for name, value in processor_capabilities().items() if value)
    said = ",".join([torch.backends.cpu.get_cpu_capability(), *able])
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _from_linux(cpuinfo: Path) -> str:
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    named = (line.partition(":")[2] for line in text.splitlines() if line.startswith("model name"))
    return next(named, "")


def _from_macos() -> str:
    if platform.system() != "Darwin":
        return ""
    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
