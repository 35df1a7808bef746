"""Use cases without Qt: runs come in, layers follow, nothing of a person's is touched."""

import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Points

from motorscope.contract import HeatmapBlock, HeatmapStarted
from motorscope.detection import run_to_end
from motorscope.engine import run_on
from motorscope.errors import PicksError, SpacingError, TomogramError
from motorscope.picks import read_picks, write_picks
from motorscope.plugin.layers.kinds import HEATMAP, PICKS, TOMOGRAM
from motorscope.plugin.layers.picks_layer import picks_of
from motorscope.plugin.layers.source import angstrom_per, find, full_grid, identity
from motorscope.plugin.layers.tag import LayerTag, kind_of
from motorscope.review import intake

SPACING = 16.0
SHAPE = (64, 96, 80)
SPOT = (36, 44, 20)
OTHER = (20, 68, 52)


@pytest.fixture
def controllers(controllers, spot_model, spot_option):
    controllers.engine.models.put(spot_option.choice, spot_model)
    return controllers


def add_tomogram(viewer, *spots, name="tomo", units="angstrom", scale=SPACING, **options):
    data = np.zeros(SHAPE, dtype=np.uint8)
    for place, value in zip(spots, (255, 230, 205), strict=False):
        data[place] = value
    return viewer.add_image(
        data, name=name, scale=(scale,) * 3, units=(units,) * 3, projection_mode="none", **options
    )


def find_motors(controllers, layer, option, **options):
    task = controllers.detections.new_task(layer, option, **options)
    run = run_on(controllers.engine, task.request, threading.Event())
    result = run_to_end(run, lambda message: controllers.detections.receive(task, message))
    controllers.detections.finish(task, result)
    return result


def world(layer, voxel):
    """Return the place of a voxel of a layer in Å."""
    units = [angstrom_per(unit) for unit in layer.units[-3:]]
    return np.array(layer.data_to_world(voxel))[-3:] * units


def look_at_part(viewer, layer, spot):
    """Bring a spot alone into view."""
    viewer.canvas.size = (200, 200)
    viewer.scene.camera.zoom = 0.5
    viewer.scene.camera.center = (0, *world(layer, spot)[1:])
    viewer.dims.set_point(0, spot[0] * SPACING)


def brightest(layer):
    """Return the middle of the brightest voxels."""
    data = np.asarray(layer.data, dtype=float)
    return np.argwhere(data > 0.999 * data.max()).mean(axis=0)


@pytest.mark.parametrize(("units", "scale"), [("angstrom", SPACING), ("nm", SPACING / 10)])
def test_heatmap_and_points_lie_on_the_spot(controllers, viewer, spot_option, units, scale):
    layer = add_tomogram(viewer, SPOT, units=units, scale=scale, translate=(10, 20, 30))
    truth = world(layer, SPOT)
    find_motors(controllers, layer, spot_option)
    heatmap, points = (find(viewer.layers, wanted, identity(layer)) for wanted in (HEATMAP, PICKS))
    assert world(heatmap, brightest(heatmap)) == pytest.approx(truth, abs=4 * SPACING)
    assert len(points.data) == 1
    assert world(points, points.data[0]) == pytest.approx(truth, abs=4 * SPACING)
    assert [str(unit) for unit in viewer.layers.units] == ["angstrom"] * 3


def test_flips_are_as_the_model_was_measured_unless_asked_for(
    controllers, viewer, spot_option, looks
):
    model, seen = looks
    layer = add_tomogram(viewer, SPOT)
    controllers.engine.models.put(spot_option.choice, model)
    find_motors(controllers, layer, spot_option)
    averaged = len(seen)
    find_motors(controllers, layer, spot_option, flips=False)
    # Each look begins with a pass over the smallest block, which counts the layers.
    assert (averaged, len(seen) - averaged) == ((1 + 1) + (1 + 3), 1 + 1)


def test_only_what_is_in_view_is_searched(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT, OTHER)
    look_at_part(viewer, layer, SPOT)
    result = find_motors(controllers, layer, spot_option, in_view=True)
    assert result.heatmap.shape[1] < SHAPE[1] / 8
    points = find(viewer.layers, PICKS, identity(layer))
    assert world(points, points.data[0]) == pytest.approx(world(layer, SPOT), abs=4 * SPACING)


def on_screen(controllers, layer):
    """Return all that a person sees of what was found in a tomogram."""
    review = controllers.reviews.review(layer)
    points, heatmap = (
        find(controllers.viewer.layers, wanted, identity(layer)) for wanted in (PICKS, HEATMAP)
    )
    ids = points.features["id"].to_numpy()
    return (
        review.table.frame.to_dict("list"),
        sorted(zip(ids.tolist(), points.data.tolist(), strict=True)),
        review.summits.remarks,
        heatmap.data.tolist(),
        heatmap.translate.tolist(),
    )


