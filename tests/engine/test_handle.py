"""Work in a thread, and what comes of it."""

import threading

import pytest

from motorscope.engine import start
from motorscope.engine.lane import Lane
from motorscope.errors import MotorscopeError, SpacingError
from motorscope.review import JournalInUseError


def counting(stop, cancel):
    for number in range(stop):
        if cancel.is_set():
            return None
        yield number
    return "all"


def test_messages_come_in_order_and_then_the_result():
    handle = start(lambda cancel: counting(3, cancel))
    assert list(handle.messages()) == [0, 1, 2]
    assert handle.done
    assert handle.result() == handle.result() == "all"
    assert handle.poll() is None


def test_nobody_has_to_wait():
    go = threading.Event()

    def job(cancel):
        go.wait()
        yield 1

    handle = start(job)
    assert handle.poll() is None
    assert not handle.done
    go.set()
    assert handle.result() is None
    assert handle.done


def test_cancelled_work_has_no_result_even_if_it_came_to_one():
    go = threading.Event()

    def job(cancel):
        yield 1
        go.wait()
        return "too late"

    handle = start(job)
    handle.cancel()
    go.set()
    assert handle.result() is None


@pytest.mark.parametrize("error", [SpacingError, JournalInUseError])
def test_error_arrives_as_a_new_one_of_its_kind(error):
    def job(cancel):
        yield 1
        raise error("That is why.")

    handle = start(job)
    assert list(handle.messages()) == [1]
    kind = SpacingError if error is SpacingError else MotorscopeError
    with pytest.raises(kind, match=r"That is why\.") as caught:
        handle.result()
    assert caught.value.__context__ is None


def test_unexpected_error_is_a_sentence_and_in_the_log(caplog):
    def job(cancel):
        yield 1
        raise KeyError("z")

    with pytest.raises(MotorscopeError, match="Unexpected KeyError"):
        start(job).result()
    assert "in job" in caplog.text


def test_one_at_a_time_in_the_order_of_asking():
    lane, running, order = Lane(), [], []
    second_waits = threading.Event()

    def work(number):
        running.append(number)
        if number == 0:
            second_waits.wait(10)
        yield from ()
        order.append((number, list(running)))
        running.remove(number)

    def job(number):
        return lambda cancel: lane.in_turn(number, lambda: work(number), cancel)

    first = start(job(0))
    while not running:
        pass
    later = [start(job(number)) for number in range(6, 0, -1)]  # so that chance is not enough
    for handle in later:
        assert "Waiting" in next(handle.messages()).what
    cancelled = start(job(7))
    assert "Waiting" in next(cancelled.messages()).what
    cancelled.cancel()
    assert cancelled.result() is None
    second_waits.set()
    for handle in (first, *later):
        handle.result()
    assert order == [(number, [number]) for number in range(7)]
