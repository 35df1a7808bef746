"""What the figures of `speed.py` are measured on."""

import os
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """What the figures were measured on."""

    processor: str
    cores: int
    peak: float  # GFLOP/s of a large fp32 matrix product
    load: float  # processes that were running before


def this_machine() -> Machine:
    import torch

    from motorscope.detection.hardware.processor import processor_name

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    a = torch.ones(2048, 2048)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - began)
    return Machine(processor_name(), os.cpu_count() or 1, 2 * 2048**3 / min(seconds) / 1e9, load)
