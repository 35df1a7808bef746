"""The engine that computes in a process of its own.

If that process crashes, nothing here does; a computation that does not listen can be killed; and
with the process, all its memory is free, an accelerator's too.
"""

import logging
import queue
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from motorscope.contract import CancelToken, Progress, Request, Run
from motorscope.engine.handle import Failure
from motorscope.engine.lane import Lane
from motorscope.engine.numbered import NumberedEngine
from motorscope.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from appose.service import Service, Task, TaskEvent

R = TypeVar("R")

_LOG = logging.getLogger(__name__)
_LOOK = 0.05  # seconds between two looks at whether a request is still wanted
_MAIN = "import appose.python_worker as worker; worker.main()"
_INIT = "from motorscope.engine.worker import Server; server = Server()"
_TASK = "server.serve(task, request, name)"


class WorkerEngine(NumberedEngine):
    """Computes in a worker process, one request at a time; the process starts with the first one.

    It runs this interpreter in the same environment. Requests that need no device do not wait.

    Parameters
    ----------
    patience
        Seconds that a cancelled request has to end; then its process is killed.

    Attributes
    ----------
    pid
        Number of the worker process that answered last, if any did.
    """

    def __init__(self, patience: float = 2.0) -> None:
        super().__init__()
        self.pid: int | None = None
        self._patience = patience
        self._service: Service | None = None
        self._lock = threading.Lock()
        self._lane = Lane()

    def close(self) -> None:
        """End the worker process, whatever it computes; may be called again."""
        super().close()
        with self._lock:
            service, self._service = self._service, None
        if service is not None:
            service.kill()
            service.wait_for()

    def _run(self, request: Request[R], number: int, cancel: CancelToken) -> Run[R]:
        work = partial(self._ask, request, cancel)
        if request.device is None:
            return (yield from work())
        return (yield from self._lane.in_turn(number, work, cancel))

    def _ask(self, request: Request[R], cancel: CancelToken) -> Run[R]:
        """Let the worker answer a request."""
        if not self._alive():
            yield Progress("Starting the worker process", 0, 0)
        service = self._worker()
        from motorscope.engine import wire  # needs appose, which is there now

        there, back = wire.new_name(), wire.new_name()
        try:
            inputs = {"request": wire.pack(request, there), "name": back}
            task = service.task(_TASK, inputs)
            for event in self._events(service, task, cancel):
                info = event.info or {}
                if "pid" in info:
                    self.pid = info["pid"]
                elif "message" in info:
                    yield wire.unpack(info["message"])
            if cancel.is_set():
                return None
            if "answer" not in task.outputs:
                raise _failure(task).error()
            result: R | None = wire.unpack(task.outputs["answer"])
            return result
        finally:
            wire.remove(there)
            wire.remove(back)

    def _events(
        self, service: "Service", task: "Task", cancel: CancelToken
    ) -> "Iterator[TaskEvent]":
        """Begin a task and yield what is heard of it, until it has ended in whatever way.

        Raises
        ------
        EngineError
            If the worker has crashed.
        """
        events: queue.SimpleQueue[TaskEvent] = queue.SimpleQueue()
        asked: float | None = None
        ended = False
        try:
            task.listen(events.put).start()
            while not ended:
                try:
                    event = events.get(timeout=_LOOK)
                    ended = event.response_type.is_terminal()
                    yield event
                except queue.Empty:
                    pass
                if cancel.is_set() and asked is None:
                    asked = time.monotonic()
                    task.cancel()
                elif asked is not None and time.monotonic() - asked > self._patience:
                    service.kill()
                    service.wait_for()
                    return
        except (OSError, RuntimeError):  # it died just before the task was sent
            ended = False
        if not cancel.is_set() and (not ended or task.status.value == "CRASHED"):
            code = service.wait_for()
            _LOG.error("The worker process ended with exit code %s\n%s", code, task.error)
            raise EngineError(
                f"The worker process ended unexpectedly (exit code {code}), perhaps because memory "
                "ran out. Try again: a new one starts by itself."
            )

    def _alive(self) -> bool:
        return self._service is not None and self._service.is_alive()

    def _worker(self) -> "Service":
        try:
            from appose.service import Service
        except ImportError as error:
            raise ConfigError(
                "A worker process needs appose: install it (pip install appose), or let this "
                "process compute, in the preferences."
            ) from error
        with self._lock:
            if self._service is None or not self._service.is_alive():
                # Not by appose's builders, which download environments.
                service = Service(Path.cwd(), None, sys.executable, "-c", _MAIN)
                self._service = service.init(_INIT).start()
            return self._service


def _failure(task: "Task") -> Failure:
    """Return why a task has no answer; what is nobody's fault but ours is in the log."""
    said = task.outputs
    details = said.get("traceback") or task.error
    if details:
        _LOG.error("A request failed in the worker process\n%s", details)
    last = (task.error or "unknown").strip().splitlines()[-1]
    unexpected = f"The worker process failed: {last}. The log has the details."
    kind = said.get("kind", EngineError.__name__)
    return Failure(said.get("text", unexpected), kind, said.get("traceback", ""))
