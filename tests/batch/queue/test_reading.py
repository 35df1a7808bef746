"""Tomograms are opened one ahead, without a window."""

import threading
from collections import deque

import numpy as np
import pytest

from motorscope.batch.queue.reading import Failed, Opened, TomogramReader, open_job
from motorscope.errors import SpacingError
from motorscope.tomogram import write_heatmap


class StepRunner:
    """Runs jobs when it is told, as a window would between events; the latest start counts."""

    def __init__(self):
        self.waiting = deque()

    def start(self, job, *about, on_message, on_result):
        self.waiting.append((job, about, on_message, on_result))

    def cancel(self):
        self.waiting.clear()

    def step(self):
        job, about, on_message, on_result = self.waiting.popleft()
        for message in job(*about, threading.Event()):
            on_message(message)
        on_result(None)


@pytest.fixture
def runner():
    return StepRunner()


@pytest.fixture
def seen():
    return []


@pytest.fixture
def reader(runner, seen):
    return TomogramReader(
        runner, lambda tomogram: {"name": tomogram.name}, seen.append, seen.append
    )


def test_an_opened_tomogram_comes_with_what_a_viewer_made_of_it(entries):
    opened, *others = open_job(entries["a"], None, lambda t: {"name": t.name}, threading.Event())
    assert not others
    assert isinstance(opened, Opened)
    assert opened.arguments == {"name": "a"}
    assert opened.heatmap is None


def test_the_heatmap_of_an_earlier_search_comes_with_it(entries):
    entry = entries["a"]
    tomogram = next(open_job(entry, None, lambda _: {}, threading.Event())).tomogram
    values = np.random.default_rng(1).random(tomogram.grid.shape, dtype=np.float32)
    write_heatmap(entry.heatmap, values, tomogram.grid)
    opened = next(open_job(entry, None, lambda _: {}, threading.Event()))
    np.testing.assert_allclose(opened.heatmap[0], values, atol=2e-3)


def test_one_that_cannot_be_opened_is_told_and_the_reader_goes_on(reader, runner, seen, entries):
    reader.want(entries["torn"], None)
    runner.step()
    (failed,) = seen
    assert isinstance(failed, Failed)
    assert "torn.mrc" in failed.text
    assert reader.wanted is None
    reader.want(entries["b"], None)
    runner.step()
    assert seen[-1].path == entries["b"].path


def test_what_was_read_ahead_is_there_at_once(reader, runner, seen, entries):
    reader.want(entries["a"], None)
    reader.read_ahead(entries["b"], None)
    runner.step()
    assert [each.path for each in seen] == [entries["a"].path]
    runner.step()  # the one ahead
    assert len(seen) == 1
    reader.want(entries["b"], None)
    assert seen[-1].path == entries["b"].path
    assert not runner.waiting


def test_what_was_read_ahead_can_be_forgotten(reader, runner, seen, entries):
    reader.read_ahead(entries["b"], None)
    runner.step()
    reader.forget(entries["a"].path)
    reader.forget(entries["b"].path)
    reader.want(entries["b"], None)
    assert not seen
    assert runner.waiting


def test_a_new_wish_takes_the_place_of_the_one_before(reader, runner, seen, entries):
    reader.want(entries["a"], None)
    reader.want(entries["b"], None)
    assert len(runner.waiting) == 1
    runner.step()
    assert [each.path for each in seen] == [entries["b"].path]


def test_a_failure_for_want_of_a_spacing_says_what_to_do(entries):
    failed = Failed.of(entries["silent"].path, SpacingError("none"))
    assert failed.unspaced
    assert "Spacing where unknown" in failed.text
    assert not Failed.of(entries["torn"].path, OSError("torn")).unspaced
