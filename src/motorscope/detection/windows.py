"""Compute the windows of a volume one by one; what fails is tried again in a humbler way."""

import math
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from motorscope.detection.device import release
from motorscope.detection.messages import Notice, Progress
from motorscope.detection.plan import Window
from motorscope.detection.preparation import stop_if
from motorscope.detection.region import cut_window
from motorscope.detection.setup import Failure, Setup, failure_of, humbler_setup
from motorscope.network.card import Architecture

Volume = NDArray[np.float32]
A = TypeVar("A", bound=NDArray[Any])


@dataclass(frozen=True)
class Computed(Generic[A]):
    """What the network gave for a window, and the setup that it was computed with."""

    window: Window
    values: A
    setup: Setup


def over_windows(
    what: str,
    volume: Volume,
    setup: Setup,
    architecture: Architecture,
    plan: Callable[[Setup], list[Window]],
    build: Callable[[Setup], Callable[[Volume], A]],
    cancel: threading.Event,
) -> Generator[Progress | Notice | Computed[A], None, None]:
    """Compute the windows of a prepared volume; the accelerator is free when this ends.

    Parameters
    ----------
    what
        What the progress says that is being done.
    setup
        What to try first.
    plan
        Returns the windows that are left to do; asked at the start and after every fallback.
    build
        Puts the network on a device; returns what maps the voxels of a window to its values.
    cancel
        Looked at before each window.

    Yields
    ------
    Progress, Notice or Computed
        Progress before each window and at the end, a notice for each fallback, and the values of
        each window. They are to be kept before the next step: `plan` may be asked then.

    Raises
    ------
    Cancelled
        If the run was asked to stop.
    DeviceError
        If memory runs out even on the CPU with the smallest window.
    ModelError
        If the values are not finite even in fp32.
    """
    compute: Callable[[Volume], A] | None = None
    pending = plan(setup)
    done = 0
    clock = _Clock()
    try:
        while pending:
            stop_if(cancel)
            yield Progress(what, done, done + len(pending), clock.left(pending))
            window = pending[0]
            failure: Failure | None = None
            clock.start()
            try:
                if compute is None:
                    compute = build(setup)
                values = compute(cut_window(volume, window))
                if not np.isfinite(values).all():
                    failure = Failure.NOT_FINITE
            except (RuntimeError, MemoryError) as error:
                failure = failure_of(error, setup, network_fits=compute is not None)
            # Out of the except clause, so that the traceback no longer holds the device's memory.
            if failure is not None:
                compute = None
                release(setup.device)
                setup, text = humbler_setup(setup, failure, window, architecture)
                yield Notice(text)
                pending = plan(setup)
                clock = _Clock()
                continue
            clock.stop(window)
            yield Computed(window, values, setup)
            pending = pending[1:]
            done += 1
        yield Progress(what, done, done, 0.0)
    finally:
        compute = None
        release(setup.device)


class _Clock:
    """How long the windows that are left will take, going by those that are done."""

    def __init__(self) -> None:
        self._began = 0.0
        self._seconds = 0.0
        self._voxels = 0

    def start(self) -> None:
        self._began = time.monotonic()

    def stop(self, window: Window) -> None:
        self._seconds += time.monotonic() - self._began
        self._voxels += math.prod(window.shape)

    def left(self, pending: list[Window]) -> float | None:
        if not self._voxels:
            return None
        return self._seconds / self._voxels * sum(math.prod(window.shape) for window in pending)
