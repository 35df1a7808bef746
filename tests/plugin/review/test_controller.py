"""Reviews of a viewer's tomograms: journals, restoring, spacing, cursor and heatmap."""

import re

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Points
from napari.utils.shortcuts import default_shortcuts

from motorscope.errors import PicksError
from motorscope.picks import PickTable, Summits
from motorscope.plugin.document import Tomograms
from motorscope.plugin.layers.bare import BareView
from motorscope.plugin.layers.kinds import PICKS, TOMOGRAM
from motorscope.plugin.layers.looks import heatmap_arguments
from motorscope.plugin.layers.source import find, identity
from motorscope.plugin.layers.tag import LayerTag
from motorscope.plugin.review.commands import ReviewActions
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.journals import journal_of
from motorscope.plugin.review.pointing import add_at_cursor, snap
from motorscope.review import intake
from motorscope.review.actions import ACTIONS, BARE
from motorscope.tomogram import VoxelGrid

SPACING = (20.0, 10.0, 10.0)
SHAPE = (30, 64, 64)
ORIGIN = (100.0, 0.0, -50.0)
FOUND = PickTable.from_positions(
    [[300.0, 200.0, 200.0], [400.0, 400.0, 400.0], [200.0, 100.0, 500.0]], [0.9, 0.6, 0.2]
)


@pytest.fixture
def tomogram(tmp_path):
    """Return a file that stands for a tomogram; only its place matters here."""
    folder = tmp_path / "tomograms"
    folder.mkdir()
    path = folder / "bacterium.mrc"
    path.touch()
    return path


def add(viewer, path=None, spacing=SPACING, value=1, **options):
    return viewer.add_image(
        np.full(SHAPE, value, dtype=np.int8),
        name="tomo",
        scale=spacing,
        translate=ORIGIN,
        units=("angstrom",) * 3,
        metadata={} if path is None else LayerTag(TOMOGRAM, path.stem, path=path).metadata,
        **options,
    )


class Listener:
    """Remembers what a desk says."""

    def __init__(self, desk):
        self.said, self.warned = [], []
        desk.said.connect(self.said.append)
        desk.warned.connect(self.warned.append)


def opened(path=None, **options):
    viewer = ViewerModel()
    layer, desk = add(viewer, path, **options), ReviewController(Tomograms(viewer))
    return viewer, layer, desk, Listener(desk)


def test_a_review_is_restored_when_the_tomogram_is_opened_again(tomogram):
    _, layer, desk, _ = opened(tomogram)
    desk.restore(layer)
    assert desk.review(layer) is None  # looking at a tomogram begins nothing
    assert list(tomogram.parent.iterdir()) == [tomogram]
    desk.take_in(layer, FOUND, 50.0, 0.5)
    review = desk.review(layer)
    review.go_to(0)
    review.decide("accepted")
    review.set_threshold(0.7)
    desk.points(layer).add([[10.0, 20.0, 30.0]])
    table = review.table
    desk.close()
    desk.close()

    viewer, layer, desk, listener = opened(tomogram)
    desk.restore(layer)
    assert desk.review(layer).table == table
    assert desk.review(layer).threshold == 0.7
    assert len(find(viewer.layers, PICKS, identity(layer)).data) == 4
    assert "4 motors of an earlier review restored: 2 accepted" in listener.said[0]
    assert not listener.warned
    review = desk.review(layer)
    assert review.undo()
    assert review.undo()
    assert review.table.frame["status"].tolist() == ["candidate"] * 3
    assert not review.undo()
    desk.close()

    viewer, layer, desk, _ = opened(tomogram)
    desk.restore(layer)
    assert not desk.review(layer).history.can_undo
    desk.review(layer).redo()
    desk.review(layer).redo()
    assert desk.review(layer).table == table


