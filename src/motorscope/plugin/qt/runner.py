"""Jobs in threads: their messages, results and errors arrive in the main thread.

A timer of the main thread reads what comes through their handles. No Qt object is touched by a
thread, so that closing the viewer in mid-run is safe at any moment.
"""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from motorscope.engine import Failure, Handle, start
from motorscope.errors import MotorscopeError

_INTERVAL = 30  # milliseconds
_PATIENCE = 0.03  # seconds at a time for messages, so that the window stays alive

Job = Callable[..., Generator[Any, None, Any]]


@dataclass(eq=False)
class _Running:
    handle: Handle[Any, Any]
    on_message: Callable[[Any], None] | None
    on_result: Callable[[Any], None] | None


class CancelTokens:
    """What cancels the jobs that run; it outlives the runner."""

    def __init__(self) -> None:
        self._handles: set[Handle[Any, Any]] = set()

    def add(self, handle: Handle[Any, Any]) -> None:
        """Take a job that has begun."""
        self._handles.add(handle)

    def drop(self, handle: Handle[Any, Any]) -> None:
        """Forget a job that has ended."""
        self._handles.discard(handle)

    def cancel_all(self) -> None:
        """Ask every job to return soon."""
        for handle in list(self._handles):
            handle.cancel()


class JobRunner(QObject):
    """Runs generators in threads.

    Signals
    -------
    busy_changed
        Emitted when work begins (``True``) and when nothing runs any more (``False``).
    """

    busy_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tokens = CancelTokens()
        self._running: list[_Running] = []
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL)
        self._timer.timeout.connect(self._read_mail)

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return bool(self._running)

    def start(
        self,
        job: Job,
        *args: Any,
        on_message: Callable[[Any], None] | None = None,
        on_result: Callable[[Any], None] | None = None,
    ) -> None:
        """Run ``job(*args, cancel)`` in a thread.

        Parameters
        ----------
        on_message
            Called in the main thread with what the job yields.
        on_result
            Called once in the main thread, at the end: with what the job returns, with ``None`` if
            it was cancelled, or with a `Failure`.
        """
        handle = start(partial(job, *args))
        self.tokens.add(handle)
        self._running.append(_Running(handle, on_message, on_result))
        if len(self._running) == 1:
            self._timer.start()
            self.busy_changed.emit(True)

    def cancel(self) -> None:
        """Ask what runs to return soon; nothing more of it is shown."""
        self.tokens.cancel_all()

    def _read_mail(self) -> None:
        until = time.monotonic() + _PATIENCE
        for running in list(self._running):
            handle = running.handle
            while time.monotonic() < until:
                message = handle.poll()
                if handle.done:
                    self._finish(running)
                    break
                if message is None:
                    break
                if running.on_message is not None and not handle.cancelled:
                    running.on_message(message)

    def _finish(self, running: _Running) -> None:
        self.tokens.drop(running.handle)
        self._running.remove(running)
        try:
            value = running.handle.result()
        except MotorscopeError as error:
            value = Failure.of(error)
        try:
            if running.on_result is not None:
                running.on_result(value)
        finally:
            if not self._running:
                self._timer.stop()
                self.busy_changed.emit(False)
