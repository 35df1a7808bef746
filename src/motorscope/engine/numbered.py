"""What engines of this machine have in common: each request is answered in a thread of its own."""

import itertools
import threading
from abc import ABC, abstractmethod
from functools import partial
from typing import TypeVar
from weakref import WeakSet

from motorscope.contract import CancelToken, Message, Request, Run
from motorscope.engine.handle import Handle, start

R = TypeVar("R")


class NumberedEngine(ABC):
    """Numbers requests in the order in which they come, and stops them when it is closed."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._tokens: WeakSet[threading.Event] = WeakSet()

    def submit(self, request: Request[R]) -> Handle[Message, R]:
        """Begin to compute; see `motorscope.engine.Engine`."""
        handle = start(partial(self._run, request, next(self._numbers)))
        self._tokens.add(handle.token)
        return handle

    def close(self) -> None:
        """Ask whatever runs to return soon; may be called again."""
        for token in list(self._tokens):
            token.set()

    @abstractmethod
    def _run(self, request: Request[R], number: int, cancel: CancelToken) -> Run[R]:
        """Answer a request; runs in its thread."""
