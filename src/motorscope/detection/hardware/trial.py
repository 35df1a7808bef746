"""Small trials that tell whether a device computes fast and rightly in half precision."""

import os
import time
from collections.abc import Callable

import numpy as np
import torch

from motorscope.contract import Architecture
from motorscope.detection.forward.predictor import Predictor
from motorscope.detection.forward.watch import Watch
from motorscope.detection.tiling.mirrors import PLAIN
from motorscope.network import build_network

_BUDGET = 0.12
"""Seconds; with what goes before and what is under way a trial stays below 0.3 s."""

_LEAST_ROUNDS = 3  # the first one also builds the kernels
_HOPELESS = 1 / 3
_SMALL, _LARGE = (16, 8), (32, 32)
"""Channels, and voxels along each side of a block. On less than the large one fp32 is not computed
as it is in windows: with AVX-512 but no instructions for bf16 it then looks the slower one of the
two, and is three times as fast."""

# The thread's own seconds do not count what other programs do meanwhile; Windows counts them in
# steps that are longer than a block.
_clock: Callable[[], float] = time.perf_counter if os.name == "nt" else time.thread_time

Forward = Callable[[torch.dtype, int, int], None]
"""Compute a block in a precision, with so many channels and so many voxels along each side."""


def bf16_speedup(
    forward: Forward | None = None, clock: Callable[[], float] = _clock, budget: float = _BUDGET
) -> float:
    """Return how many times as fast as fp32 this processor computes convolutions in bf16.

    Blocks are computed in turns by one thread, and the best time of each precision counts, so that
    other programs matter little. A processor that has no instructions for bf16 loses on a block so
    small that it takes no time.

    Parameters
    ----------
    forward, clock
        What to time, and by which seconds.
    budget
        After so many seconds the last round begins.

    Returns
    -------
    float
        0 if bf16 cannot be computed at all.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run = forward or _convolve
        small = _compare(run, clock, 0.0, *_SMALL)
        return small if small < _HOPELESS else _compare(run, clock, budget, *_LARGE)
    except RuntimeError:
        return 0.0
    finally:
        torch.set_num_threads(threads)


def half_difference(device: torch.device, dtype: torch.dtype) -> float:
    """Return by how much a device's half precision differs from fp32 on the CPU.

    A small network of the kind that is used for detection is computed in both ways.

    Returns
    -------
    float
        The root mean square of the difference as a share of that of the output; infinite where the
        device cannot compute it, or gives something else than finite numbers.
    """
    architecture = Architecture(base_width=8, decoder_channels=(16,), auxiliary_head=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = build_network(architecture).eval()
    block = np.random.default_rng(0).random((64, 64, 64), dtype=np.float32)
    wanted = Predictor(network, torch.device("cpu"), torch.float32, PLAIN, Watch())(block)
    try:
        got = Predictor(network, device, dtype, PLAIN, Watch())(block)
    except RuntimeError:
        return float("inf")
    return relative_difference(got, wanted)


def relative_difference(got: np.ndarray, wanted: np.ndarray) -> float:
    """Return the root mean square of a difference as a share of that of `wanted`."""
    if not np.isfinite(got).all():
        return float("inf")
    wrong = np.linalg.norm(np.asarray(got, float) - np.asarray(wanted, float))
    return float(wrong / np.linalg.norm(np.asarray(wanted, float)))


def _compare(
    run: Forward, clock: Callable[[], float], budget: float, channels: int, side: int
) -> float:
    best = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    began, rounds = clock(), 0
    while rounds < _LEAST_ROUNDS or clock() - began < budget:
        for dtype in best:
            start = clock()
            run(dtype, channels, side)
            best[dtype] = min(best[dtype], clock() - start)
        rounds += 1
    return best[torch.float32] / max(best[torch.bfloat16], 1e-9)


def _convolve(dtype: torch.dtype, channels: int, side: int) -> None:
    layout = torch.channels_last_3d
    x = torch.ones(1, channels, side, side, side, dtype=dtype).to(memory_format=layout)
    kernel = torch.ones(channels, channels, 3, 3, 3, dtype=dtype).to(memory_format=layout)
    with torch.inference_mode():
        torch.nn.functional.conv3d(x, kernel, padding=1)
