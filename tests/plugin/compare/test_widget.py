"""The section that compares, without a viewer's window."""

import json
from contextlib import ExitStack

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtCore import Qt

from motorscope.picks import PickTable
from motorscope.picks.formats import write_coordinates
from motorscope.plugin.compare.controller import CompareController
from motorscope.plugin.compare.widget import ComparisonControls
from motorscope.plugin.coordinates.open import open_coordinates
from motorscope.plugin.layers.kinds import COMPARISON
from motorscope.plugin.layers.looks import tomogram_arguments
from motorscope.plugin.layers.source import by_identity, find, identity
from motorscope.plugin.qt.parts import StatusLine
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import Workspace
from motorscope.tomogram import Tomogram, VoxelGrid

GRID = VoxelGrid(shape=(60, 200, 200), spacing=(20.0,) * 3)
MINE = np.array([[600.0, 1000, 1000], [200, 2000, 3000]])
THEIRS = np.array([[600.0, 1400, 1000], [1000, 600, 3500]])


@pytest.fixture
def controls(viewer: ViewerModel, qtbot):
    workspace, status, ends = Workspace(viewer), StatusLine(), ExitStack()
    controls = ComparisonControls(workspace, status, ends)
    for widget in (controls, controls.foot, status):
        qtbot.addWidget(widget)
    tomogram = Tomogram(data=np.zeros(GRID.shape, np.uint8), grid=GRID, name="tomo")
    layer = viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))
    controls.offer()
    yield controls, workspace, layer, status
    ends.close()
    workspace.close()


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def colleagues_file(tmp_path, name="tomo"):
    path = tmp_path / "colleague.csv"
    write_coordinates(path, {name: (PickTable.from_positions(THEIRS), GRID)})
    return path


def colleague(tmp_path, monkeypatch, name="tomo"):
    path = colleagues_file(tmp_path, name)
    monkeypatch.setattr(
        "motorscope.plugin.compare.widget.QFileDialog.getOpenFileName",
        lambda *_: (str(path), ""),
    )


def test_a_file_is_opened_compared_and_stepped_through(
    controls, viewer, qtbot, tmp_path, monkeypatch
):
    widget, workspace, layer, _ = controls
    ReviewController.of(workspace).take_in(
        layer, PickTable.from_positions(MINE, [0.9, 0.8]), 100.0, 0.5
    )
    assert not widget.button.isEnabled()
    assert widget.results.isHidden()
    colleague(tmp_path, monkeypatch)
    press(qtbot, widget.file)
    assert widget.other.currentText() == "colleague.csv"
    assert "1 both" in widget.verdicts.text()
    assert widget.scores.text() == "precision 0.50 · recall 0.50 · F1 0.50 · F2 0.50"
    assert widget.number.text() == "2 disagreements"
    press(qtbot, widget.next)
    assert widget.number.text() == "1 of 2"
    assert viewer.dims.point == pytest.approx(MINE[1])
    press(qtbot, widget.previous)
    assert viewer.dims.point == pytest.approx(THEIRS[1])
    widget.radius.setValue(300)
    assert "0 both" in widget.verdicts.text()
    ReviewController.of(workspace).review(layer).set_threshold(0.95)
    assert "0 only mine" in widget.verdicts.text()
    assert len(find(viewer.layers, COMPARISON, identity(layer)).data) == 2
    theirs = by_identity(viewer.layers, widget.other.currentData())
    assert theirs.data == pytest.approx(THEIRS / 20)


def test_what_hinders_is_said(controls, viewer, qtbot, tmp_path, monkeypatch):
    widget, _, _, status = controls
    colleague(tmp_path, monkeypatch, name="else")
    press(qtbot, widget.file)
    assert "picks of 'else' are placed on 'tomo'" in status.text()
    monkeypatch.setattr("motorscope.plugin.qt.parts.show_error", lambda _: None)
    press(qtbot, widget.button)
    assert "find motors in it first" in status.text()
    assert widget.results.isHidden()


def test_the_choice_stays_while_layers_come_and_go(controls, viewer):
    widget, workspace, layer, _ = controls
    ReviewController.of(workspace).take_in(
        layer, PickTable.from_positions(MINE, [0.9, 0.8]), 100.0, 0.5
    )
    first = viewer.add_points(THEIRS, units=("angstrom",) * 3, name="first")
    CompareController.of(workspace).compare(layer, first, 500.0)
    viewer.add_points(THEIRS, units=("angstrom",) * 3, name="second")
    assert widget.other.currentText() == "first"
    assert widget.other.count() == 2
    viewer.layers.remove(first)
    assert widget.other.currentText() == "second"


def test_points_that_were_opened_are_chosen_and_one_press_takes_them_in(
    controls, viewer, qtbot, tmp_path
):
    widget, workspace, layer, status = controls
    viewer.add_points(MINE, units=("angstrom",) * 3, name="older")
    (data,), _ = open_coordinates(colleagues_file(tmp_path), viewer.layers)
    with qtbot.waitSignal(widget.arrived):
        viewer.add_layer(Layer.create(*data))
    assert widget.other.currentText() == "colleague.csv"
    assert (widget.foot.isHidden(), widget.take.isHidden()) == (False, True)  # one is enough
    press(qtbot, widget.foot.button)
    assert (widget.foot.isHidden(), widget.take.isHidden()) == (True, False)
    review = ReviewController.of(workspace).review(layer)
    assert review.table.positions == pytest.approx(THEIRS)
    assert "2 motors of 'colleague.csv' added to the review" in status.text()
    review.undo()
    assert len(review.table) == 0


def test_whose_picks_and_which_binning_is_asked_for(controls, viewer, qtbot, tmp_path, monkeypatch):
    widget, workspace, layer, _ = controls
    path = tmp_path / "colleague.json"
    points = [(8 * THEIRS / 20).tolist(), (4 * THEIRS / 20).tolist()]
    path.write_text(json.dumps({"a": points[0], "b": points[1]}))
    dialogs = "motorscope.plugin.{}"
    monkeypatch.setattr(
        dialogs.format("compare.widget.QFileDialog.getOpenFileName"), lambda *_: (str(path), "")
    )
    asked = []

    def answer(value, answered=True):
        return lambda parent, title, text, *rest: (
            asked.append((text, rest[0])),
            (value, answered),
        )[1]

    ask = dialogs.format("coordinates.open_widget.QInputDialog.{}")
    monkeypatch.setattr(ask.format("getItem"), answer("b", False))
    press(qtbot, widget.file)
    assert len(viewer.layers) == 1
    monkeypatch.setattr(ask.format("getItem"), answer("b"))
    monkeypatch.setattr(ask.format("getDouble"), answer(4.0))
    press(qtbot, widget.file)
    assert "2 tomograms, and none of them is called 'tomo'" in asked[-2][0]
    assert asked[-2][1] == ["a", "b"]
    assert "2 points of colleague.json lie outside" in asked[-1][0]
    assert asked[-1][1] == 4
    press(qtbot, widget.foot.button)
    assert ReviewController.of(workspace).review(layer).table.positions == pytest.approx(THEIRS)


def test_the_offer_goes_with_the_points(controls, viewer, tmp_path):
    widget, _, _, _ = controls
    (data,), _ = open_coordinates(colleagues_file(tmp_path), viewer.layers)
    points = viewer.add_layer(Layer.create(*data))
    assert not widget.foot.isHidden()
    viewer.layers.remove(points)
    assert widget.foot.isHidden()
