"""What a person can do in a review by name, and what is said of it, without a viewer."""

import numpy as np
import pytest

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.review import Review
from motorscope.review.actions import ACTIONS, BARE, do, key_of, snap
from motorscope.tomogram import VoxelGrid

GRID = VoxelGrid((40, 40, 40), (10.0, 10.0, 10.0))
PLACES = np.array([[100.0, 100, 100], [200, 200, 200], [300, 300, 300]])
ELSEWHERE = {"add", "snap", "zoom", BARE}  # need a place, a heatmap or a view


@pytest.fixture
def review() -> Review:
    return Review("tomo", GRID, PickTable.from_positions(PLACES, [0.9, 0.6, 0.2]), 0.5)


def test_every_action_without_a_view_does_something_or_says_why_not(review):
    for action in ACTIONS:
        if action.name in ELSEWHERE:
            with pytest.raises(KeyError):
                do(review, action.name)
        elif action.name != "delete":
            assert isinstance(do(review, action.name), str)


def test_a_decision_goes_on_to_the_next_undecided_if_that_is_wanted(review):
    do(review, "undecided")
    assert do(review, "accept", go_on=False) == ""
    assert review.current == 0
    do(review, "undecided")
    assert do(review, "reject") == "Every motor that is shown is decided."
    assert review.counts().hidden == 1
    assert do(review, "reject all") == "1 candidate rejected."
    assert do(review, "undo") == ""
    assert do(review, "redo") == ""
    assert do(review, "redo") == "There is nothing to redo."


def test_what_needs_a_selection_says_so(review):
    review.select([])
    for name in ("accept", "delete", "unsure"):
        with pytest.raises(PicksError, match="No motor is selected"):
            do(review, name)


def test_snap_moves_to_the_maximum_within_reach(review):
    z, y, x = np.ogrid[:40, :40, :40]
    heatmap = 0.8 * np.exp(-((z - 12) ** 2 + (y - 11) ** 2 + (x - 9) ** 2) / 8).astype(np.float32)
    review.go_to(0)
    assert snap(review, heatmap, GRID) == "Moved to a maximum of 0.80."
    assert review.position(0) == pytest.approx([120.0, 110.0, 90.0], abs=1)
    review.select([0, 2])
    assert snap(review, heatmap, GRID, radius=100.0).endswith("; 1 stayed.")
    review.select([2])
    with pytest.raises(PicksError, match=r"no maximum of 0\.01 or more within 100 Å"):
        snap(review, heatmap, GRID, radius=100.0)


def test_keys_are_all_different():
    keys = [action.key for action in ACTIONS if action.key]
    assert len(keys) == len(set(keys))
    assert key_of("accept") == "K"
