"""What a run says on the way."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from motorscope.tomogram.grid import Shape, VoxelGrid

M = TypeVar("M")
R = TypeVar("R")


@dataclass(frozen=True)
class HeatmapStarted:
    """The heatmap's grid is known; blocks follow."""

    grid: VoxelGrid


@dataclass(frozen=True)
class HeatmapBlock:
    """Calibrated probabilities of one finished window; `start` is its first heatmap voxel."""

    start: Shape
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps of `what`; `seconds_left` once it can be told.

    Steps are slabs that are prepared, or layers of the network over all windows and flips.
    """

    what: str
    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True)
class Notice:
    """Something a person should know: a fallback to another device, a spacing that seems wrong."""

    text: str


Message = HeatmapStarted | HeatmapBlock | Progress | Notice

Run = Generator[Message, None, R | None]
"""A run yields messages and returns a result, or ``None`` when it was cancelled."""


def run_to_end(run: Generator[M, None, R], on_message: Callable[[M], None] | None = None) -> R:
    """Drain a generator of messages and return its value; it is closed whatever happens.

    Parameters
    ----------
    run
        A `Run`, or another generator like it.
    on_message
        Called with every message.
    """
    with closing(run):
        while True:
            try:
                message = next(run)
            except StopIteration as end:
                value: R = end.value
                return value
            if on_message is not None:
                on_message(message)
