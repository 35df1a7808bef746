"""What is shown, in what order, and where the next step goes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.picks import STATUSES, PickTable
from motorscope.review.order import (
    ORDERS,
    count,
    is_shown,
    neighbour,
    ordered,
    result_in_words,
)

scores = st.one_of(st.just(np.nan), st.floats(0, 1))
places = st.tuples(*[st.floats(-1e4, 1e4)] * 3)


@st.composite
def tables(draw, min_size=0):
    rows = draw(
        st.lists(
            st.tuples(places, scores, st.sampled_from(STATUSES)), min_size=min_size, max_size=9
        )
    )
    return PickTable.from_positions(
        np.array([row[0] for row in rows]).reshape(-1, 3),
        [row[1] for row in rows],
        status=[row[2] for row in rows],
    )


@given(tables(), st.floats(0, 1))
def test_the_threshold_hides_undecided_candidates_only(table, threshold):
    shown = is_shown(table, threshold)
    for row in range(len(table)):
        undecided = table.frame["status"][row] == "candidate"
        assert shown[row] == (not (undecided and table.scores[row] < threshold))
    counts = count(table, threshold)
    assert counts.accepted + counts.rejected + counts.undecided == shown.sum()
    assert counts.hidden == (~shown).sum()
    without = is_shown(table, threshold, rejected=False)
    assert not without[(table.frame["status"] == "rejected").to_numpy()].any()


@given(tables(), st.sampled_from(ORDERS), st.booleans())
def test_every_order_has_every_row_once(table, order, backwards):
    rows = ordered(table, order, 0.5, backwards)
    assert sorted(rows) == list(range(len(table)))


def test_orders_mean_what_they_say():
    table = PickTable.from_positions(
        [[3, 0, 0], [1, 0, 2], [1, 0, 1], [0, 5, 0]], [0.2, 0.9, np.nan, 0.6]
    )
    assert ordered(table, "score").tolist() == [1, 3, 0, 2]
    assert ordered(table, "uncertainty", threshold=0.25).tolist() == [0, 3, 1, 2]
    assert ordered(table, "position").tolist() == [3, 2, 1, 0]
    assert ordered(table, "id", backwards=True).tolist() == [3, 2, 1, 0]
    with pytest.raises(ValueError, match="order"):
        ordered(table, "beauty")


def test_a_result_says_how_many_motors_the_best_score_and_the_key():
    table = PickTable.from_positions(np.zeros((4, 3)), [0.2, 0.984, 0.6, 0.99])
    table = table.set_status([3], "accepted")
    said = result_in_words(table, 0.5, "N")
    assert said == "found 2 motors to decide on, the best 0.98; N goes to the next"
    low = PickTable.from_positions(np.zeros((2, 3)), [0.03, 0.01])
    assert result_in_words(low, 0.5, "N") == "no motor, the best candidate has 0.03"
    assert result_in_words(PickTable.empty(), 0.5, "N") == "no motor"


@given(tables(min_size=1), st.data())
def test_steps_visit_every_wanted_row_once_and_come_back(table, data):
    rows = ordered(table, "score")
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table))))
    start = data.draw(st.sampled_from([None, *range(len(table))]))
    row, visited = start, []
    for _ in range(int(wanted.sum())):
        row = neighbour(rows, wanted, row)
        visited.append(row)
    assert sorted(visited) == np.flatnonzero(wanted).tolist()
    if not wanted.any():
        assert neighbour(rows, wanted, start) is None


def test_a_step_back_undoes_a_step():
    rows, wanted = np.array([2, 0, 1]), np.ones(3, dtype=bool)
    assert neighbour(rows, wanted, neighbour(rows, wanted, 0), -1) == 0