def test_search_of_a_part_replaces_its_box_and_undo_brings_back_all(
    controllers, viewer, spot_option
):
    layer = add_tomogram(viewer, SPOT, OTHER, (36, 44, 52))
    find_motors(controllers, layer, spot_option)
    review = controllers.reviews.review(layer)
    before, elsewhere = on_screen(controllers, layer), review.table.ids[1:]
    layer.data[SPOT] = 0  # as if another model saw nothing there
    layer.data[36, 52, 20] = 255
    look_at_part(viewer, layer, SPOT)
    task = controllers.detections.new_task(layer, spot_option, in_view=True)
    run = run_on(controllers.engine, task.request, threading.Event())
    result = run_to_end(run, lambda message: controllers.detections.receive(task, message))
    patched = controllers.detections.finish(task, result)
    assert str(patched) == "0 new, 1 replaced, 2 elsewhere kept"
    assert review.table.ids.tolist() == [*elsewhere, 3]
    after = on_screen(controllers, layer)
    heatmap = find(viewer.layers, HEATMAP, identity(layer))
    changed = np.argwhere(heatmap.data != np.array(before[3]))
    places = heatmap.data_to_world(changed.min(axis=0)), heatmap.data_to_world(changed.max(axis=0))
    assert (np.abs(np.array(places)[:, 1:] - world(layer, SPOT)[1:]) <= 200).all()
    assert heatmap.get_value(world(layer, (36, 44, 52)), world=True) > 0.5
    assert review.undo()
    assert on_screen(controllers, layer) == before
    assert review.redo()
    assert on_screen(controllers, layer) == after
    assert review.undo()
    intake.set_minimum_distance(review, 32 * SPACING + 100)  # as the maxima of the first run are
    assert len(review.table) == 2
    assert world(layer, SPOT) == pytest.approx(review.table.positions[0], abs=4 * SPACING)
    assert review.undo()
    assert on_screen(controllers, layer) == before
    assert not review.undo()


@pytest.mark.parametrize("undone", [False, True])
def test_search_of_a_part_is_undone_done_again_and_restored(
    controllers, new_controllers, viewer, spot_option, tmp_path, undone
):
    path = tmp_path / "tomo.mrc"
    path.touch()
    options = {"metadata": LayerTag(TOMOGRAM, "tomo", path=path).metadata}
    layer = add_tomogram(viewer, SPOT, OTHER, **options)
    find_motors(controllers, layer, spot_option)
    look_at_part(viewer, layer, (20, 12, 60))
    states = [on_screen(controllers, layer)]
    layer.data[20, 12, 60] = 255
    find_motors(controllers, layer, spot_option, in_view=True)
    states.append(on_screen(controllers, layer))
    assert [len(state[1]) for state in states] == [2, 3]
    assert controllers.reviews.review(layer).undo()
    assert on_screen(controllers, layer) == states[0]
    assert controllers.reviews.review(layer).redo()
    assert on_screen(controllers, layer) == states[1]
    if undone:
        controllers.reviews.review(layer).undo()
    controllers.close()

    controllers = new_controllers(ViewerModel())
    layer = add_tomogram(controllers.viewer, SPOT, OTHER, **options)
    controllers.reviews.restore(layer)
    controllers.heatmaps.load(layer)
    assert on_screen(controllers, layer) == states[not undone]
    review = controllers.reviews.review(layer)
    assert review.redo() if undone else review.undo()
    assert on_screen(controllers, layer)[:3] == states[undone][:3]
    # Only the last heatmap of an earlier sitting is on disk: it is not shown in place of another.
    assert not find(controllers.viewer.layers, HEATMAP, identity(layer)).data.any()
    intake.set_minimum_distance(controllers.reviews.review(layer), 10_000)
    assert len(review.table) == 1
    controllers.close()


def test_decisions_in_the_part_that_is_searched_stay(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT, OTHER)
    find_motors(controllers, layer, spot_option)
    review = controllers.reviews.review(layer)
    review.select([0])
    review.decide("accepted")
    before = review.table
    look_at_part(viewer, layer, SPOT)
    find_motors(controllers, layer, spot_option, in_view=True)
    assert review.table == before


