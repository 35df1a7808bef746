"""Detectors without a network, for the tests of what is around them. Worker processes import it."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from motorscope.batch.folder.outcome import Effort, Outcome
from motorscope.batch.items import Item
from motorscope.batch.workers.job import Job, Place
from motorscope.errors import TomogramError
from motorscope.picks import PickTable, Summits


def instant(job: Job, item: Item, place: Place) -> Outcome | None:
    """Answer at once; what is found depends on the name alone."""
    rng = np.random.default_rng(list(item.name.encode()))
    count = int(rng.integers(0, 4))
    scores = np.sort(rng.uniform(0.01, 1, count))[::-1]
    maxima = PickTable.from_positions(rng.uniform(0, 500, (count, 3)), scores)
    return Outcome(
        item,
        (16, 40, 40),
        (16.0, 16.0, 16.0),
        (0.0, 0.0, 0.0),
        count=count,
        best=float(scores[0]) if count else None,
        precision="fp32",
        effort=Effort(device="cpu"),
        summits=Summits(maxima, 100.0),
    )


def logged(job: Job, item: Item, place: Place) -> Outcome | None:
    """Answer after a moment, and leave a line for each time that it was asked."""
    with Path(os.environ["MOTORSCOPE_TEST_LOG"]).open("a") as file:
        file.write(f"{item.name}\n")
    time.sleep(0.05)
    return instant(job, item, place)


def deadly(job: Job, item: Item, place: Place) -> Outcome | None:
    """End the whole process over one of them, and fail in other ways over others."""
    if item.name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    if item.name == "broken":
        raise TomogramError(f"{item.path} is damaged; copy it again.")
    if item.name == "nameless":
        raise TomogramError("The voxel spacing is unknown; give it.")
    if item.name == "faulty":
        raise ZeroDivisionError("by zero")
    return instant(job, item, place)


def endless(job: Job, item: Item, place: Place) -> Outcome | None:
    """Work until it is stopped."""
    while place.cancel is None or not place.cancel.is_set():
        time.sleep(0.01)
    return None
