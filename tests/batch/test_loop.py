"""One loop: outcomes, failures, cancelling, numbers and the time left."""

import threading
from contextlib import closing

import pytest

from motorscope.batch.loop import Begun, Done, Standing, Totals, follow, in_turn
from motorscope.batch.pace import Pace
from motorscope.contract import Notice, Progress, run_to_end
from motorscope.errors import TomogramError


def look(name):
    yield Progress("Looking", 1, 2, 3.0)
    if name == "bad":
        raise TomogramError("bad is damaged.")
    if name == "gone":
        raise FileNotFoundError("gone")
    return name.upper()


def loop(names, work=look, cancel=None, before=0):
    cancel = cancel or threading.Event()
    return follow(names, in_turn(names, work, cancel, before), len)


def test_each_has_one_outcome_and_failures_stop_nobody():
    messages = []
    names = ["one", "bad", "gone", "four"]
    assert run_to_end(loop(names, before=2), messages.append) == Totals(4, 2)
    begun = [(each.item, each.number, each.total) for each in messages if isinstance(each, Begun)]
    assert begun == [("one", 3, 6), ("bad", 4, 6), ("gone", 5, 6), ("four", 6, 6)]
    done = [each for each in messages if isinstance(each, Done)]
    assert [each.value for each in done] == ["ONE", None, None, "FOUR"]
    assert [type(each.error) for each in done[1:3]] == [TomogramError, FileNotFoundError]
    kinds = [type(each) for each in messages[:5]]
    assert kinds == [Begun, Standing, Progress, Done, Standing]
    assert messages[-1] == Standing(4, 2, 4, 0.0)


def test_what_is_cancelled_has_no_outcome_and_nothing_follows():
    cancel = threading.Event()

    def stopped(name):
        yield Notice(name)
        cancel.set()
        return None

    messages = []
    assert run_to_end(loop(["a", "b"], stopped, cancel), messages.append) == Totals(0, 0)
    assert messages == [Begun("a", 1, 2), Notice("a")]
    assert run_to_end(loop(["a"], cancel=cancel)) == Totals(0, 0)


def test_faults_of_the_program_are_not_taken_for_an_items():
    def faulty(name):
        yield from ()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_to_end(loop(["a"], faulty))


def test_work_is_ended_when_the_loop_is_closed():
    ended = []

    def watched(name):
        try:
            yield Notice(name)
        finally:
            ended.append(name)

    with closing(loop(["a", "b"], watched)) as messages:
        next(message for message in messages if isinstance(message, Notice))
    assert ended == ["a"]


def test_time_left_is_of_all_items():
    now = 0.0
    pace = Pace((100, 300, 200), lambda: now)
    now = 1.0
    assert pace.left(100) is None
    assert pace.left(100, 4.0) == 4 + 25
    now = 10.0
    pace.add(100)
    now = 15.0
    assert pace.left(300) == 25 + 20
    assert pace.left(300, 40.0) == 40 + 20
    pace.add(300, worked=False)  # failed: says nothing about the others
    assert pace.left(200) == 20