def test_heatmap_of_a_cancelled_run_is_the_one_before(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    find_motors(controllers, layer, spot_option)
    heatmap = find(viewer.layers, HEATMAP, identity(layer))
    before = heatmap.data.copy()
    task = controllers.detections.new_task(layer, spot_option)
    controllers.detections.receive(task, HeatmapStarted(full_grid(heatmap)))
    assert not heatmap.data.any()
    controllers.detections.finish(task, None)
    assert np.array_equal(heatmap.data, before)


def test_second_run_keeps_the_layers_and_how_a_person_shows_them(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    find_motors(controllers, layer, spot_option)
    heatmap, points = viewer.layers[1:]
    heatmap.colormap, heatmap.contrast_limits, heatmap.visible = "magenta", (0.1, 0.4), False
    heatmap.name, points.symbol, points.opacity = "mine", "cross", 0.3
    viewer.layers.move(1, 0)
    layer.data[OTHER] = 255
    find_motors(controllers, layer, spot_option)
    assert list(viewer.layers) == [heatmap, layer, points]
    assert (heatmap.colormap.name, heatmap.visible, heatmap.name) == ("magenta", False, "mine")
    assert tuple(heatmap.contrast_limits) == (0.1, 0.4)
    assert len(points.data) == 2
    assert str(points.symbol[0]) == "cross"
    assert points.opacity == 0.3


def test_a_new_heatmap_lies_below_the_points_that_are_there(controllers, viewer, spot_option):
    """Points that were restored before a run used to end up under its heatmap."""
    layer = add_tomogram(viewer, SPOT)
    find_motors(controllers, layer, spot_option)
    heatmap, points = viewer.layers[1:]
    viewer.layers.remove(heatmap)
    find_motors(controllers, layer, spot_option)
    assert [each.name for each in viewer.layers] == [layer.name, "tomo heatmap", points.name]


def test_no_motor_is_an_ordinary_answer(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, contrast_limits=(0, 255))
    layer.data[0, 0, 0] = 1  # a constant volume would be refused
    find_motors(controllers, layer, spot_option)
    points = find(viewer.layers, PICKS, identity(layer))
    assert len(points.data) == 0
    assert len(picks_of(points)[0]) == 0
    layer.data[SPOT] = 255
    find_motors(controllers, layer, spot_option)
    assert points.features["status"].tolist() == ["candidate"]


def test_layers_of_a_person_stay_as_they_are(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT, name="tomo")
    named_alike = viewer.add_image(np.zeros((8, 8, 8)), name="tomo heatmap", projection_mode="none")
    points = viewer.add_points([[1, 2, 3]], name="tomo motors")
    mine = (layer, named_alike, points)
    before = [each.as_layer_data_tuple() for each in mine]
    find_motors(controllers, layer, spot_option)
    find_motors(controllers, layer, spot_option)
    after = [each.as_layer_data_tuple() for each in mine]
    for (_, old, _), (_, new, _) in zip(before, after, strict=True):
        for key in old.keys() - {"features", "feature_defaults"}:
            np.testing.assert_equal(new[key], old[key], err_msg=key)
    assert [type(each) for each in viewer.layers] == [Image, Image, Image, Points, Points]


def test_results_belong_to_their_tomogram(controllers, viewer, spot_option):
    first, second = add_tomogram(viewer, SPOT), add_tomogram(viewer, SPOT, OTHER)
    find_motors(controllers, first, spot_option)
    find_motors(controllers, second, spot_option)
    assert len(find(viewer.layers, PICKS, identity(first)).data) == 1
    assert len(find(viewer.layers, PICKS, identity(second)).data) == 2
    controllers.reviews.review(first).set_threshold(1.0)
    assert controllers.reviews.review(second).threshold == 0.5
    viewer.layers.remove(first)
    assert controllers.tomograms.of(first) is None
    assert controllers.tomograms.of(second).last_run is not None


def test_threshold_hides_points_without_a_run(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT, OTHER)
    find_motors(controllers, layer, spot_option)
    points = find(viewer.layers, PICKS, identity(layer))
    scores = points.features["score"].to_numpy()
    assert scores[0] > scores[1]
    changes = []
    controllers.reviews.changed.connect(changes.append)
    controllers.reviews.review(layer).set_threshold(float(scores.mean()))
    assert points.shown.tolist() == [True, False]
    assert len(picks_of(points)[0]) == 1
    assert changes == [identity(layer)]
    controllers.reviews.review(layer).set_threshold(0.0)
    assert points.shown.all()


def test_minimum_distance_chooses_anew(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT, (36, 44, 52))
    find_motors(controllers, layer, spot_option)
    points = find(viewer.layers, PICKS, identity(layer))
    assert len(points.data) == 2
    intake.set_minimum_distance(controllers.reviews.review(layer), 32 * SPACING + 200)
    assert len(points.data) == 1
    assert world(points, points.data[0]) == pytest.approx(world(layer, SPOT), abs=4 * SPACING)
    intake.set_minimum_distance(controllers.reviews.review(layer), 100)
    assert len(points.data) == 2


def test_minimum_distance_chooses_anew_when_the_tomogram_is_opened_again(
    controllers, new_controllers, viewer, spot_option
):
    layer = add_tomogram(viewer, SPOT, (36, 44, 52))
    find_motors(controllers, layer, spot_option)
    intake.set_minimum_distance(controllers.reviews.review(layer), 32 * SPACING + 200)
    assert len(controllers.reviews.review(layer).table) == 1
    controllers.close()

    viewer = ViewerModel()
    controllers, layer = new_controllers(viewer), add_tomogram(viewer, SPOT, (36, 44, 52))
    controllers.reviews.restore(layer)
    review = controllers.reviews.review(layer)
    assert review.minimum_distance == 32 * SPACING + 200
    intake.set_minimum_distance(controllers.reviews.review(layer), 100)
    assert len(review.table) == 2
    assert set(review.table.frame["model"]) == {spot_option.card.name}
    intake.set_minimum_distance(controllers.reviews.review(layer), 32 * SPACING + 200)
    assert len(review.table) == 1
    assert review.undo()  # all that was done in one sitting is one step
    assert len(review.table) == 1
    assert review.undo()
    assert len(review.table) == 2
    assert not review.undo()
    controllers.close()


def test_heatmap_fills_in_while_windows_finish(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    task = controllers.detections.new_task(layer, spot_option)
    grid = full_grid(layer).strided(8, 3.5, (8, 12, 10))
    controllers.detections.receive(task, HeatmapStarted(grid))
    heatmap = find(viewer.layers, HEATMAP, identity(layer))
    drawn = []
    heatmap.events.set_data.connect(lambda: drawn.append(1))
    block = HeatmapBlock((2, 0, 4), np.ones((3, 12, 2), dtype=np.float32))
    controllers.detections.receive(task, block)
    assert heatmap.data.sum() == 72
    assert heatmap.data[2:5, :, 4:6].all()
    assert drawn


def test_what_a_person_removes_in_mid_run_does_no_harm(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    task = controllers.detections.new_task(layer, spot_option)
    run = run_on(controllers.engine, task.request, threading.Event())

    def remove_heatmap(message):
        controllers.detections.receive(task, message)
        if isinstance(message, HeatmapStarted):
            viewer.layers.remove(find(viewer.layers, HEATMAP, identity(layer)))

    controllers.detections.finish(task, run_to_end(run, remove_heatmap))
    assert find(viewer.layers, HEATMAP, identity(layer)) is None
    assert len(find(viewer.layers, PICKS, identity(layer)).data) == 1


def test_stale_results_are_dropped(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    old = controllers.detections.new_task(layer, spot_option)
    controllers.detections.new_task(layer, spot_option)
    result = run_to_end(run_on(controllers.engine, old.request, threading.Event()))
    controllers.detections.finish(old, result)
    assert list(viewer.layers) == [layer]
    new = controllers.detections.new_task(layer, spot_option)
    viewer.layers.remove(layer)
    controllers.detections.finish(new, result)
    assert not viewer.layers


def test_closed_session_shows_nothing_more(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    task = controllers.detections.new_task(layer, spot_option)
    heard = []
    controllers.tomograms.changed.connect(lambda: heard.append(1))
    controllers.close()
    controllers.close()
    controllers.detections.finish(
        task, run_to_end(run_on(controllers.engine, task.request, threading.Event()))
    )
    assert list(viewer.layers) == [layer]
    assert not heard


def test_cancelled_run_keeps_the_results_before(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    find_motors(controllers, layer, spot_option)
    cancel = threading.Event()
    cancel.set()
    task = controllers.detections.new_task(layer, spot_option)
    assert run_to_end(run_on(controllers.engine, task.request, cancel)) is None
    controllers.detections.finish(task, None)
    assert len(controllers.reviews.review(layer).table) == 1


def test_unknown_spacing_is_insisted_on(controllers, viewer, spot_option):
    layer = viewer.add_image(np.zeros(SHAPE, dtype=np.float32), contrast_limits=(0, 1))
    with pytest.raises(SpacingError):
        controllers.detections.new_task(layer, spot_option)
    controllers.reviews.set_spacing(layer, (16.0,) * 3)
    assert controllers.detections.new_task(layer, spot_option).request.tomogram.grid.spacing == (
        16,
        16,
        16,
    )


def test_setting_the_spacing_removes_results_and_stays_in_the_slice(
    controllers, viewer, spot_option
):
    layer = add_tomogram(viewer, SPOT)
    find_motors(controllers, layer, spot_option)
    viewer.dims.set_point(0, 30 * SPACING)
    controllers.reviews.set_spacing(layer, (10.0,) * 3)
    assert list(viewer.layers) == [layer]
    assert controllers.tomograms.of(layer).last_run is None
    assert viewer.dims.point[0] == pytest.approx(300)
    with pytest.raises(SpacingError):
        controllers.reviews.set_spacing(layer, (10.0, 0.0, 10.0))
    assert tuple(layer.scale) == (10, 10, 10)


def test_multiscale_layer_is_searched_at_a_fitting_level(controllers, viewer, spot_option):
    fine = np.zeros([2 * side for side in SHAPE], dtype=np.uint8)
    fine[tuple(slice(2 * index, 2 * index + 2) for index in SPOT)] = 255
    coarse = fine[::2, ::2, ::2]
    layer = viewer.add_image(
        [fine, coarse], multiscale=True, scale=(SPACING / 2,) * 3, units=("angstrom",) * 3
    )
    find_motors(controllers, layer, spot_option)
    points = find(viewer.layers, PICKS, identity(layer))
    assert points.data[0] == pytest.approx(np.array(SPOT) * 2 + 0.5, abs=8)
    assert tuple(points.scale) == (SPACING / 2,) * 3


def test_motors_show_in_neighbouring_slices_where_nothing_is_blurred(
    controllers, viewer, spot_option
):
    layer = add_tomogram(viewer, SPOT)
    find_motors(controllers, layer, spot_option)
    points = find(viewer.layers, PICKS, identity(layer))
    assert viewer.dims.margin_left == viewer.dims.margin_right == (350,) * 3
    averaging = viewer.add_image(np.zeros((8, 8, 8)), projection_mode="mean")
    assert viewer.dims.margin_left == (0,) * 3
    viewer.layers.remove(averaging)
    assert viewer.dims.margin_left == (350,) * 3
    viewer.layers.remove(points)
    assert viewer.dims.margin_left == (0,) * 3


def test_thickness_that_a_person_chose_stays(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    viewer.dims.margin_left = viewer.dims.margin_right = (50.0, 0.0, 0.0)
    find_motors(controllers, layer, spot_option)
    assert viewer.dims.margin_left == (50, 0, 0)
    viewer.layers.remove(find(viewer.layers, PICKS, identity(layer)))
    assert viewer.dims.margin_left == (50, 0, 0)


def test_points_that_a_person_adds_are_theirs(controllers, viewer, spot_option, tmp_path):
    layer = add_tomogram(viewer, SPOT)
    find_motors(controllers, layer, spot_option)
    points = controllers.reviews.points(layer)
    points.selected_data = {0}  # napari would now copy this point's features
    points.add([[10.0, 20.0, 30.0]])
    controllers.reviews.review(layer).set_threshold(0.8)
    picks, grid = picks_of(points)
    assert picks.frame["origin"].tolist() == ["model", "user"]
    assert picks.frame["status"].tolist() == ["candidate", "accepted"]
    assert np.isnan(picks.scores[1])
    assert len(set(picks.ids)) == 2
    assert picks.positions[1] == pytest.approx(world(layer, (10, 20, 30)))
    write_picks(tmp_path / "picks.csv", {"tomo": (picks, grid)})
    table = read_picks(tmp_path / "picks.csv")
    assert table.loc[1, ["z", "y", "x"]].tolist() == pytest.approx([10, 20, 30])


def test_no_picks_is_said(controllers, viewer):
    layer = add_tomogram(viewer, SPOT)
    with pytest.raises(PicksError, match="find motors"):
        controllers.reviews.points(layer)


def test_unsuitable_layer_is_refused(controllers, viewer, spot_option):
    layer = viewer.add_image(np.zeros((2, 8, 8, 8)))
    with pytest.raises(TomogramError, match="4 axes"):
        controllers.detections.new_task(layer, spot_option)


def test_results_are_not_offered_as_tomograms(controllers, viewer, spot_option):
    layer = add_tomogram(viewer, SPOT)
    find_motors(controllers, layer, spot_option)
    assert [each.layer for each in controllers.tomograms] == [layer]
    assert [kind_of(each) for each in viewer.layers] == [None, HEATMAP, PICKS]
    assert isinstance(viewer, ViewerModel)
