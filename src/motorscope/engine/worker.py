"""What the worker process runs: it answers one request after another. Loads torch."""

import os
import traceback
from typing import Any, Protocol

from motorscope.contract import CancelToken, Message, Request, run_to_end
from motorscope.engine import wire
from motorscope.engine.answering import answer
from motorscope.engine.handle import Failure
from motorscope.engine.models import ModelCache
from motorscope.errors import MotorscopeError


class Task(Protocol):
    """What appose says of a task to the one who works at it."""

    cancel_requested: bool

    def update(self, *, info: dict[str, Any]) -> None:
        """Send something to whoever waits for the task."""
        ...


class Server:
    """Answers requests in the worker process, and keeps the model that was used last."""

    def __init__(self) -> None:
        self._cache = ModelCache()
        self._sent: wire.Packed | None = None  # Windows frees a block that nobody holds

    def serve(self, task: Task, request: wire.Packed, name: str) -> dict[str, Any]:
        """Answer a request; its messages are sent as updates.

        Parameters
        ----------
        name
            Of the block of shared memory for a large answer.

        Returns
        -------
        dict
            An ``answer``, or the text, kind and traceback of what went wrong.
        """
        self._sent = None
        task.update(info={"pid": os.getpid()})

        def tell(message: Message) -> None:
            task.update(info={"message": wire.pack(message)})

        try:
            wanted: Request[object] = wire.unpack(request)
            result = run_to_end(answer(wanted, self._cache, _Token(task)), tell)
        except MotorscopeError as error:
            failure = Failure.of(error)
            return {"text": failure.text, "kind": failure.kind, "traceback": ""}
        except Exception as error:
            text = f"Unexpected {type(error).__name__}: {error}. The log has the details."
            return {"text": text, "kind": "MotorscopeError", "traceback": traceback.format_exc()}
        self._sent = wire.pack(result, name)
        return {"answer": self._sent}


class _Token(CancelToken):
    """Says that a task was cancelled, or that nobody is there any more who waits for it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._parent = os.getppid()

    def is_set(self) -> bool:
        return self._task.cancel_requested or os.getppid() != self._parent
