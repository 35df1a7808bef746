import time

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from motorscope.picks import PickTable
from motorscope.review import History

START = PickTable.from_positions([(0, 0, 0), (5, 5, 5)], [0.5, 0.8])


def test_the_moves_of_one_drag_are_one_step():
    history = History.of(START)
    for step in range(20):
        history = history.do(history.present.move(0, (step + 1, 0, 0)), drag=(0, "press 1"))
    assert history.present.positions[0].tolist() == [20, 0, 0]
    assert history.undo().present == START
    assert history.undo().redo().present == history.present
    again = history.do(history.present.move(0, (0, 0, 0)), drag=(0, "press 2"))
    assert again.undo().present == history.present


def test_an_undo_ends_the_drag():
    history = History.of(START).do(START.move(0, (1, 0, 0)), drag="a").undo()
    history = history.do(START.move(0, (2, 0, 0)), drag="a")
    assert history.undo().present == START
    history = history.undo().redo().do(START.move(0, (3, 0, 0)), drag="a")
    assert history.undo().present == START.move(0, (2, 0, 0))


def test_another_edit_ends_the_drag():
    history = History.of(START).do(START.move(0, (1, 0, 0)), drag="a")
    history = history.do(history.present.set_status(1, "accepted"))
    history = history.do(history.present.move(0, (2, 0, 0)), drag="a")
    assert len(history.past) == 3


def test_doing_nothing_is_no_step():
    history = History.of(START).do(START.move(0, (1, 1, 1))).undo()
    assert history.do(history.present.set_status(0, "candidate")) is history
    assert history.can_redo


class Editing(RuleBasedStateMachine):
    """Any edits, undone and redone, against a plain list of what there was."""

    def __init__(self):
        super().__init__()
        self.history = History.of(START, limit=6)
        self.done, self.undone = [START], []

    def step(self, table):
        if table != self.history.present:
            self.done, self.undone = [*self.done, table][-7:], []
        before = self.history
        self.history = before.do(table)
        assert self.history.do(table) is self.history

    @rule(z=st.integers(-3, 3))
    def add(self, z):
        self.step(self.history.present.add((z, 0, 0)))

    @precondition(lambda self: len(self.history.present))
    @rule(data=st.data(), z=st.integers(-3, 3))
    def move(self, data, z):
        chosen = data.draw(st.sampled_from(self.history.present.ids.tolist()))
        self.step(self.history.present.move(chosen, (z, 1, 1)))

    @precondition(lambda self: len(self.history.present))
    @rule(data=st.data())
    def remove(self, data):
        chosen = data.draw(st.sampled_from(self.history.present.ids.tolist()))
        self.step(self.history.present.remove(chosen))

    @precondition(lambda self: len(self.history.present))
    @rule(data=st.data(), status=st.sampled_from(["accepted", "rejected", "candidate"]))
    def decide(self, data, status):
        chosen = data.draw(st.sampled_from(self.history.present.ids.tolist()))
        self.step(self.history.present.set_status(chosen, status))

    @rule()
    def undo(self):
        self.history = self.history.undo()
        if len(self.done) > 1:
            self.undone.append(self.done.pop())

    @rule()
    def redo(self):
        self.history = self.history.redo()
        if self.undone:
            self.done.append(self.undone.pop())

    @invariant()
    def as_the_plain_list_says(self):
        assert self.history.present == self.done[-1]
        assert self.history.can_undo == (len(self.done) > 1)
        assert self.history.can_redo == bool(self.undone)
        assert len(self.history.past) <= 6


TestEditing = Editing.TestCase
TestEditing.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)


def test_ten_thousand_picks_are_edited_at_once():
    rng = np.random.default_rng(0)
    table = PickTable.from_positions(rng.uniform(0, 1e4, (10_000, 3)), rng.uniform(0, 1, 10_000))
    history = History.of(table)
    slowest = 0.0
    for number in range(20):
        begun = time.perf_counter()
        history = history.do(history.present.set_status(np.arange(number, 10_000), "accepted"))
        history = history.do(history.present.move(number, (1, 2, 3)))
        history = history.undo().redo()
        history.present.above(0.5)
        slowest = max(slowest, time.perf_counter() - begun)
    assert slowest < 0.5  # a fifth of it is usual; a busy machine is forgiven
