"""Comparing the picks of a review with another set, without a window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from napari.components import ViewerModel

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.plugin.compare.layer import other_sets
from motorscope.plugin.layers.kinds import COMPARISON, PICKS
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.layers.points import picks_on
from motorscope.plugin.layers.source import find, identity
from motorscope.review.comparison import compare, summary
from motorscope.tomogram import Tomogram, VoxelGrid

GRID = VoxelGrid(shape=(60, 200, 200), spacing=(20.0,) * 3, origin=(0.0, 100.0, 0.0))
MINE = np.array([[600.0, 1100, 1000], [200, 2000, 3000], [900, 3500, 500]])
THEIRS = np.array([[650.0, 1200, 1000], [1000, 700, 3500]])

places = arrays.arrays(
    float, st.tuples(st.integers(0, 8), st.just(3)), elements=st.floats(0, 3000, width=32)
)


@pytest.fixture
def layer(viewer: ViewerModel):
    tomogram = Tomogram(data=np.zeros(GRID.shape, np.uint8), grid=GRID, name="tomo")
    return viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))


def add_theirs(viewer: ViewerModel, positions=THEIRS, **options):
    arguments = {"scale": (2.0,) * 3, "units": ("nm",) * 3, "name": "theirs"} | options
    return viewer.add_points(np.reshape(positions, (-1, 3)) / 20, ndim=3, **arguments)


def begin(controllers, layer, positions=MINE, scores=(0.9, 0.8, 0.7)):
    found = PickTable.from_positions(positions, scores[: len(positions)])
    controllers.reviews.take_in(layer, found, 100.0, 0.5)
    return controllers.reviews.review(layer)


@given(mine=places, theirs=places)
@settings(deadline=None, max_examples=40)
def test_every_pick_is_in_exactly_one_class(mine, theirs):
    comparison = compare(PickTable.from_positions(mine), theirs, 500.0)
    counts = comparison.counts
    assert counts.tp + counts.fp == len(mine)
    assert counts.tp + counts.fn == len(theirs)
    assert len(comparison.places) == counts.tp + counts.fp + counts.fn
    assert len(comparison.disagreements) == counts.fp + counts.fn
    assert sorted(comparison.ids[comparison.ids >= 0]) == list(range(len(mine)))
    swapped = compare(PickTable.from_positions(theirs), mine, 500.0).counts
    assert (swapped.tp, swapped.fp, swapped.fn) == (counts.tp, counts.fn, counts.fp)


def test_three_colours_and_the_numbers_of_a_known_case(controllers, viewer, layer):
    begin(controllers, layer)
    theirs = add_theirs(viewer)
    before = theirs.data.copy()
    compared = controllers.comparisons.compare(layer, theirs, 500.0)
    assert compared.comparison.verdicts == ("both", "mine", "mine", "theirs")
    assert summary(compared.comparison.counts) == (
        "precision 0.33 · recall 0.50 · F1 0.40 · F2 0.45"
    )
    shown = find(viewer.layers, COMPARISON, identity(layer))
    assert list(shown.features["verdict"]) == list(compared.comparison.verdicts)
    assert len(np.unique(shown.border_color, axis=0)) == 3
    seen = [shown.data_to_world(each) for each in shown.data]
    assert np.array(seen) == pytest.approx(compared.comparison.places)
    assert np.array_equal(theirs.data, before)
    assert viewer.layers.selection.active != shown


def test_rejected_and_hidden_picks_do_not_count_and_edits_are_followed(controllers, viewer, layer):
    review = begin(controllers, layer)
    controllers.comparisons.compare(layer, add_theirs(viewer), 500.0)
    shown = find(viewer.layers, COMPARISON, identity(layer))
    review.select([1])
    review.decide("rejected")
    assert controllers.comparisons.compared(layer).comparison.counts.fp == 1
    review.set_threshold(0.95)
    counts = controllers.comparisons.compared(layer).comparison.counts
    assert (counts.tp, counts.fp, counts.fn) == (0, 0, 2)
    review.select([0])
    review.decide("accepted")
    assert controllers.comparisons.compared(layer).comparison.counts.tp == 1
    assert find(viewer.layers, COMPARISON, identity(layer)) == shown
    assert len(shown.data) == 2


@pytest.mark.parametrize(("mine", "theirs"), [(0, 2), (3, 0), (0, 0)])
def test_one_or_both_sets_may_be_empty(mine, theirs, controllers, viewer, layer):
    begin(controllers, layer, MINE[:mine])
    other = add_theirs(viewer, THEIRS[:theirs])
    for _ in range(2):
        controllers.comparisons.compare(layer, other, 500.0)
    counts = controllers.comparisons.compared(layer).comparison.counts
    assert (counts.tp, counts.fp, counts.fn) == (0, mine, theirs)
    assert "–" in summary(counts)
    shown = find(viewer.layers, COMPARISON, identity(layer))
    assert len(shown.data) == mine + theirs


def test_steps_go_through_the_disagreements_and_round(controllers, viewer, layer):
    review = begin(controllers, layer)
    controllers.comparisons.compare(layer, add_theirs(viewer), 500.0)
    expected = [MINE[1], MINE[2], THEIRS[1]]  # along z
    for number, place in enumerate([*expected, expected[0]]):
        assert controllers.comparisons.step(layer) == (number % 3 + 1, 3)
        assert viewer.dims.point == pytest.approx(place)
    assert review.current == 1
    controllers.comparisons.step(layer, -1)
    assert viewer.dims.point == pytest.approx(THEIRS[1])
    assert review.selected == ()


def test_a_disagreement_that_was_settled_is_passed_over(controllers, viewer, layer):
    review = begin(controllers, layer)
    controllers.comparisons.compare(layer, add_theirs(viewer), 500.0)
    controllers.comparisons.step(layer)
    review.decide("rejected")
    assert controllers.comparisons.step(layer) == (1, 2)
    assert viewer.dims.point == pytest.approx(MINE[2])


def test_agreement_and_nothing_compared_are_told(controllers, viewer, layer):
    with pytest.raises(PicksError, match="Compare with another set"):
        controllers.comparisons.step(layer)
    theirs = add_theirs(viewer, MINE)
    with pytest.raises(PicksError, match="find motors in it first"):
        controllers.comparisons.compare(layer, theirs, 500.0)
    begin(controllers, layer)
    controllers.comparisons.compare(layer, theirs, 500.0)
    with pytest.raises(PicksError, match="no disagreement"):
        controllers.comparisons.step(layer)


def test_what_can_be_compared_with(controllers, viewer, layer):
    begin(controllers, layer)
    theirs = add_theirs(viewer)
    viewer.add_points(np.zeros((1, 2)), name="flat")
    controllers.comparisons.compare(layer, theirs, 500.0)
    assert other_sets(viewer, layer) == [theirs]
    assert find(viewer.layers, PICKS, identity(layer)) is not None


def test_points_without_a_unit_are_voxels_and_it_is_said(viewer, layer):
    plain = viewer.add_points([[1.0, 2, 3]], name="plain")
    picks, remark = picks_on(plain, layer)
    assert picks.positions == pytest.approx(GRID.to_world([[1.0, 2, 3]]))
    assert remark == "'plain' has no unit of length: its numbers are taken as voxels of 'tomo'."
    plain.scale = (2, 2, 2)
    with pytest.raises(PicksError, match="has a scale and no unit"):
        picks_on(plain, layer)


def test_a_comparison_ends_with_its_layer_or_its_tomogram(controllers, viewer, layer):
    begin(controllers, layer)
    theirs = add_theirs(viewer)
    controllers.comparisons.compare(layer, theirs, 500.0)
    viewer.layers.remove(find(viewer.layers, COMPARISON, identity(layer)))
    assert controllers.comparisons.compared(layer) is None
    controllers.comparisons.compare(layer, theirs, 500.0)
    viewer.layers.remove(theirs)
    controllers.reviews.review(layer).set_threshold(0.1)
    assert controllers.comparisons.compared(layer) is None
    controllers.reviews.set_spacing(layer, (10.0,) * 3)
    assert find(viewer.layers, COMPARISON, identity(layer)) is None


def test_large_sets_are_compared_again_only_on_demand(controllers, viewer, layer, monkeypatch):
    monkeypatch.setattr("motorscope.plugin.compare.controller.AT_ONCE", 4)
    review = begin(controllers, layer)
    theirs = add_theirs(viewer)
    controllers.comparisons.compare(layer, theirs, 500.0)
    review.set_threshold(0.95)
    compared = controllers.comparisons.compared(layer)
    assert compared.stale
    assert compared.comparison.counts.fp == 2
    controllers.comparisons.compare(layer, theirs, 500.0)
    assert not controllers.comparisons.compared(layer).stale
    assert controllers.comparisons.compared(layer).comparison.counts.fp == 0
