"""The queue in a window that is shown: napari then draws labels, also those of hidden layers."""

import threading

import numpy as np
import pytest

from motorscope.batch.queue import Searched
from motorscope.batch.queue.reading import open_job
from motorscope.batch.worklist import scan
from motorscope.picks import PickTable, Summits
from motorscope.plugin.layers.kinds import PICKS, TOMOGRAM
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.layers.source import identity
from motorscope.plugin.layers.tag import kind_of, tag_of
from motorscope.plugin.queue import layers as queue_layers
from motorscope.plugin.queue.controller import QueueController
from motorscope.review import Search, intake
from motorscope.tomogram import VoxelGrid, write_heatmap, write_mrc

GRID = VoxelGrid((8, 48, 48), (20.0,) * 3)
COUNTS = {"a": 7, "b": 4, "c": 0, "d": 3}
"""Names of tomograms, and how many candidates each has, all in one slice."""


@pytest.fixture
def desk(make_napari_viewer_proxy, new_controllers, tmp_path, qapp):
    """Return the queue's desk in a shown window, over tomograms that were searched."""
    for value, name in enumerate(COUNTS):
        data = np.full(GRID.shape, value, dtype=np.int8)
        data[0, 0, 0] = 100  # a constant volume would be refused
        write_mrc(tmp_path / f"{name}.mrc", data, GRID)
    viewer = make_napari_viewer_proxy(show=True)
    controllers = new_controllers(viewer)
    desk = QueueController(controllers.detections)
    desk.set_queue(scan(tmp_path))
    for entry in desk.queue.entries.values():
        count = COUNTS[entry.name]
        voxels = [[4.0, 4.0 + 5 * number, 20.0] for number in range(count)]
        places = GRID.to_world(np.array(voxels).reshape(-1, 3))
        maxima = PickTable.from_positions(places, np.linspace(0.9, 0.6, count))
        heatmap = (np.zeros(GRID.shape, np.float32), GRID)
        desk.take_in(
            Searched(entry.path, GRID, Summits(maxima, 10.0), 0.5, heatmap, Search("test"))
        )
        if entry.name != "c":
            write_heatmap(entry.heatmap, *heatmap)
    yield desk
    desk.close()
    controllers.close()


def show(desk, name, qapp):
    """Open a tomogram of the queue; draw it."""
    entry = next(each for each in desk.queue.entries.values() if each.name == name)
    job = open_job(entry, None, tomogram_arguments, threading.Event())
    desk.show(next(job))
    list(job)
    qapp.processEvents()
    return entry


def check(desk, name):
    """Check that voxels, names and candidates are those of one tomogram, and nothing is left."""
    viewer, layer = desk.reviews.viewer, desk.layer
    assert desk.current.name == layer.name == name
    assert layer.data[1, 1, 1] == list(COUNTS).index(name)
    owned = [each for each in viewer.layers if kind_of(each) is not TOMOGRAM]
    rings = [each for each in owned if kind_of(each) is PICKS]
    assert len(rings) == 1 or (not rings and not COUNTS[name])
    assert len(owned) - len(rings) == (name != "c")  # its heatmap
    assert {tag_of(each).tomogram for each in owned} <= {identity(layer)}
    assert all(each.name.startswith(f"{name} ") for each in owned)
    assert sum(each.shown.sum() for each in rings) == COUNTS[name]


@pytest.mark.parametrize("hidden", [False, True], ids=["rings shown", "rings hidden"])
def test_next_tomogram_may_have_fewer_candidates(desk, qapp, caplog, hidden):
    for name in [*COUNTS, *reversed(COUNTS), *COUNTS]:
        show(desk, name, qapp)
        check(desk, name)
        if hidden and COUNTS[name]:
            desk.reviews.viewer.layers[-1].visible = False
    assert not caplog.records


def test_hidden_rings_follow_a_review(desk, qapp):
    show(desk, "a", qapp)
    rings = desk.reviews.viewer.layers[-1]
    review = desk.reviews.review(desk.layer)
    rings.visible = False
    intake.set_minimum_distance(review, 300.0)
    qapp.processEvents()
    assert 0 < rings.shown.sum() == review.shown.sum() < COUNTS["a"]
    assert not rings.visible


def test_exchange_that_fails_leaves_no_layers_of_two_tomograms(desk, qapp, monkeypatch, caplog):
    show(desk, "a", qapp)
    before = desk.layer

    def fail(*_):
        raise IndexError("half-way")

    monkeypatch.setattr(queue_layers, "_fill_heatmap", fail)
    show(desk, "b", qapp)
    assert desk.layer is not before
    check(desk, "b")
    assert "half-way" in caplog.text
    monkeypatch.undo()
    for name in ("d", "a"):
        show(desk, name, qapp)
        check(desk, name)


def test_tomogram_that_cannot_be_shown_leaves_no_layers(desk, qapp, monkeypatch):
    show(desk, "a", qapp)

    def fail(*_):
        raise IndexError("always")

    monkeypatch.setattr(queue_layers, "_look_over", fail)
    with pytest.raises(IndexError, match="always"):
        show(desk, "b", qapp)
    assert not len(desk.reviews.viewer.layers)
    assert desk.current is None
    monkeypatch.undo()
    show(desk, "d", qapp)
    check(desk, "d")
