"""Places that look like examples, among picks."""

import numpy as np

from motorscope.picks import PickTable
from motorscope.picks.combining.alike import with_alike


def table(*places, scores=np.nan, **options):
    return PickTable.from_positions(np.reshape(places, (-1, 3)), scores, **options)


def found(*places, scores=0.8):
    return table(*places, scores=scores, origin="alike")


def test_a_hidden_candidate_does_not_keep_a_place_away_but_a_shown_one_does():
    mine = table((0, 0, 0), (900, 0, 0), scores=[0.1, 0.9])
    result = with_alike(mine, found((10, 0, 0), (910, 0, 0)), 100.0, 0.5)
    assert result.select(result.origins == "alike").positions.tolist() == [[10, 0, 0]]


def test_a_place_that_was_there_keeps_its_id_and_takes_the_new_score():
    first = with_alike(PickTable.empty(), found((0, 0, 0), (500, 0, 0)), 100.0, 0.5)
    again = with_alike(first, found((510, 0, 0), (900, 0, 0), scores=[0.6, 0.3]), 100.0, 0.5)
    assert again.ids.tolist() == [1, 2]
    assert again.scores.tolist() == [0.6, 0.3]
    assert again.positions[0].tolist() == [510, 0, 0]


def test_what_a_person_decided_stays():
    first = with_alike(PickTable.empty(), found((0, 0, 0)), 100.0, 0.5)
    decided = first.set_status([0], "rejected", who="me")
    again = with_alike(decided, found((5, 0, 0)), 100.0, 0.5)
    assert again == decided


def test_only_the_best_come_and_a_decision_brings_on_the_next():
    places = found(*((1000 * n, 0, 0) for n in range(15)), scores=np.linspace(0.9, 0.5, 15))
    first = with_alike(PickTable.empty(), places, 100.0, 0.5)
    assert first.positions[:, 0].tolist() == [1000 * n for n in range(10)]
    decided = first.set_status([3], "accepted", who="me")
    again = with_alike(decided, places, 100.0, 0.5)
    assert 10_000 in again.positions[:, 0]
    assert len(again) == 11
