import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.picks import PickTable

THREE = PickTable.from_positions([(1, 2, 3), (4, 5, 6), (7, 8, 9)], [0.9, 0.5, 0.1])


def test_an_empty_table_has_all_columns_with_their_types():
    empty = PickTable.empty()
    assert len(empty) == 0
    assert empty.positions.shape == (0, 3)
    assert (empty.frame.dtypes == THREE.frame.dtypes).all()
    assert empty.above(0.5) == empty
    assert empty.select([]) == empty
    assert empty.remove([]) == empty
    assert empty.add(np.empty((0, 3))) == empty


def test_types_stay_through_every_operation():
    table = PickTable.empty().add([(1, 2, 3)], note="x").set_status(0, "rejected", who="me")
    table = table.merge(THREE).move(0, (0, 0, 0)).set_details([1, 2], note="y")
    assert (table.frame.dtypes == THREE.frame.dtypes).all()
    assert (PickTable.from_frame(table.frame).frame.dtypes == THREE.frame.dtypes).all()
    assert PickTable.from_frame(table.frame, next_id=table.next_id) == table


def test_operations_leave_the_old_table_alone():
    before = THREE.frame.copy()
    THREE.move(1, (0, 0, 0))
    THREE.set_status([0, 2], "accepted")
    THREE.remove(1)
    THREE.add([(1, 1, 1)])
    THREE.merge(THREE)
    pd.testing.assert_frame_equal(THREE.frame, before)


def test_a_persons_pick_is_accepted_and_has_no_score():
    table = THREE.add((1, 1, 1), who="ada", when="2026-11-21T12:00:00+00:00")
    row = table.frame.iloc[-1]
    assert (row["id"], row["origin"], row["status"], row["who"]) == (3, "user", "accepted", "ada")
    assert np.isnan(row["score"])
    assert table.above(0.5).ids.tolist() == [0, 1, 3]


def test_ids_are_never_used_again():
    table = THREE.remove([2]).add((0, 0, 0))
    assert table.ids.tolist() == [0, 1, 3]
    assert table.merge(THREE).ids.tolist() == [0, 1, 3, 4, 5, 6]


def test_rows_are_addressed_by_id_in_any_order():
    table = THREE.select([2, 0, 1])
    assert table.ids.tolist() == [2, 0, 1]
    assert table.rows_of([0, 1, 2]).tolist() == [1, 2, 0]
    moved = table.move([1, 2], [(10, 10, 10), (20, 20, 20)])
    assert moved.positions.tolist() == [[20, 20, 20], [1, 2, 3], [10, 10, 10]]
    assert moved.scores.tolist() == table.scores.tolist()


def test_statuses():
    table = THREE.set_status([0, 2], "rejected", who="ada")
    assert table.with_status("rejected").ids.tolist() == [0, 2]
    assert table.with_status("candidate", "accepted").ids.tolist() == [1]
    assert table.frame["who"].tolist() == ["ada", "", "ada"]


def test_a_new_run_keeps_what_a_person_did():
    table = THREE.set_status(0, "accepted").set_status(1, "rejected").add((100, 0, 0))
    found = PickTable.from_positions(
        [(1, 2, 4), (4, 5, 6), (50, 0, 0), (100, 1, 0)], [0.8, 0.7, 0.6, 0.5], model="new"
    )
    merged = table.with_candidates(found, minimum_distance=5)
    assert merged.ids.tolist() == [0, 1, 3, 4]
    assert merged.frame["status"].tolist() == ["accepted", "rejected", "accepted", "candidate"]
    assert merged.positions[-1].tolist() == [50, 0, 0]
    assert merged.frame["model"].tolist() == ["", "", "", "new"]
    assert (
        PickTable.empty().with_candidates(found, 5).positions.tolist() == found.positions.tolist()
    )
    assert len(THREE.with_candidates(PickTable.empty(), 5)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: THREE.set_status(0, "maybe"),
        lambda: THREE.add((0, 0, 0), origin="someone"),
        lambda: THREE.add((0, 0, 0), colour="red"),
        lambda: THREE.set_details(0, colour="red"),
        lambda: THREE.with_status("maybe"),
        lambda: PickTable.from_positions([(0, 0, 0)], status="maybe"),
        lambda: PickTable.from_frame(THREE.frame.assign(id=0)),
        lambda: PickTable.from_frame(THREE.frame.assign(status="maybe")),
    ],
)
def test_wrong_words_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        wrong()


@pytest.mark.parametrize("operation", ["remove", "move", "set_status", "rows_of"])
def test_an_unknown_id_is_refused(operation):
    more = {"move": [(0, 0, 0)], "set_status": ["accepted"]}.get(operation, [])
    with pytest.raises(KeyError, match="7"):
        getattr(THREE, operation)(7, *more)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=3, max_size=3))
def test_a_mask_and_its_row_numbers_select_the_same(mask):
    assert THREE.select(mask) == THREE.select(np.flatnonzero(mask))
    assert THREE.select(mask).next_id == 3


def test_equality():
    assert THREE == THREE.select([0, 1, 2])
    assert THREE != THREE.move(0, (9, 9, 9))
    assert THREE != THREE.add((0, 0, 0)).remove(3)  # the next id differs
    assert THREE != "a table"
