"""What every engine can do."""

from typing import Protocol, TypeVar

from motorscope.contract import CancelToken, Message, Request, Run
from motorscope.engine.handle import Handle

R = TypeVar("R")

_LOOK = 0.05  # seconds between two looks at a token


class Engine(Protocol):
    """Computes what it is asked; requests that need the same device wait for one another."""

    def submit(self, request: Request[R]) -> Handle[Message, R]:
        """Begin to compute, and return at once what its messages and result come through."""
        ...

    def close(self) -> None:
        """Ask whatever runs to return soon, and let go of what is held; may be called again."""
        ...


def run_on(engine: Engine, request: Request[R], cancel: CancelToken) -> Run[R]:
    """Let an engine answer a request, as a run of a caller that has a token of its own."""
    handle = engine.submit(request)
    try:
        while not handle.done:
            message = handle.poll(_LOOK)
            if cancel.is_set():
                handle.cancel()
            if message is not None:
                yield message
        return handle.result()
    finally:
        if not handle.done:  # nobody waits for it any more
            handle.cancel()
