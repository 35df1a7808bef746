"""The engine in a worker process."""

import gc
import os
import signal
import sys
import time
import warnings

import numpy as np
import pytest

from motorscope.contract import DetectionRequest, HeatmapStarted, ModelRef, RunSettings
from motorscope.engine import ThreadEngine, WorkerEngine
from motorscope.errors import DeviceError, EngineError, ModelError

pytest.importorskip("appose")

# appose leaves the pipes of a process that has ended to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(sys.platform == "win32", reason="stops and kills processes by signals"),
]

FP32 = RunSettings("cpu", "fp32", flips=True)


@pytest.fixture
def engine():
    engine = WorkerEngine(patience=0.5)
    yield engine
    engine.close()
    with warnings.catch_warnings():  # here, and not in whatever test comes next
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def begun(handle):
    """Wait until the network has been begun with."""
    for message in handle.messages():
        if isinstance(message, HeatmapStarted):
            return
    pytest.fail(f"It never began: {handle.result()}")


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_worker_that_dies_or_hangs_in_mid_run_is_replaced(engine, ref, tomogram):
    """One long test, since every worker has to import torch."""
    asked = DetectionRequest(tomogram, ref, settings=FP32)
    # it is killed in mid-run: a sentence
    first = engine.submit(asked)
    begun(first)
    killed = engine.pid
    os.kill(killed, signal.SIGKILL)
    with pytest.raises(EngineError, match=r"exit code -9.+a new one starts by itself"):
        first.result()
    # a new one answers as the engine in this process does, messages and errors included
    second = engine.submit(asked)
    messages = list(second.messages())
    result = second.result()
    assert engine.pid != killed
    same = ThreadEngine().submit(asked)
    kinds = [type(message) for message in same.messages()]
    assert set(kinds) == {type(message) for message in messages}
    assert np.array_equal(result.heatmap, same.result().heatmap)
    assert result.candidates == same.result().candidates
    for model, device, kind in (
        (ModelRef("absent"), "cpu", ModelError),
        (ref, "cuda:99", DeviceError),
    ):
        with pytest.raises(kind):
            engine.submit(DetectionRequest(tomogram, model, settings=RunSettings(device))).result()
    # a cancelled run that does not listen is killed with its process
    third = engine.submit(asked)
    begun(third)
    os.kill(engine.pid, signal.SIGSTOP)
    began = time.monotonic()
    third.cancel()
    assert third.result() is None
    assert 0.5 < time.monotonic() - began < 5
    assert gone(engine.pid)


def test_absent_library_is_said(monkeypatch, ref, tomogram):
    monkeypatch.setitem(sys.modules, "appose.service", None)
    from motorscope.errors import ConfigError

    with pytest.raises(ConfigError, match="pip install appose"):
        WorkerEngine().submit(DetectionRequest(tomogram, ref, settings=FP32)).result()
