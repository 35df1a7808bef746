"""What an owner is connected to, and its keys, in one list that is ended in one place."""

import weakref
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from inspect import ismethod
from typing import Any

from napari.components import ViewerModel
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


def bind_keys(
    ends: ExitStack, viewer: ViewerModel, actions: Mapping[str, Callable[[Any], Any]]
) -> None:
    """Bind keys in a viewer until `ends` is closed; one that is bound there already stays so.

    Parameters
    ----------
    actions
        Functions, whose names napari asks for, by their keys; they are called with the viewer. Of
        a generator, what comes after its ``yield`` is done when the key comes up.
    """
    for key, action in actions.items():
        try:
            viewer.bind_key(key, action)
        except ValueError:  # somebody has bound it: it stays theirs
            continue
        ends.callback(viewer.bind_key, key, None)


def _disconnect(signal: Any, kept: Callable[[], Callable[..., Any] | None]) -> None:
    slot = kept()
    if slot is None:
        return
    if isinstance(signal, SignalInstance):
        signal.disconnect(slot, missing_ok=True)
    else:
        signal.disconnect(slot)
