"""Jobs in threads: their messages, results and errors arrive in the main thread.

A thread puts what a job yields into a queue, and a timer of the main thread empties it. No Qt
object is touched by a thread, so that closing the viewer in mid-run is safe at any moment.
"""

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from motorscope.errors import MotorscopeError

THREAD_NAME = "motorscope job"

_LOG = logging.getLogger(__name__)
_INTERVAL = 30  # milliseconds
_PATIENCE = 0.03  # seconds at a time for messages, so that the window stays alive

Job = Callable[..., Generator[Any, None, Any]]


@dataclass(frozen=True)
class Failure:
    """A job ended with an error; `text` is one sentence for a person.

    The exception itself stays in the thread: its traceback would keep every array of the run alive.
    """

    text: str


@dataclass(frozen=True)
class _End:
    value: Any


@dataclass(eq=False)
class _Running:
    token: threading.Event
    on_message: Callable[[Any], None] | None
    on_result: Callable[[Any], None] | None
    mail: "queue.SimpleQueue[Any]" = field(default_factory=queue.SimpleQueue)


class CancelTokens:
    """The cancel tokens of the jobs that run; they outlive the runner."""

    def __init__(self) -> None:
        self._tokens: set[threading.Event] = set()

    def new(self) -> threading.Event:
        """Return a fresh token."""
        token = threading.Event()
        self._tokens.add(token)
        return token

    def drop(self, token: threading.Event) -> None:
        """Forget the token of a job that has ended."""
        self._tokens.discard(token)

    def cancel_all(self) -> None:
        """Ask every job to return soon."""
        for token in list(self._tokens):
            token.set()


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
        running = _Running(self.tokens.new(), on_message, on_result)
        self._running.append(running)
        # Not a daemon: the interpreter waits for it, rather than pulling torch from under it.
        thread = threading.Thread(
            target=_work, args=(job, args, running.token, running.mail), name=THREAD_NAME
        )
        if len(self._running) == 1:
            self._timer.start()
            self.busy_changed.emit(True)
        thread.start()

    def cancel(self) -> None:
        """Ask what runs to return soon; nothing more of it is shown."""
        self.tokens.cancel_all()

    def _read_mail(self) -> None:
        until = time.monotonic() + _PATIENCE
        for running in list(self._running):
            while time.monotonic() < until:
                try:
                    message = running.mail.get_nowait()
                except queue.Empty:
                    break
                if isinstance(message, _End):
                    self._finish(running, message.value)
                elif running.on_message is not None and not running.token.is_set():
                    running.on_message(message)

    def _finish(self, running: _Running, value: Any) -> None:
        cancelled = running.token.is_set()
        self.tokens.drop(running.token)
        self._running.remove(running)
        try:
            if running.on_result is not None:
                running.on_result(None if cancelled else value)
        finally:
            if not self._running:
                self._timer.stop()
                self.busy_changed.emit(False)


def _work(
    job: Job, args: tuple[Any, ...], token: threading.Event, mail: "queue.SimpleQueue[Any]"
) -> None:
    """Run a job to its end, whatever that is; the generator is never abandoned."""
    result: Any = None
    try:
        generator = job(*args, token)
        while True:
            try:
                mail.put(next(generator))
            except StopIteration as stop:
                result = stop.value
                break
            if not threading.main_thread().is_alive():  # the interpreter waits to exit
                token.set()
    except MotorscopeError as error:
        result = Failure(str(error))
    except Exception as error:
        # As text: a log record with the exception would keep every array of the run alive.
        _LOG.error("A job ended unexpectedly\n%s", traceback.format_exc())
        result = Failure(f"Unexpected {type(error).__name__}: {error}. The log has the details.")
    mail.put(_End(result))
