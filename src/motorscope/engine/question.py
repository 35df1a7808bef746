"""Questions to the engine whose answers may come too late to be wanted."""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from psygnal import Signal

from motorscope.contract import Request
from motorscope.engine import Engine, Failure, run_on

R = TypeVar("R")


class Runner(Protocol):
    """Runs generators in threads; their messages and results come in the main thread."""

    def start(
        self,
        job: Callable[..., Any],
        *args: Any,
        on_message: Callable[[Any], None] | None = None,
        on_result: Callable[[Any], None] | None = None,
    ) -> None:
        """Run ``job(*args, cancel)``."""
        ...

    def cancel(self) -> None:
        """Ask what runs to return soon."""
        ...


class Question(Generic[R]):
    """A kind of question: a new one takes the place of the last, whose answer is dropped.

    Attributes
    ----------
    busy
        Whether an answer is waited for.
    busy_changed
        Emitted with `busy`.
    told
        Emitted with what is said on the way.
    failed
        Emitted with a sentence when there is no answer; empty if the question was cancelled.
    """

    busy_changed = Signal(bool)
    told = Signal(object)
    failed = Signal(str)

    def __init__(self, runner: Runner, engine: Engine) -> None:
        self._runner, self._engine = runner, engine
        self._number = 0
        self.busy = False

    def ask(self, request: Request[R], then: Callable[[R], None]) -> None:
        """Ask; `then` is called with the answer, unless another question or `drop` comes first."""
        self._runner.cancel()
        self._number += 1
        if not self.busy:
            self._set_busy(True)
        self._runner.start(
            run_on,
            self._engine,
            request,
            on_message=partial(self._on_message, self._number),
            on_result=partial(self._on_result, self._number, then),
        )

    def cancel(self) -> None:
        """Give up the question, because a person does not want to wait."""
        self._runner.cancel()

    def drop(self) -> None:
        """Give up the question, because nobody wants to know any more."""
        self._runner.cancel()
        self._number += 1
        if self.busy:
            self._set_busy(False)

    def _on_message(self, number: int, message: Any) -> None:
        if number == self._number:
            self.told.emit(message)

    def _on_result(self, number: int, then: Callable[[R], None], result: Any) -> None:
        if number != self._number:
            return
        self._set_busy(False)
        if isinstance(result, Failure):
            self.failed.emit(result.text)
        elif result is None:
            self.failed.emit("")
        else:
            then(result)

    def _set_busy(self, busy: bool) -> None:
        self.busy = busy
        self.busy_changed.emit(busy)
