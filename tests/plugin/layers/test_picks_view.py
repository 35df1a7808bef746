"""Layer and table stay equal, whatever a person and napari's own tools do."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from napari.components import ViewerModel
from napari.layers.base import ActionType

from motorscope.picks import STATUSES, PickTable
from motorscope.plugin.layers.looks import MARKER_SIZE
from motorscope.plugin.layers.picks_layer import picks_of
from motorscope.plugin.layers.picks_view import PicksView
from motorscope.plugin.layers.rings import CHOSEN_RING, RING, ring_widths
from motorscope.review import Review, intake
from motorscope.tomogram import VoxelGrid

GRID = VoxelGrid(shape=(30, 40, 50), spacing=(20.0, 10.0, 10.0), origin=(5.0, -30.0, 0.0))
places = st.tuples(*[st.integers(0, 29)] * 3).map(lambda p: [float(v) + 0.25 for v in p])


def drag(layer, shift):
    """Move the selected points as napari's select tool does: in place, then one event."""
    rows = sorted(layer.selected_data)
    layer.events.data(
        value=layer.data, action=ActionType.CHANGING, data_indices=tuple(rows), vertex_indices=((),)
    )
    layer.data[rows] = layer.data[rows] + shift
    layer.events.data(
        value=layer.data, action=ActionType.CHANGED, data_indices=tuple(rows), vertex_indices=((),)
    )


