"""Jobs in threads: what arrives in the main thread, and what is left behind."""

import gc
import logging
import threading
import weakref

import pytest

from motorscope.engine import Failure
from motorscope.engine.handle import THREAD_NAME
from motorscope.errors import TomogramError
from motorscope.plugin.qt.runner import JobRunner


@pytest.fixture
def runner(qtbot):
    made = JobRunner()
    yield made
    made.cancel()
    qtbot.waitUntil(lambda: not threads())


def threads():
    return [each for each in threading.enumerate() if each.name == THREAD_NAME]


def counting(number, cancel):
    yield from range(number)
    return "end"


def until_cancelled(cancel):
    while not cancel.wait(0.01):
        yield "more"
    return "too late"


def test_messages_and_result_arrive_in_order_in_the_main_thread(qtbot, runner):
    seen, busy = [], []
    runner.busy_changed.connect(busy.append)

    def note(value):
        seen.append((value, threading.current_thread() is threading.main_thread()))

    runner.start(counting, 3, on_message=note, on_result=note)
    assert runner.busy
    qtbot.waitUntil(lambda: not runner.busy)
    assert seen == [(0, True), (1, True), (2, True), ("end", True)]
    assert busy == [True, False]


def test_cancelled_job_says_nothing_more_and_ends_with_none(qtbot, runner):
    messages, results = [], []
    runner.start(until_cancelled, on_message=messages.append, on_result=results.append)
    qtbot.waitUntil(lambda: bool(messages))
    runner.cancel()
    count = len(messages)
    qtbot.waitUntil(lambda: not runner.busy)
    assert results == [None]
    assert len(messages) == count


@pytest.mark.parametrize("error", [RuntimeError("torch says no"), KeyError("x"), MemoryError()])
def test_unexpected_error_is_said_and_logged(qtbot, runner, error, caplog):
    def failing(cancel):
        yield 1
        raise error

    results = []
    with caplog.at_level(logging.ERROR):
        runner.start(failing, on_result=results.append)
        qtbot.waitUntil(lambda: not runner.busy)
    assert isinstance(results[0], Failure)
    assert type(error).__name__ in results[0].text
    assert "Traceback" in caplog.text


def test_error_of_a_person_is_said_in_its_own_words(qtbot, runner, caplog):
    def failing(cancel):
        yield 1
        raise TomogramError("This file is empty; choose another.")

    results = []
    runner.start(failing, on_result=results.append)
    qtbot.waitUntil(lambda: not runner.busy)
    assert results == [Failure("This file is empty; choose another.", "TomogramError")]
    assert not caplog.records


def test_arrays_of_a_failed_job_are_let_go(qtbot, runner):
    class Volume:
        pass

    kept = []

    def failing(cancel):
        volume = Volume()
        kept.append(weakref.ref(volume))
        yield 1
        raise ValueError("broken")

    results = []
    runner.start(failing, on_result=results.append)
    qtbot.waitUntil(lambda: not runner.busy and not threads())
    gc.collect()
    assert kept[0]() is None


def test_runner_that_is_deleted_in_mid_run_leaves_no_thread(qtbot):
    runner = JobRunner()
    tokens = runner.tokens
    runner.start(until_cancelled)
    del runner
    gc.collect()
    tokens.cancel_all()
    qtbot.waitUntil(lambda: not threads())
