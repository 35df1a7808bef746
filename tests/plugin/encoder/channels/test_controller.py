"""Which channels matter, by what a person has decided."""

import numpy as np
import pytest

from motorscope.contract.stages import BY_BACKGROUND, BY_VARIANCE
from motorscope.errors import ConfigError, PicksError
from motorscope.picks import PickTable
from motorscope.plugin.encoder.channels.controller import ChannelsController
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import intake


@pytest.fixture
def channels(encoder, runner):
    made = ChannelsController(encoder, lambda: runner)
    yield made
    made.close()


@pytest.fixture
def review(workspace):
    made = ReviewController.of(workspace).begin(workspace.layer)
    grid = made.grid
    places = grid.to_world([[12, 36, 20], [20, 20, 50]])
    intake.take_in(made, PickTable.from_positions(places, np.array([0.9, 0.8])), 100.0)
    return made


def test_channels_open_ranked_by_variance_and_the_first_is_shown(channels, encoder):
    encoder.compute()
    assert channels.by == BY_VARIANCE
    assert channels.table["variance"].is_monotonic_decreasing
    assert encoder.shown == channels.table["channel"].iloc[0]
    assert encoder.channels == tuple(channels.table["channel"])


def test_a_decision_ranks_them_anew(channels, encoder, review):
    encoder.compute()
    review.go_to(0)
    review.decide("accepted")
    assert channels.by == BY_BACKGROUND
    assert channels.table["auc"].notna().all()
    assert channels.table["auc_rejected"].isna().all()
    review.go_to(1)
    review.decide("rejected")
    assert channels.table["auc_rejected"].notna().all()


def test_the_current_pick_has_percentiles(channels, encoder, review):
    encoder.choose_stage("stem")
    encoder.compute()
    assert "percentile" not in channels.table
    review.go_to(0)
    assert channels.table["percentile"].max() > 90


def test_the_same_picks_are_not_asked_about_twice(channels, encoder, review, runner):
    encoder.compute()
    runner.held = True
    review.set_threshold(0.3)
    assert not runner.waiting


def test_columns_can_be_sorted_both_ways(channels, encoder):
    encoder.compute()
    channels.sort("channel")
    assert channels.table["channel"].is_monotonic_increasing
    channels.sort("channel")
    assert channels.table["channel"].is_monotonic_decreasing
    assert encoder.channels == tuple(channels.table["channel"])


def test_several_chosen_channels_are_those_to_go_through(channels, encoder):
    encoder.choose_stage("layer3")
    encoder.compute()
    channels.select((5, 2, 7))
    assert set(encoder.channels) == {2, 5, 7}
    assert encoder.shown in (2, 5, 7)
    encoder.step(2)
    assert encoder.shown == encoder.channels[2]
    channels.select((4,))
    assert encoder.shown == 4
    assert len(encoder.channels) == encoder.open_stage.spec.channels


@pytest.mark.usefixtures("empty_cache")
def test_effects_are_of_the_current_pick_and_go_with_it(channels, encoder, review):
    with pytest.raises(ConfigError, match="Compute a stage"):
        channels.measure()
    encoder.compute()
    with pytest.raises(PicksError, match="Which motor"):
        channels.measure()
    review.go_to(0)
    channels.measure()
    assert channels.effects is not None
    assert channels.table["effect"].is_monotonic_decreasing
    assert len(channels.table) == len(channels.effects.effect)
    review.decide("accepted")
    assert "effect" in channels.table, "a decision changes nothing of it"
    review.go_to(1)
    assert channels.effects is None
    assert "effect" not in channels.table


def test_effects_that_come_late_are_dropped(channels, encoder, review, runner):
    encoder.compute()
    review.go_to(0)
    runner.held = True
    channels.measure()
    review.go_to(1)
    runner.let_go()
    assert channels.effects is None
