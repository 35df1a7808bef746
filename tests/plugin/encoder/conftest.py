"""A viewer with a bright spot in a tomogram, and a runner that does everything at once."""

import threading

import numpy as np
import pytest

from motorscope.contract.messages import Progress
from motorscope.detection import run_to_end
from motorscope.engine import Failure
from motorscope.errors import MotorscopeError
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.workspace import workspace_of

SPACING = 16.0
SHAPE = (32, 64, 64)
SPOT = (12, 36, 20)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))


class AtOnce:
    """Runs a job to its end before `start` returns, unless it is held back."""

    def __init__(self):
        self.held, self.waiting, self.cancelled = False, [], 0

    def start(self, job, *args, on_message=None, on_result=None):
        def run():
            try:
                on_result(run_to_end(job(*args, threading.Event()), on_message))
            except MotorscopeError as error:
                on_result(Failure.of(error))

        if self.held:
            on_message(Progress("held", 0, 1))
            self.waiting.append(run)
        else:
            run()

    def cancel(self):
        self.cancelled += 1

    def let_go(self):
        self.held, waiting, self.waiting = False, self.waiting, []
        for run in waiting:
            run()


@pytest.fixture
def runner():
    return AtOnce()


@pytest.fixture
def add_spot(viewer):
    def add(spot=SPOT, **options):
        data = np.zeros(SHAPE, dtype=np.uint8)
        data[spot] = 255
        placed = {"scale": (SPACING,) * 3, "units": ("angstrom",) * 3, "name": "tomo"}
        return viewer.add_image(data, **(placed | options))

    return add


@pytest.fixture
def workspace(viewer, spot_model, spot_option, add_spot):
    add_spot(translate=(100.0, -50.0, 7.0))
    made = workspace_of(viewer)
    made.precision = "fp32"
    made.engine.models.put(spot_option.choice, spot_model)
    let_go = made.hold()
    made.offer(spot_option)
    yield made
    let_go()


@pytest.fixture
def encoder(workspace, runner):
    made = EncoderController(workspace, lambda: runner)
    yield made
    made.close()
