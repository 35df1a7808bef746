"""The engine that computes in threads of this process."""

import importlib
import itertools
import threading
from collections import defaultdict
from functools import partial
from typing import TypeVar
from weakref import WeakSet

from motorscope.contract import CancelToken, Message, Request, Run
from motorscope.engine.handle import Handle, start
from motorscope.engine.lane import Lane
from motorscope.engine.models import ModelCache
from motorscope.engine.torch_import import import_torch

R = TypeVar("R")


class ThreadEngine:
    """Computes in this process: a thread for each request, one request at a time on a device.

    Attributes
    ----------
    models
        Keeps the model that was used last.
    """

    def __init__(self) -> None:
        self.models = ModelCache()
        self._lanes: defaultdict[str, Lane] = defaultdict(Lane)
        self._lock = threading.Lock()
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

    def _run(self, request: Request[R], number: int, cancel: CancelToken) -> Run[R]:
        import_torch()
        answering = importlib.import_module("motorscope.engine.answering")  # it loads torch
        device = answering.device_of(request)
        work = partial(answering.answer, request, self.models, cancel)
        if device is None:
            result: R | None = yield from work()
            return result
        with self._lock:
            lane = self._lanes[device]
        return (yield from lane.in_turn(number, work, cancel))
