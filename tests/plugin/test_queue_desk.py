"""The queue in a viewer without a window."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from motorscope.errors import PicksError
from motorscope.picks import Journal, PickTable
from motorscope.plugin.layers import identity, role
from motorscope.plugin.models import ModelChoice, ModelShelf
from motorscope.plugin.queue import FAILED, NEW, NO_MOTOR, REVIEWED, TO_REVIEW, scan, with_journal
from motorscope.plugin.queue_desk import QueueDesk
from motorscope.plugin.queue_jobs import Failed, Found, Opened, QueueTask, open_job, search_job
from motorscope.plugin.session import Session
from motorscope.plugin.specs import HEATMAP, PICKS
from motorscope.tomogram import VoxelGrid, write_mrc

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
def desk(viewer, folder):
    session = Session(viewer)
    desk = QueueDesk(session)
    desk.set_queue(scan(folder))
    yield desk
    desk.close()
    session.close()


@pytest.fixture
def shelf(spot_model):
    shelf = ModelShelf()
    shelf.put(ModelChoice("spots"), spot_model)
    return shelf


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
    job = open_job(entry(desk, name), spacing, threading.Event())
    message = next(job)
    assert isinstance(message, Opened)
    list(job)
    return desk.show(message)


def search(desk, shelf, *names, spacing=None):
    """Search tomograms, and hand over what is found as a window would."""
    task = QueueTask([(entry(desk, name), spacing) for name in names], ModelChoice("spots"))
    messages = list(search_job(task, shelf, threading.Event()))
    for message in messages:
        if isinstance(message, Found):
            desk.take_in(message)
        elif isinstance(message, Failed):
            desk.fail(message)
    return messages


def reopened(desk):
    """Return the statuses of a folder that is opened afresh."""
    queue = scan(desk.queue.source)
    return {each.name: with_journal(each).status for each in queue.entries.values()}


def roles(viewer):
    return [role(layer) for layer in viewer.layers]


def test_results_wait_for_the_tomogram_to_be_opened(desk, viewer, shelf, spot_card):
    search(desk, shelf, "a", "b", "c")
    assert not len(viewer.layers)
    assert entry(desk, "a").status == entry(desk, "b").status == TO_REVIEW
    assert entry(desk, "a").summary.undecided == 1
    searched = entry(desk, "c").summary.remarks["searched"]
    assert searched["model"] == spot_card.name
    assert entry(desk, "c").summary.best is None
    assert entry(desk, "c").status == TO_REVIEW
    show(desk, "a")
    assert roles(viewer) == ["tomogram", HEATMAP, PICKS]
    picks = viewer.layers[-1]
    at = np.array(picks.data_to_world(picks.data[0]))
    assert at == pytest.approx(np.array(SPOTS["a"]) * SPACING, abs=4 * SPACING)
    voxel = np.unravel_index(np.argmax(viewer.layers[1].data), viewer.layers[1].data.shape)
    assert np.array(viewer.layers[1].data_to_world(voxel)) == pytest.approx(at, abs=8 * SPACING)
    table = desk.session.desk.review(desk.layer).table
    assert table.frame["model"].tolist() == [spot_card.name] * len(table)


def test_next_tomogram_takes_the_place_of_the_one_before_only(desk, viewer, shelf):
    mine = viewer.add_image(np.zeros((4, 4, 4)), name="mine", scale=(16,) * 3)
    points = viewer.add_points(np.zeros((1, 3)), name="my points")
    search(desk, shelf, "a", "b")
    show(desk, "a")
    before = identity(desk.layer)
    show(desk, "b")
    assert desk.current.name == "b"
    assert identity(desk.layer) != before
    assert mine in viewer.layers
    assert points in viewer.layers
    assert roles(viewer) == [None, None, "tomogram", HEATMAP, PICKS]
    at = np.array(viewer.layers[-1].data_to_world(viewer.layers[-1].data[0]))
    assert at == pytest.approx(np.array(SPOTS["b"]) * SPACING, abs=4 * SPACING)
    assert viewer.layers[-2].name == "b heatmap"
    show(desk, "c")  # without a heatmap or picks
    assert roles(viewer) == [None, None, "tomogram"]


def test_going_back_and_forth_changes_no_journal(desk, shelf):
    search(desk, shelf, "a", "b")
    for name in ("a", "b", "a"):
        show(desk, name)
        assert entry(desk, name).summary.undecided == 1
    desk.leave()
    assert reopened(desk)["a"] == reopened(desk)["b"] == TO_REVIEW


def test_decisions_survive_a_new_search_open_or_not(desk, shelf):
    search(desk, shelf, "a")
    show(desk, "a")
    review = desk.session.desk.review(desk.layer)
    review.go_to(int(review.listed()[0]))
    review.decide("accepted")
    review.add([[500.0, 500.0, 500.0]])
    desk.set_reviewed()
    assert entry(desk, "a").status == REVIEWED
    search(desk, shelf, "a")
    assert entry(desk, "a").status == TO_REVIEW
    assert entry(desk, "a").summary.accepted == 2
    assert review.table.frame["status"].tolist().count("accepted") == 2
    show(desk, "b")
    search(desk, shelf, "a")
    assert entry(desk, "a").summary.accepted == 2
    assert entry(desk, "a").summary.undecided == 0


def test_no_motor_is_a_result_that_is_kept(desk, shelf):
    show(desk, "c")
    assert entry(desk, "c").status == NEW
    desk.set_reviewed(no_motor=True)
    assert entry(desk, "c").status == NO_MOTOR
    assert entry(desk, "c").summary.remarks["reviewed"]["when"]
    desk.leave()
    assert reopened(desk) == {"a": NEW, "b": NEW, "c": NO_MOTOR}
    show(desk, "c")
    desk.unset_reviewed()
    assert entry(desk, "c").status == NEW


def test_no_motor_rejects_what_is_undecided_and_not_what_is_accepted(desk, shelf):
    search(desk, shelf, "a")
    show(desk, "a")
    desk.set_reviewed(no_motor=True)
    assert entry(desk, "a").summary.rejected == 1
    assert entry(desk, "a").summary.undecided == 0
    review = desk.session.desk.review(desk.layer)
    review.undo()
    review.go_to(int(review.listed()[0]))
    review.decide("accepted")
    assert entry(desk, "a").status == REVIEWED  # says the table, whatever the mark says
    with pytest.raises(PicksError, match="1 accepted motor; reject or delete it"):
        desk.set_reviewed(no_motor=True)


def test_unknown_spacing_fails_until_a_person_says_it(desk, folder, viewer, shelf):
    write(folder, "d", SPOTS["a"], spacing=None)
    desk.set_queue(scan(folder))
    search(desk, shelf, "d", "a")
    assert entry(desk, "d").status == FAILED
    assert "spacing" in entry(desk, "d").problem
    assert entry(desk, "a").status == TO_REVIEW
    show(desk, "d")
    assert entry(desk, "d").status == FAILED
    desk.session.set_spacing(desk.layer, "16")
    assert entry(desk, "d").status == NEW
    assert entry(desk, "d").spacing == (SPACING,) * 3
    show(desk, "a")
    search(desk, shelf, "d")  # from the journal
    assert entry(desk, "d").status == TO_REVIEW
    show(desk, "d")
    assert tuple(desk.layer.scale) == (SPACING,) * 3


def test_spacing_given_for_all_counts_where_the_file_is_silent(desk, folder, shelf):
    write(folder, "d", SPOTS["a"], spacing=None)
    desk.set_queue(scan(folder))
    found = [m for m in search(desk, shelf, "d", "a", spacing=(8.0,) * 3) if isinstance(m, Found)]
    assert [each.grid.spacing for each in found] == [(8.0,) * 3, (SPACING,) * 3]


def test_tomograms_that_vanished_or_are_damaged_do_not_stop_the_others(desk, folder, shelf):
    (folder / "a.mrc").unlink()
    (folder / "b.mrc").write_bytes(b"nonsense" * 200)
    search(desk, shelf, "a", "b", "c")
    assert "does not exist" in entry(desk, "a").problem
    assert entry(desk, "b").status == FAILED
    assert entry(desk, "c").status == TO_REVIEW
    message = next(open_job(entry(desk, "a"), None, threading.Event()))
    assert isinstance(message, Failed)
    assert "does not exist" in message.text


def test_search_can_be_stopped_between_tomograms(desk, shelf):
    cancel = threading.Event()
    task = QueueTask([(entry(desk, name), None) for name in "ab"], ModelChoice("spots"))
    found = []
    for message in search_job(task, shelf, cancel):
        if isinstance(message, Found):
            found.append(message.name)
            cancel.set()
    assert found == ["a"]


def test_tomogram_that_another_window_reviews_is_left_alone(desk, shelf):
    table = PickTable.from_positions([[1.0, 2, 3]], [0.8], status="accepted")
    with Journal(entry(desk, "a").journal) as other:
        other.record(table)
        search(desk, shelf, "a")
        assert entry(desk, "a").status == FAILED
        assert "open in another window" in entry(desk, "a").problem
        show(desk, "a")
        with pytest.raises(PicksError, match="cannot be written"):
            desk.set_reviewed()
    with Journal(entry(desk, "a").journal) as again:
        assert again.table == table


def test_edits_that_are_not_on_disk_keep_their_tomogram_open(desk, viewer, shelf):
    search(desk, shelf, "a")
    with Journal(entry(desk, "a").journal):
        show(desk, "a")
        layer = desk.layer
        desk.session.desk.begin(layer).add([[500.0, 500.0, 500.0]])
        assert "not on disk" in show(desk, "b")
    assert layer in viewer.layers
    assert desk.current.name == "b"
    assert len(desk.session.desk.review(layer).table) == 1


def test_removing_the_tomogram_by_hand_closes_it(desk, viewer):
    show(desk, "a")
    viewer.layers.remove(desk.layer)
    assert desk.current is None
    show(desk, "b")
    assert desk.current.name == "b"
    viewer.layers.clear()
    with pytest.raises(PicksError, match="No tomogram of the queue is open"):
        desk.set_reviewed()


def test_read_only_folder_keeps_its_results_in_the_data_folder(
    desk, folder, shelf, journals, monkeypatch
):
    reachable = os.access
    monkeypatch.setattr(
        "os.access", lambda path, mode: Path(path) != folder and reachable(path, mode)
    )
    before = sorted(folder.iterdir())
    desk.set_queue(scan(folder))
    search(desk, shelf, "a")
    show(desk, "a")
    desk.set_reviewed()
    assert entry(desk, "a").journal.parent == entry(desk, "a").heatmap.parent == journals
    desk.leave()
    assert reopened(desk)["a"] == REVIEWED
    assert sorted(folder.iterdir()) == before