class Reviewing(RuleBasedStateMachine):
    """A person at work; the history is modelled by a list of tables."""

    @initialize(count=st.integers(0, 6))
    def begin(self, count):
        rng = np.random.default_rng(count)
        found = PickTable.from_positions(
            GRID.to_world(rng.uniform(0, 29, (count, 3))), rng.uniform(0, 1, count)
        )
        self.viewer = ViewerModel()
        self.review = Review("tomo", GRID)
        self.view = PicksView(self.viewer, self.review, "id")
        intake.take_in(self.review, found, 50.0)
        self.review.changed.emit()
        self.tables, self.at = [self.review.table], 0

    @property
    def layer(self):
        return self.view.layer

    def step_made(self):
        """A new table is a step that can be undone; no change is none."""
        if self.review.table != self.tables[self.at]:
            self.tables = [*self.tables[: self.at + 1], self.review.table]
            self.at += 1

    @rule(rows=st.sets(st.integers(0, 20), max_size=3))
    def select_points(self, rows):
        wanted = {row for row in rows if row < len(self.layer.data)}
        self.layer.selected_data = wanted
        seen = sorted(row for row in wanted if self.layer.shown[row])
        assert set(self.layer.selected_data) == set(seen)
        assert set(self.review.selected) == set(self.layer.features["id"].to_numpy()[seen])

    @rule(place=places)
    def add_with_the_tool(self, place):
        count = len(self.review.table)
        self.layer.add([place])
        assert len(self.review.table) == count + 1
        last = self.review.table.frame.iloc[-1]
        assert (last["origin"], last["status"]) == ("user", "accepted")
        assert np.isnan(last["score"])
        assert self.review.selected == (last["id"],)
        self.step_made()

    @precondition(lambda self: self.layer.selected_data)
    @rule(shift=places)
    def drag_points(self, shift):
        ids = self.review.selected
        before = {pick: self.review.position(pick) for pick in ids}
        drag(self.layer, np.array(shift) - 14)
        for pick in ids:
            moved = self.review.position(pick) - before[pick]
            assert moved == pytest.approx((np.array(shift) - 14) * GRID.spacing)
        self.step_made()

    @rule()
    def delete_with_the_key(self):
        self.layer.remove_selected()
        assert not self.review.selected
        self.step_made()

    @rule()
    def copy_and_paste(self):
        count, copied = len(self.review.table), len(self.review.selected)
        self.view.copy()
        if copied:
            self.view.paste()
            assert len(self.review.table) == count + copied
        self.step_made()

    @rule(count=st.integers(0, 4))
    def replace_all_points(self, count):
        self.layer.data = np.full((count, 3), 3.0) + np.arange(count)[:, None]
        self.step_made()

    @rule(place=places)
    def edit_that_napari_does_not_tell_of(self, place):
        if len(self.layer.data):
            self.layer.data[0] = place
        self.review.step()
        self.step_made()

    @precondition(lambda self: self.review.selected)
    @rule(status=st.sampled_from(STATUSES), go_on=st.booleans())
    def decide(self, status, go_on):
        self.review.decide(status, go_on)
        self.step_made()

    @rule(status=st.sampled_from(["accepted", "rejected"]))
    def decide_by_threshold(self, status):
        self.review.decide_by_threshold(status)
        self.step_made()

    @rule(threshold=st.sampled_from([0.0, 0.3, 0.7, 1.0]), rejected=st.booleans())
    def show_more_or_less(self, threshold, rejected):
        before = self.review.table
        self.review.set_threshold(threshold)
        self.review.show_rejected(rejected)
        assert self.review.table == before

    @rule(count=st.integers(0, 5))
    def run_again(self, count):
        decided = self.review.table.with_status("accepted", "rejected")
        rng = np.random.default_rng(count + 100)
        found = GRID.to_world(rng.uniform(0, 29, (count, 3)))
        intake.take_in(self.review, PickTable.from_positions(found, rng.uniform(0, 1, count)), 50.0)
        kept = self.review.table.select(np.isin(self.review.table.ids, decided.ids))
        assert kept.frame.equals(decided.frame)
        if len(self.tables) == 1 and not len(self.tables[0]):
            self.tables = [self.review.table]
        self.step_made()

    @rule()
    def remove_the_layer(self):
        self.viewer.layers.remove(self.layer)
        self.view.detach()
        self.review.changed.emit()

    @rule()
    def undo(self):
        if self.review.undo():
            self.at -= 1

    @rule()
    def redo(self):
        if self.review.redo():
            self.at += 1

    @invariant()
    def history_is_as_modelled(self):
        if hasattr(self, "review"):
            assert self.review.table == self.tables[self.at]
            assert self.review.history.can_undo == (self.at > 0)
            assert self.review.history.can_redo == (self.at < len(self.tables) - 1)

    @invariant()
    def layer_and_table_are_equal(self):
        if not hasattr(self, "review"):
            return
        table, layer = self.review.table, self.layer
        ids = layer.features["id"].to_numpy()
        assert sorted(ids) == sorted(table.ids)
        rows = table.rows_of(ids)
        assert np.asarray(layer.data) == pytest.approx(GRID.to_voxels(table.positions)[rows])
        for column in ("origin", "status"):
            assert layer.features[column].tolist() == table.frame[column].iloc[rows].tolist()
        assert layer.features["score"].to_numpy() == pytest.approx(table.scores[rows], nan_ok=True)
        shown = self.review.shown[rows]
        assert np.array_equal(layer.shown, shown)
        assert np.array_equal(layer.size > 0, shown)  # in 3D napari draws what is not shown
        named = shown & ~np.isnan(table.scores[rows])
        assert np.array_equal(layer.features["label"].to_numpy(dtype=object) != "", named)
        assert np.array_equal(layer.text.values != "", named)
        colours = {tuple(colour) for colour in layer.border_color}
        assert len(colours) == layer.features["status"].nunique()
        thick = layer.border_width == ring_widths(self.viewer, layer)[1]
        assert np.array_equal(thick, np.isin(ids, self.review.selected))
        selected = set(ids[sorted(layer.selected_data)])
        assert selected == set(self.review.selected)
        saved, _ = picks_of(layer)
        shown = table.select(np.isin(table.ids, ids[layer.shown]))
        assert sorted(saved.ids) == sorted(shown.ids)
        assert set(saved.frame["when"]) == set(shown.frame["when"])


