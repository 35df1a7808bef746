"""Candidates chosen from what a run saw: the same at every distance, and after a journal."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.picks import PickTable, Summits, summits_of
from motorscope.picks.summits import NO_SUMMITS
from motorscope.picks.thinning import thinned

places = st.lists(st.tuples(*[st.integers(0, 6)] * 3), max_size=12)


def summits(positions, distance):
    scores = np.linspace(0.9, 0.1, len(positions))
    table = PickTable.from_positions(np.array(positions, dtype=float).reshape(-1, 3), scores)
    return Summits(
        table.set_details(table.ids, model="spots", model_sha256="ab"), distance=float(distance)
    )


@given(places, st.integers(0, 8), st.integers(0, 12))
def test_of_two_that_are_too_near_the_better_one_stays(positions, distance, limit):
    table = summits(positions, distance).maxima
    kept: list[int] = []
    for row, place in enumerate(table.positions):
        far = np.linalg.norm(table.positions[kept] - place, axis=1) >= distance
        if far.all():
            kept.append(row)
    assert thinned(table, distance) == table.select(kept)
    assert thinned(table, distance, limit) == table.select(kept[:limit])


@given(places, st.integers(0, 8))
def test_a_journal_keeps_them_exactly(positions, distance):
    before = summits(positions, distance)
    after = summits_of(json.loads(json.dumps(before.remarks)))
    assert after.distance == before.distance
    assert after.candidates == before.candidates
    assert after.apart(3.0).candidates == before.apart(3.0).candidates


@pytest.mark.parametrize(
    "remarks",
    [
        {},
        NO_SUMMITS,
        {"maxima": {"z": [1.0]}, "minimum_distance": 5.0},
        {"maxima": {**summits([(1, 2, 3)], 1).remarks["maxima"], "x": []}, "minimum_distance": 1},
        {**summits([(1, 2, 3)], 1).remarks, "minimum_distance": "far"},
    ],
    ids=["nothing", "forgotten", "half", "uneven", "no number"],
)
def test_what_cannot_be_read_is_not_known(remarks):
    assert summits_of(remarks) is None
