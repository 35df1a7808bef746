"""What an owner is connected to, in one list that is ended in one place."""

import weakref
from collections.abc import Callable
from contextlib import ExitStack
from inspect import ismethod
from typing import Any

from psygnal import SignalInstance


def listen(ends: ExitStack, signal: Any, slot: Callable[..., Any]) -> None:
    """Connect a signal of psygnal's or napari's until `ends` is closed.

    Parameters
    ----------
    ends
        The owner's list; ``ends.close()`` may be called more than once.
    signal
        Emitter with ``connect`` and ``disconnect``.
    slot
        A bound method is not kept alive by the list.
    """
    signal.connect(slot)
    kept = weakref.WeakMethod(slot) if ismethod(slot) else lambda: slot
    ends.callback(_disconnect, signal, kept)


def _disconnect(signal: Any, kept: Callable[[], Callable[..., Any] | None]) -> None:
    slot = kept()
    if slot is None:
        return
    if isinstance(signal, SignalInstance):
        signal.disconnect(slot, missing_ok=True)
    else:
        signal.disconnect(slot)
