"""Work in a thread, and what its messages and its result come through.

A thread puts what a generator yields into a queue. Whoever began it reads the queue, either waiting
for the next message or looking now and then: no callback is ever called from the thread.
"""

import logging
import queue
import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from motorscope import errors
from motorscope.contract import CancelToken
from motorscope.errors import MotorscopeError

THREAD_NAME = "motorscope job"

M = TypeVar("M")
R = TypeVar("R")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """Work ended with an error.

    Attributes
    ----------
    text
        One sentence for a person.
    kind
        Name of the error's class.
    trace
        Where in the program that was, if it is a fault of the program.

    Notes
    -----
    The exception itself stays where it was raised: its traceback would keep every array of the run
    alive, and no other process could read it.
    """

    text: str
    kind: str = MotorscopeError.__name__
    trace: str = ""

    @classmethod
    def of(cls, error: MotorscopeError) -> "Failure":
        """Return what is to be said of an error."""
        known = (each.__name__ for each in type(error).__mro__ if hasattr(errors, each.__name__))
        return cls(str(error), next(known))

    def error(self) -> MotorscopeError:
        """Return a new error like the one that ended the work, with the trace as a note."""
        kind = getattr(errors, self.kind)
        assert issubclass(kind, MotorscopeError)
        error: MotorscopeError = kind(self.text)
        if self.trace:
            error.add_note(self.trace)
        return error


@dataclass(frozen=True)
class _End(Generic[R]):
    value: R | Failure | None


class Handle(Generic[M, R]):
    """What the messages and the result of some work come through, for one reader.

    The work's thread puts them in.
    """

    def __init__(self) -> None:
        self._cancel = threading.Event()
        self._mail: queue.SimpleQueue[M | _End[R]] = queue.SimpleQueue()
        self._end: _End[R] | None = None

    @property
    def token(self) -> threading.Event:
        """Tells the work whether it is still wanted."""
        return self._cancel

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to return soon."""
        return self._cancel.is_set()

    @property
    def done(self) -> bool:
        """Whether the work has ended, and every message was read."""
        return self._end is not None

    def cancel(self) -> None:
        """Ask the work to return soon; `result` is ``None`` then, whatever came of it."""
        self._cancel.set()

    def poll(self, seconds: float = 0.0) -> M | None:
        """Wait so long at most for the next message; ``None`` without one, or at the end."""
        try:
            return self._read(seconds)
        except queue.Empty:
            return None

    def messages(self) -> Iterator[M]:
        """Yield every message, waiting for each, until the work has ended."""
        while (message := self._read(None)) is not None:
            yield message

    def result(self) -> R | None:
        """Wait for the end and return the result; ``None`` if the work was cancelled.

        Messages that were not read are dropped.

        Raises
        ------
        MotorscopeError
            If the work failed.
        """
        for _ in self.messages():
            pass
        assert self._end is not None
        value = self._end.value
        if self.cancelled:
            return None
        if isinstance(value, Failure):
            raise value.error()
        return value

    def put(self, message: M) -> None:
        """Add a message; for the work's thread."""
        self._mail.put(message)

    def finish(self, value: R | Failure | None) -> None:
        """End with a result, with ``None``, or with what went wrong; for the work's thread."""
        self._mail.put(_End(value))

    def _read(self, seconds: float | None) -> M | None:
        if self._end is not None:
            return None
        message = self._mail.get(timeout=seconds) if seconds != 0 else self._mail.get_nowait()
        if not isinstance(message, _End):
            return message
        self._end = message
        return None


def start(job: Callable[[CancelToken], Generator[M, None, R | None]]) -> Handle[M, R]:
    """Run a generator of messages in a thread to its end, whatever that is.

    Parameters
    ----------
    job
        Makes the generator, given the token that tells it to return soon.
    """
    handle: Handle[M, R] = Handle()
    # Not a daemon: the interpreter waits for it, rather than pulling torch from under it.
    threading.Thread(target=_work, args=(job, handle), name=THREAD_NAME).start()
    return handle


def _work(job: Callable[[CancelToken], Generator[M, None, R | None]], handle: Handle[M, R]) -> None:
    result: R | Failure | None = None
    try:
        generator = job(handle.token)
        while True:
            try:
                handle.put(next(generator))
            except StopIteration as stop:
                result = stop.value
                break
            if not threading.main_thread().is_alive():  # the interpreter waits to exit
                handle.cancel()
    except MotorscopeError as error:
        result = Failure.of(error)
    except Exception as error:
        result = unexpected(error)
    handle.finish(result)


def unexpected(error: Exception) -> Failure:
    """Return what is to be said of an error that is nobody's fault but ours; the log has it all."""
    # As text: a log record with the exception would keep every array of the run alive.
    trace = traceback.format_exc()
    _LOG.error("A job ended unexpectedly\n%s", trace)
    text = f"Unexpected {type(error).__name__}: {error}. The log has the details."
    return Failure(text, trace=trace)
