"""The engine that computes in threads of this process."""

import importlib
import threading
from collections import defaultdict
from functools import partial
from typing import TypeVar

from motorscope.contract import CancelToken, Request, Run
from motorscope.engine.lane import Lane
from motorscope.engine.models import ModelCache
from motorscope.engine.numbered import NumberedEngine
from motorscope.engine.torch_import import import_torch

R = TypeVar("R")


class ThreadEngine(NumberedEngine):
    """Computes in this process: a thread for each request, one request at a time on a device.

    Attributes
    ----------
    models
        Keeps the model that was used last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.models = ModelCache()
        self._lanes: defaultdict[str, Lane] = defaultdict(Lane)
        self._lock = threading.Lock()

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
