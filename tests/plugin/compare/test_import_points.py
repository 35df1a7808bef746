"""Points that were opened are taken into the review: what comes of them, and the way back."""

import numpy as np
import pytest
from napari.layers import Layer

from motorscope.errors import PicksError, SpacingError
from motorscope.picks import PickTable
from motorscope.picks.formats import write_coordinates
from motorscope.plugin.compare.import_points import take_into_review
from motorscope.plugin.coordinates.open import open_coordinates, open_on
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.layers.tag import tag_of
from motorscope.plugin.review.journals import journal_of
from motorscope.tomogram import Tomogram, VoxelGrid

GRID = VoxelGrid(shape=(60, 200, 200), spacing=(20.0,) * 3, origin=(0.0, 100.0, 0.0))
PLACES = np.array([[600.0, 1100, 1000], [200, 2000, 3000], [900, 3500, 500]])
RADIUS = 500.0


def add_tomogram(viewer, grid=GRID, name="tomo"):
    tomogram = Tomogram(data=np.zeros(grid.shape, np.uint8), grid=grid, name=name)
    return viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))


def opened(viewer, path, layer=None, **options):
    if layer is None:
        (data,), _ = open_coordinates(path, viewer.layers)
    else:
        data, _ = open_on(path, layer, **options)
    return viewer.add_layer(Layer.create(*data))


def a_file(folder, name="picks.ndjson", places=PLACES, grid=GRID, tomogram="tomo", **options):
    table = PickTable.from_positions(places, **({"origin": "user", "status": "accepted"} | options))
    write_coordinates(folder / name, {tomogram: (table, grid)})
    return folder / name


def take(controllers, layer, points, radius=RADIUS):
    said = take_into_review(controllers.reviews, layer, points, radius)
    return controllers.reviews.review(layer), said


def test_points_become_picks_of_the_review_as_one_step(controllers, viewer, tmp_path):
    layer = add_tomogram(viewer)
    points = opened(viewer, a_file(tmp_path))
    review, said = take(controllers, layer, points)
    assert said == "3 motors of 'picks.ndjson' added to the review."
    np.testing.assert_allclose(review.table.positions, PLACES, atol=0.01)
    frame = review.table.frame
    assert set(frame["origin"]) == {"user"}
    assert set(frame["status"]) == {"accepted"}
    assert set(frame["note"]) == {"from picks.ndjson"}
    assert "" not in set(frame["who"]) | set(frame["when"])
    shown = controllers.reviews.points(layer)
    np.testing.assert_allclose(
        [shown.data_to_world(each) for each in shown.data], PLACES, atol=0.01
    )
    assert not points.visible
    assert review.undo()
    assert len(review.table) == 0
    assert review.redo()
    assert len(review.table) == 3


def test_a_second_time_nothing_changes(controllers, viewer, tmp_path):
    layer = add_tomogram(viewer)
    points = opened(viewer, a_file(tmp_path))
    review, _ = take(controllers, layer, points)
    before = review.table
    _, said = take(controllers, layer, points)
    assert said == "The 3 motors of 'picks.ndjson' are in the review already."
    assert review.table == before
    review.undo()
    assert not review.history.can_undo


def test_merging_leaves_decisions_and_replaces_candidates_in_one_step(
    controllers, viewer, tmp_path
):
    layer = add_tomogram(viewer)
    near = PLACES + np.array([0, 0, 300.0])
    controllers.reviews.take_in(layer, PickTable.from_positions(near[:2], [0.9, 0.8]), 100.0, 0.5)
    review = controllers.reviews.review(layer)
    review.select([0])
    review.decide("rejected")
    before = review.table
    review, said = take(controllers, layer, opened(viewer, a_file(tmp_path)))
    assert said == (
        "1 motor of 'picks.ndjson' added to the review, 1 put in the place of undecided ones, "
        "1 left out that it has already (within 500 Å)."
    )
    expected = [near[0], PLACES[1], PLACES[2]]
    np.testing.assert_allclose(review.table.positions, expected, atol=0.01)
    assert review.table.frame["status"].tolist() == ["rejected", "accepted", "accepted"]
    review.undo()
    assert review.table == before


def test_all_that_our_csv_says_stays(controllers, viewer, tmp_path):
    layer = add_tomogram(viewer)
    table = PickTable.from_positions(
        PLACES,
        [0.9, np.nan, 0.1],
        origin=["model", "user", "model"],
        status=["candidate", "accepted", "rejected"],
        who="ada",
        when="2026-01-01T00:00:00+00:00",
        note="mine",
        model="built-in",
    )
    from motorscope.picks import write_picks

    write_picks(tmp_path / "ada.csv", {"tomo": (table, GRID)}, details=True)
    review, _ = take(controllers, layer, opened(viewer, tmp_path / "ada.csv"))
    columns = ["score", "origin", "status", "who", "when", "note", "model"]
    left, right = (each.frame[columns].fillna(-1) for each in (review.table, table))
    assert left.to_dict("list") == right.to_dict("list")