def test_notes_and_doubts_outlast_the_sitting_and_a_new_search(tomogram):
    _, layer, desk, _ = opened(tomogram)
    desk.take_in(layer, FOUND, 50.0, 0.5)
    review = desk.review(layer)
    review.annotate([1], "at the carbon's edge")
    review.select([0, 1])
    review.doubt()
    assert review.notes([0, 1, 2]) == ["unsure", "at the carbon's edge; unsure", ""]
    review.go_to(0)
    review.doubt()
    desk.close()
    _, layer, desk, _ = opened(tomogram)
    desk.restore(layer)
    review = desk.review(layer)
    assert review.notes([0, 1, 2]) == ["", "at the carbon's edge; unsure", ""]
    review.undo()
    assert review.notes([0])[0] == "unsure"
    desk.take_in(layer, FOUND, 50.0, 0.5)
    assert review.notes([0, 1])[1] == "at the carbon's edge; unsure"


@pytest.mark.parametrize("known", [True, False])
def test_review_can_be_started_again_and_that_be_undone(tomogram, known):
    _, layer, desk, _ = opened(tomogram)
    summits = Summits(FOUND, 50.0) if known else None
    for _ in range(3):  # searches; ids climb
        desk.take_in(layer, FOUND, 50.0, 0.5, summits=summits)
    review = desk.review(layer)
    first, second, third = review.table.ids
    review.select([first])
    review.decide("accepted")
    review.select([second])
    review.delete()
    review.add([[10.0, 20.0, 30.0]])
    review.conclude({"reviewed": {"no_motor": False}}, [third])
    table = review.table
    assert intake.start_again(review) == (3 if known else 2)
    assert review.table.statuses.tolist() == ["candidate"] * len(review.table)
    assert review.table.ids[0] == 0
    assert "reviewed" not in review.history.now.remarks
    desk.close()

    _, layer, desk, _ = opened(tomogram)
    desk.restore(layer)
    review = desk.review(layer)
    assert len(review.table) == (3 if known else 2)
    review.undo()
    assert review.table == table
    assert review.history.now.remarks["reviewed"] == {"no_motor": False}


def test_what_is_undone_on_another_grid_is_on_the_same_voxels(tomogram):
    _, layer, desk, _ = opened(tomogram)
    desk.take_in(layer, FOUND, 50.0, 0.5)
    review = desk.review(layer)
    before = review.grid.to_voxels(review.table.positions)
    review.move([0], [[200.0, 200.0, 200.0]])
    moved = review.grid.to_voxels(review.table.positions)
    review.undo()
    desk.close()
    for _ in range(2):  # the second time it has been written down
        _, layer, desk, _ = opened(tomogram, spacing=tuple(2 * np.array(SPACING)))
        desk.restore(layer)
        review = desk.review(layer)
        assert review.grid.to_voxels(review.table.positions) == pytest.approx(before)
        review.redo()
        assert review.grid.to_voxels(review.table.positions) == pytest.approx(moved)
        review.undo()
        desk.close()


def test_a_second_window_says_so_and_leaves_the_first_alone(tomogram):
    _, first_layer, first, _ = opened(tomogram)
    first.take_in(first_layer, FOUND, 50.0, 0.5)
    _, layer, desk, listener = opened(tomogram)
    desk.restore(layer)
    assert "open in another window" in listener.warned[0]
    assert "not kept on disk" in listener.warned[0]
    review = desk.review(layer)
    assert review.journal is None
    review.add([[300.0, 200.0, 200.0]])
    assert len(review.table) == 1
    first.review(first_layer).add([[200.0, 200.0, 200.0]])
    table = first.review(first_layer).table
    desk.close()
    first.close()
    _, layer, desk, listener = opened(tomogram)
    desk.restore(layer)
    assert desk.review(layer).table == table


def test_a_tomogram_without_a_file_is_known_by_its_voxels(journals):
    _, layer, desk, _ = opened()
    desk.begin(layer).add([[300.0, 200.0, 200.0]])
    assert journal_of(layer).parent == journals
    desk.close()
    _, other, desk, _ = opened(value=2)
    desk.restore(other)
    assert desk.review(other) is None
    _, same, desk, _ = opened()
    desk.restore(same)
    assert len(desk.review(same).table) == 1


def test_a_panel_that_was_closed_finds_its_points_and_what_was_done_meanwhile(tomogram):
    viewer, layer, desk, _ = opened(tomogram)
    desk.take_in(layer, FOUND, 50.0, 0.5)
    points = desk.points(layer)
    desk.close()
    points.add([[10.0, 20.0, 30.0]])
    desk = ReviewController(Tomograms(viewer))
    desk.restore(layer)
    review = desk.review(layer)
    assert desk.points(layer) == points
    assert review.table.frame["origin"].tolist() == ["model", "model", "model", "user"]
    assert review.undo()
    assert len(points.data) == 3


