"""Watching a network while it computes: how many layers are done, and stopping between two."""

import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

import torch

from motorscope.contract import CancelToken

M = TypeVar("M")
T = TypeVar("T")

TICK = 0.25
"""Seconds between two looks at a network that computes."""


class Cancelled(Exception):
    """A run was asked to stop; for use inside a run only."""


def stop_if(cancel: CancelToken) -> None:
    """Raise `Cancelled` if the token is set."""
    if cancel.is_set():
        raise Cancelled


class Watch:
    """Is told of every layer; one for each run.

    Parameters
    ----------
    cancel
        When set, the network stops before its next layer.

    Attributes
    ----------
    layers
        How many layers were begun.
    per_window
        How many a window has, as soon as the network is on its device; 0 where there is none.
    """

    def __init__(self, cancel: CancelToken | None = None) -> None:
        self.layers = 0
        self.per_window = 0
        self._cancel = threading.Event() if cancel is None else cancel
        self._abandoned = False

    def before_layer(self) -> None:
        """Count a layer.

        Raises
        ------
        Cancelled
            If the run was asked to stop, or nobody waits for it any more.
        """
        self.stop_if_asked()
        self.layers += 1

    def stop_if_asked(self) -> None:
        """Raise `Cancelled` if the run was asked to stop, or nobody waits for it any more."""
        if self._abandoned or self._cancel.is_set():
            raise Cancelled

    def abandon(self) -> None:
        """Let the network stop, because nobody waits for it any more."""
        self._abandoned = True


@contextmanager
def network_thread(watch: Watch) -> Iterator[ThreadPoolExecutor]:
    """Give a thread for the network, and leave none behind.

    One for all windows of a run, since PyTorch keeps some things by thread. Its first call there
    tells it how many processors it may use.
    """
    with ThreadPoolExecutor(1, "motorscope network", torch.get_num_threads) as thread:
        try:
            yield thread
        finally:
            watch.abandon()


def ticking(
    thread: ThreadPoolExecutor, work: Callable[[], T], tell: Callable[[], M]
) -> Generator[M, None, T]:
    """Work in a thread and return what comes of it; until then yield what `tell` says every `TICK`.

    Raises
    ------
    BaseException
        Whatever the work raises.
    """
    future = thread.submit(work)
    try:
        while not wait([future], TICK).done:
            yield tell()
        return future.result()
    finally:
        del future  # which holds the error, whose traceback holds this frame, and all of it memory
