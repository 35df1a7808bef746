"""The queue in a viewer without a window."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from motorscope.batch.loop import Begun, Done, Standing
from motorscope.batch.queue import (
    Failed,
    FoundAlike,
    Like,
    Opened,
    QueueTask,
    alike_job,
    search_job,
)
from motorscope.batch.queue.reading import open_job
from motorscope.batch.worklist import scan
from motorscope.contract import ModelRef, RunSettings
from motorscope.contract.stages import OpenStageRequest
from motorscope.engine import ThreadEngine
from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.plugin.layers.kinds import HEATMAP, PICKS, TOMOGRAM
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.layers.source import density_of, identity, path_of
from motorscope.plugin.layers.tag import kind_of, tag_of
from motorscope.plugin.queue.controller import QueueController
from motorscope.review import Journal, Mark
from motorscope.review.journal.place import kept_elsewhere
from motorscope.review.worklist import (
    FAILED,
    NEW,
    NO_MOTOR,
    NO_SPACING,
    NOTHING,
    OUTDATED,
    REVIEWED,
    TO_REVIEW,
    with_journal,
)
from motorscope.review.worklist.deciding import mark_as, take_mark_back
from motorscope.tomogram import VoxelGrid, open_tomogram, write_mrc

SHAPE, SPACING = (64, 64, 64), 16.0
SPOTS = {"a": (32, 20, 40), "b": (20, 44, 24), "c": None}


@pytest.fixture
def folder(tmp_path):
    """Return a folder of two tomograms with a spot each, and an empty one."""
    folder = tmp_path / "tomograms"
    folder.mkdir()
    for name, spot in SPOTS.items():
        write(folder, name, spot)
    return folder


@pytest.fixture
def desk(controllers, folder):
    desk = QueueController(controllers.detections)
    desk.set_queue(scan(folder))
    yield desk
    desk.close()


@pytest.fixture
def engine(spot_model):
    engine = ThreadEngine()
    engine.models.put(ModelRef("spots"), spot_model)
    return engine


def write(folder, name, spot, spacing=SPACING):
    data = np.full(SHAPE, -128, dtype=np.int8)
    data[32, 32, 32] = -120  # a constant volume would be refused
    if spot is not None:
        data[spot] = 127
    grid = VoxelGrid(SHAPE, None if spacing is None else (spacing,) * 3)
    write_mrc(folder / f"{name}.mrc", data, grid)


def entry(desk, name):
    return next(each for each in desk.queue.entries.values() if each.name == name)


def show(desk, name, spacing=None):
    job = open_job(entry(desk, name), spacing, tomogram_arguments, threading.Event())
    message = next(job)
    assert isinstance(message, Opened)
    list(job)
    return desk.show(message)


def search(desk, engine, *names, spacing=None):
    """Search tomograms, and hand over what is found as a window would."""
    entries = [(desk.as_said(entry(desk, name)), spacing) for name in names]
    task = QueueTask(entries, ModelRef("spots"))
    messages = list(search_job(task, engine, threading.Event()))
    for message in messages:
        if isinstance(message, Done):
            desk.finish(message)
    return messages


def set_reviewed(desk, name, no_motor=False):
    mark_as(desk, entry(desk, name).path, Mark.now(no_motor))


def reopened(desk):
    """Return the statuses of a folder that is opened afresh."""
    queue = scan(desk.queue.source)
    return {each.name: with_journal(each).status for each in queue.entries.values()}


def roles(viewer):
    return [kind_of(layer) for layer in viewer.layers]


def test_results_wait_for_the_tomogram_to_be_opened(desk, viewer, engine, spot_card):
    search(desk, engine, "a", "b", "c")
    assert not len(viewer.layers)
    assert entry(desk, "a").status == entry(desk, "b").status == TO_REVIEW
    assert entry(desk, "a").summary.undecided == 1
    searched = entry(desk, "c").summary.record.searched
    assert searched.model == spot_card.name
    assert entry(desk, "c").summary.best is None
    assert entry(desk, "c").status == NOTHING
    show(desk, "a")
    assert roles(viewer) == [TOMOGRAM, HEATMAP, PICKS]
    picks = viewer.layers[-1]
    at = np.array(picks.data_to_world(picks.data[0]))
    assert at == pytest.approx(np.array(SPOTS["a"]) * SPACING, abs=4 * SPACING)
    voxel = np.unravel_index(np.argmax(viewer.layers[1].data), viewer.layers[1].data.shape)
    assert np.array(viewer.layers[1].data_to_world(voxel)) == pytest.approx(at, abs=8 * SPACING)
    table = desk.reviews.review(desk.layer).table
    assert table.frame["model"].tolist() == [spot_card.name] * len(table)


def test_next_tomogram_takes_the_place_of_the_one_before_only(desk, viewer, engine):
    mine = viewer.add_image(np.zeros((4, 4, 4)), name="mine", scale=(16,) * 3)
    points = viewer.add_points(np.zeros((1, 3)), name="my points")
    search(desk, engine, "a", "b")
    show(desk, "a")
    before = identity(desk.layer)
    show(desk, "b")
    assert desk.current.name == "b"
    assert identity(desk.layer) != before
    assert mine in viewer.layers
    assert points in viewer.layers
    assert roles(viewer) == [None, None, TOMOGRAM, HEATMAP, PICKS]
    at = np.array(viewer.layers[-1].data_to_world(viewer.layers[-1].data[0]))
    assert at == pytest.approx(np.array(SPOTS["b"]) * SPACING, abs=4 * SPACING)
    assert viewer.layers[-2].name == "b heatmap"
    show(desk, "c")  # without a heatmap or picks
    assert roles(viewer) == [None, None, TOMOGRAM]


def test_next_tomogram_gets_the_layers_of_the_one_before(desk, viewer, engine):
    search(desk, engine, "a", "b")
    show(desk, "a")
    layers = list(viewer.layers)
    layers[0].colormap, layers[1].visible = "viridis", False
    cuts = []
    layers[0].events.set_data.connect(lambda: cuts.append(None))
    show(desk, "b")
    assert list(viewer.layers) == layers
    assert [layer.name for layer in layers] == ["b", "b heatmap", "b motors"]
    assert layers[0].colormap.name == "viridis"  # as a person chose it
    assert [layer.visible for layer in layers] == [True, False, True]
    assert len(cuts) <= 2


def test_nothing_of_a_tomogram_is_left_in_the_layers_of_the_next(
    desk, controllers, folder, viewer, engine, spot_option
):
    search(desk, engine, "a")
    search(desk, engine, "b", spacing=(8.0,) * 3)
    show(desk, "a")
    image, heatmap, points = viewer.layers
    heat, before = np.array(heatmap.data), identity(image)
    image.contrast_limits = (-5, -4)
    first = controllers.reviews.review(image)
    first.go_to(int(first.listed()[0]))
    first.decide("accepted")
    first.add([[100.0, 200.0, 300.0]])
    task = controllers.detections.new_task(image, spot_option)
    assert controllers.detections.is_current(task)

    show(desk, "b")
    assert not controllers.detections.is_current(task)
    assert controllers.tomograms.get(before) is None
    assert controllers.tomograms.of(image).last_run is None
    assert first.journal is None
    assert tag_of(image).path == folder / "b.mrc"
    assert tuple(image.contrast_limits) != (-5, -4)
    assert image.contrast_limits == image.contrast_limits_range
    assert not np.array_equal(heatmap.data, heat)
    review = controllers.reviews.review(image)
    assert review is not first
    assert not review.history.can_undo
    assert review.selected != ()  # the first to decide about
    assert review.table.frame["status"].tolist() == ["candidate"]
    assert points.features["status"].tolist() == ["candidate"]
    assert len(points.data) == 1
    review.decide("rejected")

    show(desk, "a")
    kept = controllers.reviews.review(image).table.frame["status"].tolist()
    assert kept == ["accepted", "accepted"]
    assert sorted(points.features["origin"]) == ["model", "user"]
    assert entry(desk, "b").summary.rejected == 1
    with Journal(entry(desk, "b").journal) as journal:
        assert journal.table.frame["status"].tolist() == ["rejected"]


def test_points_moved_after_an_exchange_are_those_of_the_tomogram_that_is_open(
    desk, viewer, engine
):
    search(desk, engine, "a", "b")
    show(desk, "a")
    show(desk, "b")
    points = viewer.layers[-1]
    points.add([[10.0, 11, 12]])
    points.selected_data = {1}
    points.remove_selected()
    points.add([[1.0, 2, 3]])
    assert entry(desk, "b").summary.accepted == 1
    assert entry(desk, "a").summary.accepted == 0
    show(desk, "a")
    assert len(points.data) == 1
    assert entry(desk, "b").summary.accepted == 1


def test_tomogram_of_another_size_and_spacing_gets_rings_that_fit(desk, folder, viewer, engine):
    data = np.zeros((20, 30, 40), np.int8)
    data[5] = 3
    write_mrc(folder / "small.mrc", data, VoxelGrid(data.shape, (8.0,) * 3, (80.0, 0, 0)))
    desk.set_queue(scan(folder))
    table = PickTable.from_positions([[120.0, 80, 80]], [0.8])
    with Journal(entry(desk, "small").journal) as journal:
        journal.record(table)
    search(desk, engine, "a")
    show(desk, "a")
    points = viewer.layers[-1]
    show(desk, "small")
    assert roles(viewer) == [TOMOGRAM, PICKS]
    assert viewer.layers[-1] is points
    image = viewer.layers[0]
    assert tuple(image.translate) == (80.0, 0, 0)
    assert points.data.tolist() == [[5.0, 10.0, 10.0]]
    assert points.data_to_world(points.data[0]) == pytest.approx((120.0, 80, 80))
    world = points.size[0] * points.scale[0]
    show(desk, "a")
    assert points.size[0] * points.scale[0] == pytest.approx(world)
    assert tuple(image.translate) == (0, 0, 0)
    low, high, _ = np.array(viewer.dims.range).T
    assert (low == 0).all()
    assert high == pytest.approx(63 * SPACING)


def test_layer_that_a_person_transformed_is_not_inherited(desk, viewer):
    show(desk, "a")
    turned = desk.layer
    turned.affine = np.diag([1.0, 2, 2, 1])
    show(desk, "b")
    assert turned not in viewer.layers
    assert desk.current.name == "b"


def test_going_back_and_forth_changes_no_journal(desk, engine):
    search(desk, engine, "a", "b")
    for name in ("a", "b", "a"):
        show(desk, name)
        assert entry(desk, name).summary.undecided == 1
    desk.reviews.viewer.layers.remove(desk.layer)
    assert reopened(desk)["a"] == reopened(desk)["b"] == TO_REVIEW


def test_decisions_survive_a_new_search_open_or_not(desk, engine):
    search(desk, engine, "a")
    show(desk, "a")
    review = desk.reviews.review(desk.layer)
    review.go_to(int(review.listed()[0]))
    review.decide("accepted")
    review.add([[500.0, 500.0, 500.0]])
    set_reviewed(desk, "a")
    assert entry(desk, "a").status == REVIEWED
    search(desk, engine, "a")
    assert entry(desk, "a").status == REVIEWED  # there is nothing new to decide
    assert entry(desk, "a").summary.accepted == 2
    assert review.table.frame["status"].tolist().count("accepted") == 2
    show(desk, "b")
    search(desk, engine, "a")
    assert entry(desk, "a").summary.accepted == 2
    assert entry(desk, "a").summary.undecided == 0


def test_density_that_a_person_said_is_kept_and_searched_by(desk, engine, folder):
    """It held for the open tomogram alone; the queue always found it out."""
    search(desk, engine, "a", "b")
    show(desk, "a")
    assert entry(desk, "a").status == TO_REVIEW
    desk.reviews.set_density(desk.layer, "bright")
    assert entry(desk, "a").status == OUTDATED
    show(desk, "b")
    assert density_of(desk.layer) is None  # nothing of the tomogram before
    assert reopened(desk) == {"a": OUTDATED, "b": TO_REVIEW, "c": NEW}
    search(desk, engine, "a", "b")  # not open
    record = entry(desk, "a").summary.record
    assert (record.density, record.searched.density) == ("bright", "bright")
    assert entry(desk, "b").summary.record.searched.density is None
    assert entry(desk, "a").status != OUTDATED
    show(desk, "a")
    assert density_of(desk.layer) == "bright"
    desk.reviews.set_density(desk.layer, None)
    assert entry(desk, "a").summary.record.density is None


def test_density_said_before_any_search_is_searched_by(desk, engine):
    show(desk, "a")
    desk.reviews.set_density(desk.layer, "bright")
    search(desk, engine, "a")
    record = entry(desk, "a").summary.record
    assert (record.density, record.searched.density) == ("bright", "bright")


def test_no_motor_is_a_result_that_is_kept(desk, engine):
    show(desk, "c")
    assert entry(desk, "c").status == NEW
    set_reviewed(desk, "c", no_motor=True)
    assert entry(desk, "c").status == NO_MOTOR
    assert entry(desk, "c").summary.record.reviewed.when
    desk.reviews.viewer.layers.remove(desk.layer)
    assert reopened(desk) == {"a": NEW, "b": NEW, "c": NO_MOTOR}
    show(desk, "c")
    mark_as(desk, entry(desk, "c").path, None)
    assert entry(desk, "c").status == NEW


def test_no_motor_rejects_what_is_undecided_and_not_what_is_accepted(desk, engine):
    search(desk, engine, "a")
    show(desk, "a")
    set_reviewed(desk, "a", no_motor=True)
    assert entry(desk, "a").summary.rejected == 1
    assert entry(desk, "a").summary.undecided == 0
    review = desk.reviews.review(desk.layer)
    review.go_to(int(review.listed()[0]))
    review.decide("accepted")
    assert entry(desk, "a").status == REVIEWED  # says the table, whatever the mark says
    with pytest.raises(PicksError, match="1 accepted motor; reject or delete it"):
        set_reviewed(desk, "a", no_motor=True)


def test_undo_takes_the_mark_back_together_with_the_rejections(desk, engine):
    search(desk, engine, "a")
    show(desk, "a")
    review = desk.reviews.review(desk.layer)
    set_reviewed(desk, "a", no_motor=True)
    assert entry(desk, "a").status == reopened(desk)["a"] == NO_MOTOR
    review.undo()
    assert entry(desk, "a").status == reopened(desk)["a"] == TO_REVIEW
    assert entry(desk, "a").summary.undecided == 1
    review.redo()
    assert entry(desk, "a").status == reopened(desk)["a"] == NO_MOTOR
    show(desk, "b")
    show(desk, "a")
    desk.reviews.review(desk.layer).undo()
    assert entry(desk, "a").status == reopened(desk)["a"] == TO_REVIEW


@pytest.mark.parametrize("opened", ["", "a", "b"])
def test_mark_is_for_the_tomogram_that_was_meant_open_or_not(desk, engine, opened):
    search(desk, engine, "a", "b")
    if opened:
        show(desk, opened)
    mark = Mark.now(no_motor=True)
    mark_as(desk, entry(desk, "a").path, mark)
    assert (entry(desk, "a").status, entry(desk, "a").summary.rejected) == (NO_MOTOR, 1)
    assert entry(desk, "b").summary.undecided == 1
    assert reopened(desk) == {"a": NO_MOTOR, "b": TO_REVIEW, "c": NEW}
    take_mark_back(desk, entry(desk, "a").path, mark)
    assert (entry(desk, "a").summary.undecided, entry(desk, "a").summary.rejected) == (1, 0)
    assert entry(desk, "a").status == reopened(desk)["a"] == TO_REVIEW
    with pytest.raises(PicksError, match="a was changed since it was marked"):
        take_mark_back(desk, entry(desk, "a").path, mark)


def test_mark_that_is_not_the_last_step_is_not_taken_back(desk, engine):
    search(desk, engine, "a")
    mark = Mark.now(no_motor=True)
    mark_as(desk, entry(desk, "a").path, mark)
    show(desk, "a")
    review = desk.reviews.review(desk.layer)
    review.add([[500.0, 500.0, 500.0]])
    for name in ("a", "b"):  # open, and then not
        show(desk, name)
        with pytest.raises(PicksError, match="a was changed since"):
            take_mark_back(desk, entry(desk, "a").path, mark)
    assert entry(desk, "a").summary.accepted == 1
    with pytest.raises(PicksError, match="a has 1 accepted motor; reject or delete it"):
        set_reviewed(desk, "a", no_motor=True)


def test_mark_of_a_tomogram_that_is_not_open_is_undone_once_it_is(desk, engine):
    search(desk, engine, "a")
    set_reviewed(desk, "a", no_motor=True)
    show(desk, "a")
    desk.reviews.review(desk.layer).undo()
    assert entry(desk, "a").status == reopened(desk)["a"] == TO_REVIEW
    assert entry(desk, "a").summary.undecided == 1


def test_unknown_spacing_fails_until_a_person_says_it(desk, folder, viewer, engine):
    write(folder, "d", SPOTS["a"], spacing=None)
    desk.set_queue(scan(folder))
    search(desk, engine, "d", "a")
    assert entry(desk, "d").status == NO_SPACING
    assert "type it under 'Spacing where unknown'" in entry(desk, "d").problem
    assert entry(desk, "a").status == TO_REVIEW
    show(desk, "d")
    assert entry(desk, "d").status == NO_SPACING
    desk.reviews.set_spacing(desk.layer, (16.0,) * 3)
    assert entry(desk, "d").status == NEW
    assert entry(desk, "d").spacing == (SPACING,) * 3
    show(desk, "a")
    search(desk, engine, "d")  # from the journal
    assert entry(desk, "d").status == TO_REVIEW
    show(desk, "d")
    assert tuple(desk.layer.scale) == (SPACING,) * 3


def test_spacing_given_for_all_counts_where_the_file_is_silent(desk, folder, engine):
    write(folder, "d", SPOTS["a"], spacing=None)
    desk.set_queue(scan(folder))
    done = [m for m in search(desk, engine, "d", "a", spacing=(8.0,) * 3) if isinstance(m, Done)]
    assert [each.value.grid.spacing for each in done] == [(8.0,) * 3, (SPACING,) * 3]


def test_tomograms_that_vanished_or_are_damaged_do_not_stop_the_others(desk, folder, engine):
    (folder / "a.mrc").unlink()
    (folder / "b.mrc").write_bytes(b"nonsense" * 200)
    search(desk, engine, "a", "b", "c")
    assert "does not exist" in entry(desk, "a").problem
    assert entry(desk, "b").status == FAILED
    assert entry(desk, "c").status == NOTHING
    message = next(open_job(entry(desk, "a"), None, tomogram_arguments, threading.Event()))
    assert isinstance(message, Failed)
    assert "does not exist" in message.text


def test_flips_are_as_the_model_was_measured_unless_asked_for(desk, engine, looks):
    model, seen = looks
    engine.models.put(ModelRef("spots"), model)
    search(desk, engine, "a")
    averaged = len(seen)
    task = QueueTask([(entry(desk, "b"), None)], ModelRef("spots"), flips=False)
    list(search_job(task, engine, threading.Event()))
    # Each look begins with a pass over the smallest block, which counts the layers.
    assert (averaged, len(seen) - averaged) == ((1 + 1) + (1 + 3), 1 + 1)


def test_what_looks_like_examples_comes_into_every_review(desk, engine, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    settings = RunSettings("cpu", "fp32")
    paths = {name: entry(desk, name).path for name in SPOTS}
    known = open_tomogram(paths["a"])
    stage = engine.submit(
        OpenStageRequest(known, ModelRef("spots"), "stem", settings=settings)
    ).result()
    example = PickTable.from_positions(known.grid.to_world([SPOTS["a"]]))
    like = Like(ModelRef("spots"), stage.key, example, PickTable.empty(), 200.0, settings)
    show(desk, "c")
    chosen = [(entry(desk, name), None) for name in ("b", "c")]
    for message in alike_job(chosen, like, engine, threading.Event()):
        if isinstance(message, Done):
            assert message.error is None
            desk.finish(message)
    assert entry(desk, "b").status == TO_REVIEW
    with Journal(entry(desk, "b").journal) as journal:
        table = journal.table
    best = table.positions[table.scores.argmax()]
    assert np.linalg.norm(best - known.grid.to_world(SPOTS["b"])) < 60
    assert set(table.origins) == {"alike"}
    before = len(table)
    desk.take_alike(FoundAlike(paths["b"], known.grid, table, 200.0))
    with Journal(entry(desk, "b").journal) as journal:
        assert len(journal.table) == before, "the same again is nothing new"


def test_search_can_be_stopped_between_tomograms(desk, engine):
    cancel = threading.Event()
    task = QueueTask([(entry(desk, name), None) for name in "ab"], ModelRef("spots"))
    found = []
    for message in search_job(task, engine, cancel):
        if isinstance(message, Done):
            found.append(message.item.name)
            cancel.set()
    assert found == ["a"]


def test_the_time_that_is_left_is_of_all_tomograms(desk, engine):
    messages = search(desk, engine, "a", "b", "c")
    told = [each for each in messages if isinstance(each, Standing)]
    assert next(each for each in told if each.done == 1).seconds_left > 0
    assert told[-1] == Standing(3, 0, 3, 0.0)
    assert [each.number for each in messages if isinstance(each, Begun)] == [1, 2, 3]


def test_tomogram_that_another_window_reviews_is_left_alone(desk, engine):
    table = PickTable.from_positions([[1.0, 2, 3]], [0.8], status="accepted")
    with Journal(entry(desk, "a").journal) as other:
        other.record(table)
        search(desk, engine, "a")
        assert entry(desk, "a").status == FAILED
        assert "open in another window" in entry(desk, "a").problem
        show(desk, "a")
        with pytest.raises(PicksError, match="cannot be written"):
            set_reviewed(desk, "a")
    with Journal(entry(desk, "a").journal) as again:
        assert again.table == table


def test_edits_that_are_not_on_disk_keep_their_tomogram_open(desk, viewer, engine):
    search(desk, engine, "a")
    with Journal(entry(desk, "a").journal):
        show(desk, "a")
        layer = desk.layer
        desk.reviews.begin(layer).add([[500.0, 500.0, 500.0]])
        assert "not on disk" in show(desk, "b")
    assert layer in viewer.layers
    assert desk.current.name == "b"
    assert len(desk.reviews.review(layer).table) == 1


def test_removing_the_tomogram_by_hand_closes_it(desk, viewer):
    show(desk, "a")
    viewer.layers.remove(desk.layer)
    assert desk.current is None
    show(desk, "b")
    assert desk.current.name == "b"
    viewer.layers.clear()
    assert desk.current is None


def test_read_only_folder_keeps_its_results_in_the_data_folder(
    desk, folder, engine, journals, monkeypatch
):
    reachable = os.access
    monkeypatch.setattr(
        "os.access", lambda path, mode: Path(path) != folder and reachable(path, mode)
    )
    before = sorted(folder.iterdir())
    desk.set_queue(scan(folder))
    search(desk, engine, "a")
    show(desk, "a")
    path = path_of(desk.layer)
    assert "read-only" in kept_elsewhere(entry(desk, "a").journal, path)
    assert not kept_elsewhere(folder / "a.motorscope.jsonl", path)
    # What is thrown away in the end, as after an unattended demo, has no place to be told of.
    assert not kept_elsewhere(journals / "a.motorscope.jsonl", path, scratch=journals)
    set_reviewed(desk, "a")
    assert entry(desk, "a").journal.parent == entry(desk, "a").heatmap.parent == journals
    desk.reviews.viewer.layers.remove(desk.layer)
    assert reopened(desk)["a"] == REVIEWED
    assert sorted(folder.iterdir()) == before