def test_an_edit_that_cannot_be_written_is_said_and_made(tomogram):
    _, layer, desk, listener = opened(tomogram)
    review = desk.begin(layer)
    review.add([[300.0, 200.0, 200.0]])
    review.journal.path.write_text("somebody else's")
    review.add([[200.0, 200.0, 200.0]])
    assert len(review.table) == 2
    assert "another program" in listener.warned[0]


def test_a_new_spacing_keeps_decisions_on_their_voxels(tomogram):
    _, layer, desk, _ = opened(tomogram)
    desk.take_in(layer, FOUND, 50.0, 0.5)
    review = desk.review(layer)
    review.go_to(1)
    review.decide("accepted")
    voxel = review.grid.to_voxels(review.position(1))
    desk.set_spacing(layer, (13.0, 13.0, 13.0))
    review = desk.review(layer)
    assert review.grid.spacing == (13.0, 13.0, 13.0)
    assert review.table.frame["status"].tolist() == ["accepted"]
    assert review.grid.to_voxels(review.table.positions[0]) == pytest.approx(voxel)
    assert desk.points(layer).data[0] == pytest.approx(voxel)
    desk.close()
    _, layer, desk, _ = opened(tomogram)  # the file says the old spacing again
    desk.restore(layer)
    review = desk.review(layer)
    assert review.grid.to_voxels(review.table.positions[0]) == pytest.approx(voxel)


def test_a_removed_tomogram_frees_its_journal(tomogram):
    _, layer, desk, _ = opened(tomogram)
    desk.begin(layer).add([[300.0, 200.0, 200.0]])
    desk.forget(identity(layer))
    _, layer, desk, listener = opened(tomogram)
    desk.restore(layer)
    assert len(desk.review(layer).table) == 1
    assert not listener.warned


@pytest.mark.parametrize(("units", "factor"), [("angstrom", 1.0), ("nm", 0.1)])
def test_add_at_the_cursor_in_a_slice(units, factor):
    viewer = ViewerModel()
    layer = viewer.add_image(
        np.zeros(SHAPE, dtype=np.int8),
        scale=np.array(SPACING) * factor,
        translate=np.array(ORIGIN) * factor,
        units=(units,) * 3,
    )
    desk = ReviewController(Tomograms(viewer))
    viewer.cursor.position = tuple(np.array([300.0, 200.0, 250.0]) * factor)
    add_at_cursor(desk, layer)
    assert desk.review(layer).table.positions == pytest.approx(np.array([[300, 200, 250]]))
    assert desk.review(layer).selected == (0,)
    viewer.cursor.position = (300.0 * factor, -200.0 * factor, 250.0 * factor)
    with pytest.raises(PicksError, match="outside"):
        add_at_cursor(desk, layer)


def add_heatmap(viewer, layer, centre):
    grid = VoxelGrid(shape=(15, 32, 32), spacing=(40.0, 20.0, 20.0), origin=(110.0, 5.0, -45.0))
    places = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    heat = np.exp(-((places - centre) ** 2).sum(-1) / (2 * 60.0**2)).astype(np.float32)
    return viewer.add_image(**heatmap_arguments(heat, grid, "tomo", identity(layer)))


def test_add_at_the_cursor_in_3d_lands_on_the_heatmap(tomogram):
    viewer, layer, desk, _ = opened(tomogram)
    viewer.dims.ndisplay = 3
    centre = np.array([350.0, 300.0, 260.0])
    with pytest.raises(PicksError, match="heatmap"):
        add_at_cursor(desk, layer)
    add_heatmap(viewer, layer, centre)
    viewer.scene.camera.angles = (10.0, 35.0, -20.0)
    direction = np.array(viewer.scene.camera.view_direction)
    viewer.cursor.position = tuple(centre - 2000 * direction)
    add_at_cursor(desk, layer)
    assert desk.review(layer).table.positions[0] == pytest.approx(centre, abs=25)
    viewer.cursor.position = tuple(centre - 2000 * direction + 5000)
    with pytest.raises(PicksError, match="outside"):
        add_at_cursor(desk, layer)


