"""All candidates of a folder in a real window: shown, decided on at once, undone, opened."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from motorscope.batch.reporting.gallery import Wanted, picture_job
from motorscope.picks import PickTable
from motorscope.plugin.qt.dock import QUEUE
from motorscope.plugin.queue import gallery_widget
from motorscope.review import Journal
from motorscope.review.record import to_json
from motorscope.tomogram import VoxelGrid, write_mrc

GRID = VoxelGrid((40, 44, 48), (16.0,) * 3)
PLACES = GRID.to_world([[20, 20, 20], [10, 30, 30], [30, 10, 15]])
SCORES = {"a": [0.9, 0.6, 0.1], "b": [0.8, 0.55, 0.2], "c": [0.3, 0.2, 0.1]}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tomograms"
    folder.mkdir()
    data = np.random.default_rng(0).integers(-9, 9, GRID.shape, dtype=np.int8)
    for name, scores in SCORES.items():
        write_mrc(folder / f"{name}.mrc", data, GRID)
        with Journal(folder / f"{name}.motorscope.jsonl") as journal:
            said = to_json(threshold=0.5, file=f"{name}.mrc", spacing=GRID.spacing)
            journal.record(PickTable.from_positions(PLACES, scores), said)
    (folder / "b.mrc").write_bytes((folder / "b.mrc").read_bytes()[:2000])  # cut off
    return folder


@pytest.fixture
def queue(make_napari_viewer_proxy, qtbot, folder):
    viewer = make_napari_viewer_proxy()
    _, widget = viewer.window.add_plugin_dock_widget("napari-motorscope", QUEUE)
    with qtbot.waitSignal(widget.settled, timeout=20_000):
        widget.open(folder)
    qtbot.mouseClick(widget.list.all, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(widget.candidates.candidates) == 4)
    return widget


def listed(gallery):
    names = [gallery.candidates.entries[n].name for n in gallery.candidates.owners]
    return list(zip(names, gallery.candidates.scores.tolist(), strict=True))


def counts(queue):
    return {
        each.name: (each.summary.undecided, each.summary.accepted, each.summary.rejected)
        for each in queue.table.rows.entries
    }


def test_candidates_of_all_are_decided_at_once_and_undone(queue, qtbot, folder):
    gallery = queue.candidates
    assert listed(gallery) == [("a", 0.9), ("b", 0.8), ("a", 0.6), ("b", 0.55)]
    gallery.order.setCurrentIndex(1)
    assert [score for _, score in listed(gallery)] == [0.55, 0.6, 0.8, 0.9]
    gallery.tiles.chosen.emit([0, 1])
    qtbot.keyClick(gallery.tiles, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: listed(gallery) == [("b", 0.8), ("a", 0.9)])
    assert counts(queue) == {"a": (1, 0, 1), "b": (1, 0, 1), "c": (0, 0, 0)}
    assert "2 candidates rejected" in queue.status.text()
    with Journal(folder / "a.motorscope.jsonl") as journal:
        assert journal.table.statuses.tolist() == ["candidate", "rejected", "candidate"]
        assert journal.table.frame["who"].iloc[1]
    gallery.undo.click()
    qtbot.waitUntil(lambda: len(gallery.candidates) == 4)
    assert counts(queue)["a"] == (2, 0, 0)
    queue.list.filter.setText("b")
    assert {name for name, _ in listed(gallery)} == {"b"}


def test_a_tomogram_opens_at_its_candidate_and_is_decided_in_its_review(queue, qtbot):
    gallery = queue.candidates
    gallery.tiles.opened.emit(2)
    qtbot.waitUntil(lambda: queue.desk.current is not None)
    review = queue.desk.reviews.review(queue.desk.layer)
    assert review.position(review.current).tolist() == PLACES[1].tolist()
    gallery.tiles.chosen.emit([0, 2])
    gallery.buttons["accept"].click()
    assert review.table.statuses.tolist() == ["accepted", "accepted", "candidate"]
    qtbot.waitUntil(lambda: len(gallery.candidates) == 2)
    gallery.undo.click()
    assert review.table.statuses.tolist() == ["candidate"] * 3
    qtbot.waitUntil(lambda: len(gallery.candidates) == 4)


def test_pictures_are_made_of_what_is_in_view_and_missing_ones_are_said(queue, qtbot, folder):
    gallery = queue.candidates
    gallery.tiles.grab()  # the window is not shown
    qtbot.waitUntil(lambda: len(gallery._pictures) == 4, timeout=20_000)
    missing = {key[0].name for key, picture in gallery._pictures.items() if picture is None}
    assert missing == {"b.mrc"}  # the file is cut off
    entry = queue.desk.entry(folder / "a.mrc")
    key, place = (entry.path, 0), tuple(PLACES[0])
    (made,) = picture_job([Wanted(key, entry, place)], 64, _Never())
    assert made.grey.shape == (64, 64)
    assert made.grey.std() > 10


def test_a_gallery_that_nobody_sees_waits(make_napari_viewer_proxy, qtbot, folder, monkeypatch):
    viewer = make_napari_viewer_proxy(show=True)
    _, queue = viewer.window.add_plugin_dock_widget("napari-motorscope", QUEUE)
    with qtbot.waitSignal(queue.settled, timeout=20_000):
        queue.open(folder)
    queue.show_candidates()
    gallery = queue.candidates
    qtbot.waitUntil(lambda: len(gallery.candidates) == 4)
    made = []
    whole = gallery_widget.candidates_of
    monkeypatch.setattr(
        gallery_widget, "candidates_of", lambda *shows: made.append(shows) or whole(*shows)
    )
    gallery.parentWidget().hide()
    queue.open_entry(folder / "a.mrc")
    qtbot.waitUntil(lambda: queue.desk.current is not None, timeout=20_000)
    queue.desk.reviews.review(queue.desk.layer).decide_on([0], "accepted")
    queue.list.filter.setText("a")
    assert not made
    queue.show_candidates()
    qtbot.waitUntil(lambda: listed(gallery) == [("a", 0.6)])
    count = len(made)
    queue.step(1)
    gallery.refresh()
    assert len(made) == count  # nothing that it shows has changed


class _Never:
    def is_set(self):
        return False