def test_low_scores_of_other_programs_are_shown(controllers, viewer, tmp_path):
    """A cross-correlation of 0.15 is no probability; below the threshold nobody would see it."""
    pytest.importorskip("dynamotable")
    layer = add_tomogram(viewer)
    path = a_file(tmp_path, "a.tbl", scores=[0.158, 0.2, 0.9], status="candidate", origin="model")
    review, said = take(controllers, layer, opened(viewer, path))
    assert review.threshold == pytest.approx(0.15)
    assert "threshold is 0.15 now" in said
    assert review.shown.all()
    assert set(review.table.frame["origin"]) == {"user"}
    # What a person brought in stays when the model runs.
    controllers.reviews.take_in(layer, PickTable.empty(), 100.0, 0.5)
    assert len(review.table) == 3


def test_what_is_taken_in_is_in_the_journal(controllers, new_controllers, viewer, tmp_path):
    layer = add_tomogram(viewer)
    take(controllers, layer, opened(viewer, a_file(tmp_path)))
    controllers.close()
    assert journal_of(layer).exists()
    again = new_controllers(viewer)
    again.reviews.restore(layer)
    np.testing.assert_allclose(again.reviews.review(layer).table.positions, PLACES, atol=0.01)
    again.close()


def test_points_that_were_edited_before_are_taken_in_as_they_are(controllers, viewer, tmp_path):
    """napari gives an added point all features of the selected one, its id too."""
    layer = add_tomogram(viewer)
    points = opened(viewer, a_file(tmp_path))
    points.selected_data = {0}
    points.add(GRID.to_voxels([[500.0, 500.0, 500.0]]))
    points.selected_data = {1}
    points.remove_selected()
    review, _ = take(controllers, layer, points)
    expected = [PLACES[0], PLACES[2], (500, 500, 500)]
    np.testing.assert_allclose(review.table.positions, expected, atol=0.01)


def test_points_of_another_plugin_are_taken_in_and_stay_as_they_are(controllers, viewer):
    layer = add_tomogram(viewer)
    points = viewer.add_points(
        PLACES / 10, units=("nm",) * 3, name="others", features={"score": [0.9, 0.8, 0.7]}
    )
    review, _ = take(controllers, layer, points)
    np.testing.assert_allclose(review.table.positions, PLACES)
    assert review.table.scores.tolist() == [0.9, 0.8, 0.7]
    assert points.visible


def test_points_outside_ask_for_the_binning(controllers, viewer, tmp_path):
    layer = add_tomogram(viewer)
    np.save(tmp_path / "unbinned.npy", 4 * GRID.to_voxels(PLACES))
    points = opened(viewer, tmp_path / "unbinned.npy")
    with pytest.raises(PicksError, match=r"lie outside of 'tomo'.* binning \(4, perhaps\)"):
        take(controllers, layer, points)
    assert controllers.reviews.review(layer) is None
    points = opened(viewer, tmp_path / "unbinned.npy", layer, binning=4.0)
    review, _ = take(controllers, layer, points)
    np.testing.assert_allclose(review.table.positions, PLACES)


def test_without_a_spacing_it_is_asked_for_and_then_they_fit(controllers, viewer, tmp_path):
    layer = add_tomogram(viewer, VoxelGrid(shape=GRID.shape, spacing=None))
    np.save(tmp_path / "points.npy", [[1.0, 2.0, 3.0]])
    points = opened(viewer, tmp_path / "points.npy")
    assert tag_of(points).in_pixels
    with pytest.raises(SpacingError, match="Spacing field"):
        take(controllers, layer, points)
    controllers.reviews.set_spacing(layer, (20.0,) * 3)
    review, said = take(controllers, layer, points)
    assert review.table.positions.tolist() == [[20, 40, 60]]
    assert "taken as voxels of 'tomo'" in said


def test_of_several_tomograms_the_named_one_is_taken(controllers, viewer, tmp_path):
    layer = add_tomogram(viewer, name="other")
    table = PickTable.from_positions(PLACES, status="accepted")
    sets = {"a": (table, GRID), "b": (table.select([1]), GRID)}
    write_coordinates(tmp_path / "all.csv", sets)
    points = opened(viewer, tmp_path / "all.csv", layer, name="b")
    review, _ = take(controllers, layer, points)
    np.testing.assert_allclose(review.table.positions, PLACES[[1]], atol=0.01)
    with pytest.raises(PicksError, match="none of 'c'"):
        open_on(tmp_path / "all.csv", layer, name="c")


def test_an_empty_list_has_nothing_to_take(controllers, viewer, tmp_path):
    layer = add_tomogram(viewer)
    (tmp_path / "tomo.ndjson").write_text("")
    points = opened(viewer, tmp_path / "tomo.ndjson")
    with pytest.raises(PicksError, match="no points to take"):
        take(controllers, layer, points)