Reviewing.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestReviewing = Reviewing.TestCase


def test_a_pasted_pick_arrives_in_the_slice_that_is_shown():
    viewer = ViewerModel()
    viewer.add_image(
        np.zeros(GRID.shape), scale=GRID.spacing, translate=GRID.origin, units=("angstrom",) * 3
    )
    review = Review("tomo", GRID)
    view = PicksView(viewer, review, "id")
    viewer.dims.set_point(0, 105.0)
    review.add([[105.0, 50.0, 60.0]])
    view.copy()
    viewer.dims.set_point(0, 205.0)
    view.paste()
    assert review.table.positions[1] == pytest.approx((205, 50, 60))
    assert review.undo()
    assert len(view.layer.data) == 1


def test_a_closed_view_no_longer_follows():
    viewer = ViewerModel()
    review = Review("tomo", GRID)
    view = PicksView(viewer, review, "id")
    review.add([[0.0, 0.0, 0.0]])
    layer = view.layer
    view.close()
    view.close()
    layer.add([[1.0, 1.0, 1.0]])
    review.add([[9.0, 9.0, 9.0]])
    assert len(layer.data) == 2
    assert len(review.table) == 2
    assert review.table.positions[1] == pytest.approx((9, 9, 9))


def test_scores_stand_beside_the_rings_while_there_are_few():
    rng = np.random.default_rng(0)
    review = Review("tomo", GRID)
    view = PicksView(ViewerModel(), review, "id")
    found = GRID.to_world(rng.uniform(0, 29, (600, 3)))
    intake.take_in(review, PickTable.from_positions(found, np.linspace(0, 1, 600)), 0.0)
    assert view.layer.text.visible
    review.set_threshold(0.0)
    assert not view.layer.text.visible
    review.set_threshold(0.3)
    assert view.layer.text.visible
    view.layer.text.visible = False
    review.set_threshold(0.4)
    assert not view.layer.text.visible  # a person's choice stays


@pytest.mark.parametrize("units", ["angstrom", "nm"])
def test_rings_have_one_width_on_the_screen_at_any_zoom(units):
    viewer = ViewerModel()
    scale = np.array(GRID.spacing) / (10 if units == "nm" else 1)
    viewer.add_image(np.zeros(GRID.shape), scale=scale, units=(units,) * 3)
    review = Review("tomo", GRID)
    view = PicksView(viewer, review, "id")
    review.add([[105.0, 50.0, 60.0], [205.0, 50.0, 60.0]])
    review.select([review.table.ids[1]])
    per_unit = 10.0 if str(viewer.layers.units[-1]) == "nanometer" else 1.0
    for zoom in (0.05, 0.3, 2.0):
        viewer.scene.camera.zoom = zoom * per_unit
        diameter = MARKER_SIZE * zoom  # in pixels
        assert view.layer.border_width * diameter == pytest.approx([RING, CHOSEN_RING])
    viewer.scene.camera.zoom = 1e-4 * per_unit
    assert (view.layer.border_width <= 0.25).all()  # else a ring would be a disc
    layer = view.layer
    view.close()
    viewer.scene.camera.zoom = 0.3 * per_unit
    assert (layer.border_width == 0.25).all()  # nobody follows the layer any more
    view.close()


def test_the_current_ring_is_thicker_even_where_all_picks_are_hidden():
    viewer, review = ViewerModel(), Review("tomo", GRID)
    view = PicksView(viewer, review, "id")
    places = GRID.to_world(np.array([[5.0, 5.0, 5.0], [20.0, 20.0, 20.0]]))
    intake.take_in(review, PickTable.from_positions(places, np.array([0.1, 0.2])), 50.0)
    review.set_threshold(0.9)
    review.changed.emit()
    review.select([0])
    review.changed.emit()
    assert not view.layer.shown.any()
    thin, thick = view.layer.border_width[[1, 0]]
    assert thin < thick
