import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.picks import ORIGINS, STATUSES, PickTable
from motorscope.picks.rows import DETAILS
from motorscope.review.journal.changes import apply, difference, everything

numbers = st.floats(-1e6, 1e6)


@st.composite
def edited(draw, table, edits):
    """A table after some random edits."""
    for _ in range(draw(st.integers(0, edits))):
        kind = draw(st.sampled_from(["add", "move", "remove", "status", "detail", "order"]))
        if kind == "add" or not len(table):
            table = table.add(
                draw(st.tuples(numbers, numbers, numbers)),
                draw(st.one_of(st.just(np.nan), st.floats(0, 1))),
                origin=draw(st.sampled_from(ORIGINS)),
                status=draw(st.sampled_from(STATUSES)),
            )
            continue
        chosen = draw(st.lists(st.sampled_from(table.ids.tolist()), min_size=1, unique=True))
        if kind == "move":
            places = draw(st.lists(st.tuples(numbers, numbers, numbers), min_size=len(chosen)))
            table = table.move(chosen, places[: len(chosen)])
        elif kind == "remove":
            table = table.remove(chosen)
        elif kind == "status":
            table = table.set_status(chosen, draw(st.sampled_from(STATUSES)), who="ada")
        elif kind == "detail":
            table = table.set_details(chosen, **{draw(st.sampled_from(DETAILS)): draw(st.text())})
        else:
            table = table.select(draw(st.permutations(range(len(table)))))
    return table


pairs = edited(PickTable.empty(), 6).flatmap(
    lambda before: st.tuples(st.just(before), st.one_of(edited(before, 6), st.just(before)))
)


@settings(max_examples=50, deadline=None)
@given(pairs)
def test_a_change_leads_from_one_table_to_the_other_and_back(pair):
    before, after = pair
    for old, new in ((before, after), (after, before)):
        change = json.loads(json.dumps(difference(old, new), allow_nan=False))
        assert apply(old, change) == new
    assert apply(PickTable.empty(), everything(after)) == after


def test_a_change_is_small():
    table = PickTable.from_positions(np.zeros((10_000, 3)), 0.5)
    change = difference(table, table.set_status([5, 9], "accepted"))
    assert change == {
        "next_id": 10_000,
        "change": {"id": [5, 9], "status": ["accepted", "accepted"]},
    }
    assert difference(table, table) == {"next_id": 10_000}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"next_id": 1, "remove": [3]},
        {"next_id": 1, "change": {"id": [3], "z": [0.0]}},
        {"next_id": 1, "add": {"id": [0]}},
        {"next_id": 1, "add": {"z": [0.0], "y": [0.0], "x": [0.0]}},
        {"next_id": 1, "add": {"id": [0], "z": ["far"], "y": [0], "x": [0]}},
        {"next_id": 1, "order": [1, 2]},
    ],
)
def test_a_change_that_does_not_fit_is_refused(change):
    with pytest.raises((KeyError, ValueError, TypeError)):
        apply(PickTable.empty(), change)
