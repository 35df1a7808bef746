"""How much memory a tomogram took at most."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

_PROC = Path("/proc/self")


class PeakMemory:
    """The most memory that this process and its accelerator took since this was made."""

    def __init__(self) -> None:
        with suppress(OSError):
            (_PROC / "clear_refs").write_text("5")  # the peak begins anew
        torch = _torch()
        if torch is not None:
            for index in range(torch.cuda.device_count()):
                torch.cuda.reset_peak_memory_stats(index)

    def read(self) -> tuple[int | None, int | None]:
        """Return the peaks of the process and of the accelerator in bytes; ``None`` if unknown."""
        torch = _torch()
        device = None
        if torch is not None:
            peaks = [
                torch.cuda.max_memory_allocated(index) for index in range(torch.cuda.device_count())
            ]
            device = max(peaks, default=0) or None
        return _process_peak(), device


def _torch() -> Any:
    """Return torch if it is loaded and has an accelerator in use."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and torch.cuda.is_initialized() else None


def _process_peak() -> int | None:
    with suppress(OSError, ValueError):
        for line in (_PROC / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
