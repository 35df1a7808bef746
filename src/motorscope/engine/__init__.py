"""Whoever computes: a request goes in, messages and one result come back.

Nothing here loads torch before the first request.
"""

from motorscope.engine.base import Engine, run_on
from motorscope.engine.handle import Failure, Handle, start
from motorscope.engine.models import ModelCache
from motorscope.engine.process import WorkerEngine
from motorscope.engine.thread import ThreadEngine

__all__ = [
    "WORKER",
    "Engine",
    "Failure",
    "Handle",
    "ModelCache",
    "ThreadEngine",
    "WorkerEngine",
    "new_engine",
    "run_on",
    "start",
]

WORKER = "worker process"
"""Name of `WorkerEngine` in the preferences."""


def new_engine(name: str) -> Engine:
    """Return an engine by its name in the preferences; one in this process for any other name."""
    return WorkerEngine() if name == WORKER else ThreadEngine()
