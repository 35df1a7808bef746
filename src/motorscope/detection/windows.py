"""Compute the windows of a volume one by one; what fails is tried again in a humbler way."""

import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from motorscope.contract import Architecture, Notice, Progress
from motorscope.detection.forward.watch import Watch, network_thread, ticking
from motorscope.detection.hardware.device import release
from motorscope.detection.hardware.setup import Failure, Setup, failure_of, humbler_setup
from motorscope.detection.tiling.plan import Window

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
    cut: Callable[[Window], Volume],
    setup: Setup,
    architecture: Architecture,
    plan: Callable[[Setup], list[Window]],
    build: Callable[[Setup], Callable[[Volume], A]],
    watch: Watch,
) -> Generator[Progress | Notice | Computed[A], None, None]:
    """Compute the windows of a volume; the accelerator is free when this ends.

    Parameters
    ----------
    what
        What the progress says that is being done.
    cut
        Returns the voxels of a window; called in the network's thread, where it may raise.
    setup
        What to try first.
    plan
        Returns the windows that are left to do; asked at the start and after every fallback.
    build
        Puts the network on a device; returns what maps the voxels of a window to its values.
    watch
        Is told of the network's layers; asked before each window whether to stop.

    Yields
    ------
    Progress, Notice or Computed
        Progress in layers of the network: before each window, some times a second within it, and at
        the end; a notice for each fallback, and the values of each window. They are to be kept
        before the next step: `plan` may be asked then.

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
    clock = _Clock(watch)

    def values_of(window: Window) -> A:
        nonlocal compute
        if compute is None:
            built = build(setup)
            clock.start()  # putting the network on a device says nothing about the windows
            compute = built
        return compute(cut(window))

    def progress() -> Progress:
        each = max(watch.per_window, 1)
        # A network that is put on its device tells of layers, too.
        within = 0 if compute is None else min(clock.layers, each - 1)
        total = (done + len(pending)) * each
        return Progress(what, done * each + within, total, clock.left(pending))

    try:
        with network_thread(watch) as thread:
            while pending:
                watch.stop_if_asked()
                clock.start()
                yield progress()
                watch.stop_if_asked()
                window = pending[0]
                failure: Failure | None = None
                clock.start()
                try:
                    values = yield from ticking(thread, partial(values_of, window), progress)
                    if not np.isfinite(values).all():
                        failure = Failure.NOT_FINITE
                except (RuntimeError, MemoryError) as error:
                    failure = failure_of(error, setup, network_fits=compute is not None)
                # Out of the except clause, so that the traceback no longer holds the device's
                # memory.
                if failure is not None:
                    compute = None
                    release(setup.device)
                    setup, text = humbler_setup(setup, failure, window, architecture)
                    yield Notice(text)
                    pending = plan(setup)
                    clock = _Clock(watch)
                    continue
                clock.stop(window)
                yield Computed(window, values, setup)
                pending = pending[1:]
                done += 1
        steps = done * max(watch.per_window, 1)
        yield Progress(what, steps, steps, 0.0)
    finally:
        compute = None
        release(setup.device)


class _Clock:
    """How long the windows that are left will take, going by those that are done."""

    _TELLING = 0.2  # share of the layers from which on the first window tells its time

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._seconds = 0.0
        self._voxels = 0
        self.start()

    @property
    def layers(self) -> int:
        """How many layers of the present window were begun."""
        return self._watch.layers - self._before

    def start(self) -> None:
        """Begin a window."""
        self._began = time.monotonic()
        self._before = self._watch.layers

    def stop(self, window: Window) -> None:
        """End a window."""
        self._seconds += time.monotonic() - self._began
        self._voxels += math.prod(window.shape)
        self.start()

    def left(self, pending: list[Window]) -> float | None:
        """Return the seconds that the pending windows take, the first of which was begun."""
        first, *others = (math.prod(window.shape) for window in pending)
        spent = time.monotonic() - self._began
        share = self.layers / self._watch.per_window if self._watch.per_window else 0.0
        if self._voxels:
            rate = self._seconds / self._voxels
        elif share >= self._TELLING:
            rate = spent / share / first
        else:
            return None
        this = rate * first - spent
        if this <= 0 and share > 0:  # it is slower than those before
            this = spent * max(1 / share - 1, 0)
        return max(this, 0) + rate * sum(others)