def test_snap_goes_to_the_maximum_and_is_one_step(tomogram):
    viewer, layer, desk, _ = opened(tomogram)
    centre = np.array([350.0, 300.0, 260.0])
    review = desk.begin(layer)
    review.add([centre + 70, centre - 60])
    with pytest.raises(PicksError, match="heatmap"):
        snap(desk, layer)
    add_heatmap(viewer, layer, centre)
    assert re.fullmatch(r"Moved to a maximum of 0\.\d\d\.", snap(desk, layer))
    assert review.table.positions == pytest.approx(np.array([centre, centre]), abs=3)
    review.undo()
    assert review.table.positions[0] == pytest.approx(centre + 70)
    review.select([])
    with pytest.raises(PicksError, match="selected"):
        snap(desk, layer)


def test_where_the_heatmap_is_next_to_zero_nothing_snaps_and_nothing_is_added_in_3d(tomogram):
    viewer, layer, desk, _ = opened(tomogram)
    centre = np.array([350.0, 300.0, 260.0])
    review = desk.begin(layer)
    review.add([centre + 70])
    heatmap = add_heatmap(viewer, layer, centre)
    heatmap.data = 0.009 * heatmap.data
    with pytest.raises(PicksError, match=r"no maximum of 0\.01 .* it is 0\.\d{4} at most"):
        snap(desk, layer)
    viewer.dims.ndisplay = 3
    direction = np.array(viewer.scene.camera.view_direction)
    viewer.cursor.position = tuple(centre - 2000 * direction)
    with pytest.raises(PicksError, match=r"0\.009 at most"):
        add_at_cursor(desk, layer)
    assert review.table.positions == pytest.approx((centre + 70)[None])


def test_going_to_a_pick_centres_it_and_keeps_the_zoom(tomogram):
    viewer, layer, desk, _ = opened(tomogram)
    desk.take_in(layer, FOUND, 50.0, 0.0)
    for ndisplay in (2, 3):
        viewer.dims.ndisplay = ndisplay
        viewer.scene.camera.zoom = 3.5
        desk.review(layer).go_to(1)
        assert viewer.scene.camera.center[-ndisplay:] == pytest.approx((400.0,) * ndisplay)
        assert viewer.dims.point == pytest.approx((400.0,) * 3)
        assert viewer.scene.camera.zoom == 3.5


def test_keys_are_free_on_images_and_points_and_are_given_back():
    layers = ("label", "shape", "polygon", "brush", "vertex", "add_", "direct", "activate_select")
    taken = {
        str(key)
        for name, keys in default_shortcuts.items()
        for key in keys
        if not any(word in name for word in layers)
    }
    keys = [action.key for action in ACTIONS if action.key]
    assert len(set(keys)) == len(keys)
    assert not taken & set(keys)
    for kind in (Points, Image):
        assert not {str(key) for key in kind.class_keymap} & set(keys)
    viewer = ViewerModel()
    before = dict(viewer.keymap)
    viewer.bind_key("K", lambda _: None)
    actions = ReviewActions(
        ReviewController(Tomograms(viewer)), BareView(viewer), chosen=lambda: None
    )
    actions.bind()
    assert len(viewer.keymap) == len(before) + len(keys)
    actions.close()
    actions.close()
    assert len(viewer.keymap) == len(before) + 1  # a key that was somebody's stays theirs


def test_actions_without_anything_to_act_on_say_so(tomogram):
    viewer, layer, desk, listener = opened(tomogram)
    chosen = []
    actions = ReviewActions(desk, BareView(viewer), lambda: chosen[0] if chosen else None)
    at_once = [action.name for action in ACTIONS if action.name != BARE]
    for name in at_once:
        actions.run(name)  # no tomogram is chosen: nothing happens
    chosen.append(layer)
    actions.run("next")
    assert desk.review(layer) is None
    desk.begin(layer)
    viewer.cursor.position = (-1e4,) * 3
    for name in at_once:
        actions.run(name)
    assert "There is nothing to undo." in listener.said
    assert any("No motor is selected" in text for text in listener.said)
    assert not listener.warned
