"""One request at a time."""

import threading
from collections.abc import Callable
from typing import TypeVar

from motorscope.contract import CancelToken, Progress, Run

R = TypeVar("R")

_LOOK = 0.1  # seconds between two looks at whether a request that waits is still wanted


class Lane:
    """Lets one request at a time have a device, in the order in which they were made.

    Requests are named by numbers that rise.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._holder: int | None = None

    def in_turn(self, number: int, work: Callable[[], Run[R]], cancel: CancelToken) -> Run[R]:
        """Run a generator when it is its turn, and say so if it has to wait."""
        with self._changed:
            self._waiting.add(number)
        try:
            if not self._comes(number, 0.0):
                yield Progress("Waiting for what else is computed", 0, 0)
                while not self._comes(number, _LOOK):
                    if cancel.is_set():
                        return None
            return (yield from work())
        finally:
            with self._changed:
                self._waiting.discard(number)
                if self._holder == number:
                    self._holder = None
                self._changed.notify_all()

    def _comes(self, number: int, seconds: float) -> bool:
        """Wait so long at most; return whether it is a request's turn."""
        with self._changed:
            return self._changed.wait_for(lambda: self._take(number), seconds)

    def _take(self, number: int) -> bool:
        if self._holder is None and number == min(self._waiting):
            self._holder = number
        return self._holder == number
