"""What looks like a pick comes into the review, and decisions refine it."""

import numpy as np
import pytest

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.encoder.questions.alike import AlikeController
from motorscope.plugin.layers.kinds import ALIKE
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import intake

SPOTS = ((12, 12, 12), (12, 12, 48), (12, 48, 12), (16, 48, 48))


@pytest.fixture
def workspace(workspace, viewer, add_spot):
    """Return a workspace with four spots that look much the same."""
    viewer.layers.clear()
    layer = add_spot(SPOTS[0])
    for spot, value in zip(SPOTS, (220, 250, 235, 225), strict=True):
        layer.data[spot] = value
    return workspace


@pytest.fixture
def encoder(workspace, runner):
    made = EncoderController(workspace, lambda: runner)
    made.choose_stage("layer1")
    made.compute()
    yield made
    made.close()


@pytest.fixture
def alike(encoder, runner):
    made = AlikeController(encoder, lambda: runner)
    yield made
    made.close()


@pytest.fixture
def review(workspace):
    made = ReviewController.of(workspace).begin(workspace.layer)
    intake.take_in(made, PickTable.from_positions(made.grid.to_world([SPOTS[0]]), 0.9), 100.0)
    made.set_threshold(0.5)
    return made


def found_of(review):
    return review.table.select(review.table.origins == "alike")


def test_one_example_finds_the_others(alike, review, workspace):
    with pytest.raises(PicksError, match="Like what"):
        alike.find()
    review.go_to(0)
    alike.find()
    best = found_of(review).above(0.5)
    truth = review.grid.to_world(SPOTS[1:])
    away = np.linalg.norm(best.positions[:, None] - truth[None], axis=2)
    assert (away.min(axis=0) < 64.0).all()
    layer = workspace.tomogram.layer_of(ALIKE)
    assert layer.name == "similarity of tomo"
    assert np.allclose(layer.scale, 64.0)
    assert "Like 1 example" in alike.words


def test_the_stage_that_knows_most_is_opened_for_it(alike, encoder, review, workspace):
    assert alike.elsewhere == "decoder1"
    with pytest.raises(PicksError, match="Like what"):
        alike.find_elsewhere()
    assert encoder.stage == "layer1"  # nothing was changed
    review.go_to(0)
    alike.find_elsewhere()
    assert encoder.stage == "decoder1"
    assert alike.elsewhere is None
    assert alike.looking
    assert "Like 1 example" in alike.words
    encoder.choose_stage("layer1")
    assert not alike.looking
    alike.find_elsewhere()  # kept by now
    assert encoder.stage == "decoder1"
    assert alike.looking


def test_a_decision_refines_and_is_undone_with_what_came_of_it(alike, review, workspace):
    review.go_to(0)
    alike.find()
    before = review.table
    shown = workspace.tomogram.layer_of(ALIKE).data
    first = int(found_of(review).ids[0])
    review.go_to(first)
    review.decide("rejected", go_on=True)
    here = review.current
    assert here is not None  # refining does not take the next candidate away
    assert not np.array_equal(workspace.tomogram.layer_of(ALIKE).data, shown)
    steps = len(review.history.past)
    assert review.undo()
    assert review.table == before  # one step for the decision and what it changed
    assert len(review.history.past) == steps - 1
    assert review.redo()
    assert first in review.table.with_status("rejected").ids


def test_accepted_ones_become_examples(alike, review):
    review.go_to(0)
    alike.find()
    review.go_to(int(found_of(review).ids[0]))
    review.decide("accepted")
    assert "Like 2 examples" in alike.words


def test_stop_refines_nothing_any_longer(alike, review):
    review.go_to(0)
    alike.find()
    alike.stop()
    found = found_of(review)
    review.go_to(int(found.ids[0]))
    review.decide("rejected")
    assert np.array_equal(found_of(review).scores, found.scores)
    assert not alike.looking


def test_another_stage_ends_the_search(alike, review, encoder):
    review.go_to(0)
    alike.find()
    encoder.choose_stage("stem")
    encoder.compute()
    assert not alike.looking


def test_what_to_look_for_elsewhere_is_what_was_decided_here(alike, review, encoder):
    with pytest.raises(PicksError, match="in this tomogram first"):
        alike.like()
    review.go_to(0)
    alike.find()
    first = int(found_of(review).ids[0])
    review.go_to(first)
    review.decide("accepted")
    like = alike.like()
    assert like.key == encoder.open_stage.key
    assert set(like.wanted.ids) == {0, first}
    assert not len(like.rejected)
