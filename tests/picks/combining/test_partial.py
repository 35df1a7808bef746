"""A search of a box: candidates there are replaced, those elsewhere and decisions stay."""

import numpy as np
import pytest

from motorscope.picks import PickTable, Summits
from motorscope.picks.combining.partial import inside, patch

BOX = ((0.0, 0.0, 0.0), (100.0, 1000.0, 1000.0))


def seen(places, scores, distance=50.0, **details):
    table = PickTable.from_positions(np.array(places, dtype=float).reshape(-1, 3), scores)
    return Summits(table.set_details(table.ids, **details), distance)


def test_candidates_in_the_box_are_replaced_and_those_elsewhere_keep_their_ids():
    before = seen([[50, 100, 100], [500, 100, 100], [50, 600, 600]], [0.9, 0.8, 0.7], model="old")
    mine = before.candidates
    found = seen([[60, 100, 100], [50, 900, 900], [700, 0, 0]], [0.95, 0.6, 0.5], model="new")
    patched = patch(mine, before, found, BOX, 0.5)
    assert patched.table.frame[["id", "z", "model"]].values.tolist() == [
        [1, 500.0, "old"],
        [3, 60.0, "new"],
        [4, 50.0, "new"],
    ]
    assert str(patched) == "1 new, 1 replaced, 1 gone, 1 elsewhere kept"
    assert patched.summits.maxima.scores.tolist() == [0.95, 0.8, 0.6]
    assert patched.summits.candidates.frame["model"].tolist() == ["new", "old", "new"]


def test_an_empty_part_leaves_all_the_others():
    before = seen([[500, 100, 100], [600, 300, 300]], [0.8, 0.3])
    patched = patch(before.candidates, before, seen([], []), BOX, 0.5)
    assert patched.table == before.candidates
    assert str(patched) == "0 new, 0 replaced, 1 elsewhere kept"  # the other one is not shown


def test_what_a_person_decided_or_moved_in_the_box_stays():
    before = seen([[50, 100, 100], [50, 400, 400], [50, 700, 700]], [0.9, 0.8, 0.7])
    mine = before.candidates.set_status(0, "accepted", who="me")
    mine = mine.move(1, [[50, 420, 400]], who="me").add([[90, 90, 900]])
    found = seen([[55, 100, 100], [50, 425, 400], [50, 700, 700]], [0.9, 0.8, 0.7])
    patched = patch(mine, before, found, BOX, 0.5)
    kept = patched.table.select(np.isin(patched.table.ids, [0, 1, 3]))
    assert kept == PickTable(mine.select([0, 1, 3]).frame, patched.table.next_id)
    assert patched.table.ids.tolist() == [0, 1, 3, 4]
    assert str(patched) == "0 new, 1 replaced, 3 decided there kept, 0 elsewhere kept"


def test_a_better_candidate_in_the_box_displaces_one_just_beyond_it():
    before = seen([[110, 100, 100], [500, 100, 100]], [0.1, 0.8])
    patched = patch(before.candidates, before, seen([[90, 100, 100]], [0.9]), BOX, 0.5)
    assert patched.table.scores.tolist() == [0.8, 0.9]
    assert len(patched.summits.apart(0.0).candidates) == 3  # it is there for a smaller distance


@pytest.mark.parametrize("distance", [0.0, 200.0])
def test_the_chosen_minimum_distance_stays(distance):
    before = seen([[500, 100, 100]], [0.8], distance)
    found = seen([[50, 100, 100], [50, 150, 100]], [0.9, 0.8], 30.0)
    patched = patch(before.candidates, before, found, BOX, 0.5)
    assert patched.summits.distance == distance
    assert len(patched.table) == (3 if distance == 0 else 2)


def test_picks_from_nobody_knows_where_stay_elsewhere():
    mine = PickTable.from_positions([[50, 1, 1], [500, 1, 1]], [0.9, 0.8])
    patched = patch(mine, None, seen([[50, 500, 500]], [0.7]), BOX, 0.5)
    assert patched.table.ids.tolist() == [1, 2]
    assert patched.summits.maxima.scores.tolist() == [0.8, 0.7]


def test_the_border_of_a_box_is_in_it():
    assert inside([[0, 0, 0], [100, 1000, 1000], [100.1, 0, 0]], BOX).tolist() == [1, 1, 0]
