"""Why the network sees something at a pick: as a layer, over the right place."""

import numpy as np
import pytest

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.plugin.encoder.questions.why import WhyController
from motorscope.plugin.layers.kinds import WHY
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import intake


class Waiting:
    """Takes questions, and never answers."""

    def start(self, job, *args, on_message=None, on_result=None):
        self.answer = on_result

    def cancel(self):
        pass


@pytest.fixture
def why(workspace, runner):
    made = WhyController(workspace, lambda: runner)
    yield made
    made.close()


@pytest.fixture
def review(workspace):
    made = ReviewController.of(workspace).begin(workspace.layer)
    intake.take_in(made, PickTable.from_positions(made.grid.to_world([[12, 36, 20]]), 0.9), 100.0)
    return made


def test_all_ways_are_offered_with_what_they_show(why):
    assert [each.name for each in why.methods] == [
        "hirescam",
        "gradients",
        "integrated",
        "occlusion",
    ]
    assert all(each.shows.endswith(".") for each in why.methods)


def test_without_a_pick_it_says_what_to_do(why, workspace):
    with pytest.raises(PicksError, match="Go to one with N"):
        why.explain()


def test_a_map_lies_where_it_was_computed_with_blue_against_and_orange_for(why, workspace, review):
    review.go_to(0)
    why.explain()
    layer = workspace.tomogram.layer_of(WHY, "hirescam")
    assert layer.name == "HiResCAM, motor 0 of tomo"
    low, high = layer.contrast_limits
    assert low == -high
    assert np.allclose(np.asarray(layer.translate) % 16.0, np.array([100.0, -50.0, 7.0]) % 16.0)
    assert "Motor 0, HiResCAM: score" in why.words
    below, middle, above = layer.colormap.map(np.array([0.0, 0.5, 1.0]))
    assert (below[3], above[3]) == (1.0, 1.0)
    assert middle[3] == pytest.approx(0, abs=0.02)  # nothing is seen where nothing speaks


def test_another_way_has_a_layer_of_its_own_and_hides_the_first(why, workspace, review):
    review.go_to(0)
    why.explain()
    why.choose("gradients")
    why.explain()
    first, second = (workspace.tomogram.layer_of(WHY, name) for name in ("hirescam", "gradients"))
    assert (first.visible, second.visible) == (False, True)


def test_what_is_missing_is_a_sentence_with_the_remedy(workspace, runner, monkeypatch):
    monkeypatch.setattr("motorscope.inspection.attribution.methods.find_spec", lambda name: None)
    why = WhyController(workspace, lambda: runner)
    why.choose("occlusion")
    assert "pip install" in why.chosen.missing
    why.choose("hirescam")
    assert why.chosen.missing == ""
    why.close()


def test_the_old_map_is_dimmed_and_a_cancelled_one_changes_nothing(why, workspace, review, runner):
    review.go_to(0)
    why.explain()
    layer = workspace.tomogram.layer_of(WHY, "hirescam")
    bright, data = layer.opacity, layer.data
    waiting = Waiting()
    why.asking._runner = waiting
    why.explain()
    assert layer.opacity < bright
    waiting.answer(None)
    assert layer.opacity == bright
    assert layer.data is data


def test_the_answer_for_a_tomogram_that_has_gone_is_dropped(why, workspace, viewer, review):
    review.go_to(0)
    waiting = Waiting()
    why.asking._runner = waiting
    why.explain()
    viewer.layers.clear()
    waiting.answer("too late")
    assert not viewer.layers
