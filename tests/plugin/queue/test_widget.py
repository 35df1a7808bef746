"""The queue's dock in a real viewer."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QMessageBox

from motorscope.batch.worklist import scan
from motorscope.contract import Inventory, ModelRef
from motorscope.network import Model
from motorscope.picks import PickTable
from motorscope.plugin.qt.dock import PANEL, QUEUE, find_dock, show_dock
from motorscope.plugin.review.commands import ReviewActions
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import Journal
from motorscope.review.worklist import (
    FAILED,
    NEW,
    NO_MOTOR,
    NO_SPACING,
    NOTHING,
    REVIEWED,
    TO_REVIEW,
)
from motorscope.tomogram import VoxelGrid, write_mrc

SHAPE, SPACING = (64, 64, 64), 16.0
SPOT = (32, 20, 40)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two tomograms and a file that is none."""
    folder = tmp_path / "tomograms"
    folder.mkdir()
    data = np.full(SHAPE, -128, dtype=np.int8)
    data[SPOT] = 127
    for name in ("TS_1", "TS_2"):
        write_mrc(folder / f"{name}.mrc", data, VoxelGrid(SHAPE, (SPACING,) * 3))
    (folder / "TS_3.mrc").write_bytes(b"nonsense" * 200)
    return folder


@pytest.fixture
def dock(make_napari_viewer_proxy, qtbot, monkeypatch, spot_model, spot_option):
    """Return a viewer and the queue's dock, with the network of spots as the only model."""
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory((spot_option,), (("cpu", "CPU"),)),
    )
    viewer = make_napari_viewer_proxy()
    _, panel = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
    qtbot.waitUntil(lambda: not panel.runner.busy)
    panel.workspace.engine.models.put(spot_option.choice, spot_model)
    press(qtbot, panel.tomogram.queue)
    return viewer, find_dock(viewer, QUEUE)


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def open_folder(qtbot, widget, folder):
    with qtbot.waitSignal(widget.settled, timeout=20_000):
        widget.open(folder)


def statuses(widget):
    return {entry.name: entry.status for entry in widget.table.rows.entries}


def wait_open(qtbot, widget, name):
    qtbot.waitUntil(lambda: widget.desk.current is not None and widget.desk.current.name == name)


def test_folder_is_searched_reviewed_and_restored(dock, qtbot, folder):
    viewer, widget = dock
    assert not widget.search.job.button.isEnabled()
    open_folder(qtbot, widget, folder)
    assert statuses(widget) == {"TS_1": NEW, "TS_2": NEW, "TS_3": NEW}
    with qtbot.waitSignal(widget.settled, timeout=60_000):
        press(qtbot, widget.search.job.button)
        assert widget.search.job.cancel.isEnabled()
    assert statuses(widget) == {"TS_1": TO_REVIEW, "TS_2": TO_REVIEW, "TS_3": FAILED}
    cell = widget.table.rows.index(2, 1)
    assert "TS_3.mrc" in widget.table.rows.data(cell, Qt.ItemDataRole.ToolTipRole)
    assert not len(viewer.layers)

    qtbot.keyClick(widget.table, Qt.Key.Key_PageDown)  # the viewer's key, not the table's
    wait_open(qtbot, widget, "TS_1")
    assert [layer.name for layer in viewer.layers] == ["TS_1", "TS_1 heatmap", "TS_1 motors"]
    assert "1 to decide" in find_dock(viewer, PANEL).review.count.text()
    ReviewActions.of(widget.workspace).run("accept")
    press(qtbot, widget.steps.buttons["reviewed"])
    wait_open(qtbot, widget, "TS_2")
    assert [layer.name for layer in viewer.layers] == ["TS_2", "TS_2 heatmap", "TS_2 motors"]
    press(qtbot, widget.steps.buttons["no motor"])
    assert statuses(widget) == {"TS_1": REVIEWED, "TS_2": NO_MOTOR, "TS_3": FAILED}
    qtbot.waitUntil(lambda: "not an MRC file" in widget.status.text())  # the next one
    assert widget.desk.current.name == "TS_2"

    open_folder(qtbot, widget, folder)
    assert statuses(widget) == {"TS_1": REVIEWED, "TS_2": NO_MOTOR, "TS_3": NEW}
    widget.list.state.setCurrentText(NO_MOTOR)
    assert list(statuses(widget)) == ["TS_2"]
    press(qtbot, widget.steps.buttons["unmark"])
    assert statuses(widget) == {}
    widget.list.state.setCurrentIndex(0)
    widget.list.filter.setText("ts_1")
    assert list(statuses(widget)) == ["TS_1"]


def test_marks_are_for_what_is_selected_and_are_taken_back(dock, qtbot, folder, monkeypatch):
    _, widget = dock
    asked, answers = [], [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(
        QMessageBox, "question", lambda parent, title, text: (asked.append(text), answers.pop(0))[1]
    )
    (folder / "TS_3.mrc").unlink()
    open_folder(qtbot, widget, folder)
    for entry in widget.table.rows.entries:
        with Journal(entry.journal) as journal:
            journal.record(PickTable.from_positions([[0.0, 0, 0]], [0.6]), {"threshold": 0.5})
    open_folder(qtbot, widget, folder)
    widget.open_entry(folder / "TS_1.mrc")
    wait_open(qtbot, widget, "TS_1")

    widget.table.select_paths({folder / "TS_2.mrc"})
    assert "TS_2, which is selected, not for TS_1" in widget.steps.target.text()
    widget.table.selectAll()
    assert "the 2 selected" in widget.steps.target.text()
    press(qtbot, widget.steps.buttons["no motor"])
    assert asked == [
        "Mark 2 tomograms as no motor? 2 candidates that nobody has decided on would be rejected."
    ]
    assert statuses(widget) == {"TS_1": TO_REVIEW, "TS_2": TO_REVIEW}
    press(qtbot, widget.steps.buttons["no motor"])
    qtbot.waitUntil(lambda: not widget.marker.busy)
    assert statuses(widget) == {"TS_1": NO_MOTOR, "TS_2": NO_MOTOR}
    assert widget.desk.current.name == "TS_1"
    press(qtbot, widget.steps.buttons["undo"])
    qtbot.waitUntil(lambda: not widget.marker.busy)
    assert statuses(widget) == {"TS_1": TO_REVIEW, "TS_2": TO_REVIEW}
    assert not widget.steps.buttons["undo"].isEnabled()

    def accept():
        dialog = QApplication.activeModalWidget()
        dialog.score.setValue(0.5)
        assert not dialog.ok.isEnabled()
        dialog.score.setValue(0.7)
        assert dialog.ok.text() == "Mark 2 as no motor"
        dialog.ok.click()

    QTimer.singleShot(0, accept)
    press(qtbot, widget.steps.buttons["below"])
    qtbot.waitUntil(lambda: not widget.marker.busy)
    assert statuses(widget) == {"TS_1": NO_MOTOR, "TS_2": NO_MOTOR}
    widget.table.select_paths({folder / "TS_1.mrc"})
    assert not widget.steps.target.text()
    press(qtbot, widget.steps.buttons["unmark"])  # the open one: nobody is asked
    assert statuses(widget) == {"TS_1": TO_REVIEW, "TS_2": NO_MOTOR}
    assert len(asked) == 2


def test_queue_needs_no_panel_and_outlives_one(
    make_napari_viewer_proxy, qtbot, monkeypatch, spot_model, spot_option, folder
):
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory((spot_option,), (("cpu", "CPU"),)),
    )
    viewer = make_napari_viewer_proxy()
    widget = show_dock(viewer, QUEUE)
    widget.workspace.engine.models.put(spot_option.choice, spot_model)
    assert find_dock(viewer, PANEL) is None
    open_folder(qtbot, widget, folder)
    with qtbot.waitSignal(widget.settled, timeout=60_000):
        press(qtbot, widget.search.job.button)  # the models are looked for first
    assert statuses(widget) == {"TS_1": TO_REVIEW, "TS_2": TO_REVIEW, "TS_3": FAILED}
    widget.open_entry(folder / "TS_1.mrc")
    wait_open(qtbot, widget, "TS_1")
    keys = {str(key): action for key, action in viewer.keymap.items()}
    keys["K"](viewer)
    assert widget.desk.current.summary.accepted == 1

    panel = show_dock(viewer, PANEL)
    assert panel.tomogram.choice.currentText() == "TS_1"
    assert panel.model.choice.currentText() == "spots"
    assert panel.review.count.text().startswith("1 accepted")
    panel.run.flips.click()
    assert widget.workspace.flips
    viewer.window.remove_dock_widget(panel)
    keys["R"](viewer)
    assert widget.desk.current.summary.rejected == 1
    review = ReviewController.of(widget.workspace).review(widget.desk.layer)
    viewer.window.remove_dock_widget(widget)
    assert review.journal is None  # nobody holds the workspace any more
    assert "K" not in {str(key) for key in viewer.keymap}


def test_keys_of_the_viewer_go_through_the_list(dock, qtbot, folder):
    viewer, widget = dock
    open_folder(qtbot, widget, folder)
    keys = {str(key): action for key, action in viewer.keymap.items()}
    keys["PageDown"](viewer)
    wait_open(qtbot, widget, "TS_1")
    keys["PageDown"](viewer)
    wait_open(qtbot, widget, "TS_2")
    keys["PageUp"](viewer)
    wait_open(qtbot, widget, "TS_1")
    keys["PageUp"](viewer)
    assert "first tomogram" in widget.status.text()
    viewer.window.remove_dock_widget(widget)
    assert not {"PageDown", "PageUp", "F", "Shift+F"} & {str(key) for key in viewer.keymap}


def test_one_tomogram_is_reviewed_while_others_are_searched(dock, qtbot, folder, spot_model):
    viewer, widget = dock
    entered, gate = threading.Event(), threading.Event()

    class Gated(type(spot_model.network)):
        def forward(self, x):
            entered.set()
            assert gate.wait(60)
            return super().forward(x)

    option = widget.workspace.model
    widget.workspace.engine.models.put(option.choice, Model(card=spot_model.card, network=Gated()))
    open_folder(qtbot, widget, folder)
    widget.open_entry(folder / "TS_1.mrc")
    wait_open(qtbot, widget, "TS_1")
    press(qtbot, widget.search.job.button)
    qtbot.waitUntil(entered.is_set)
    review = widget.desk.reviews.begin(widget.desk.layer)
    review.add([np.array(SPOT) * SPACING])
    with qtbot.waitSignal(widget.settled, timeout=60_000):
        gate.set()
    assert widget.desk.current.name == "TS_1"
    assert review.counts().accepted == 1
    assert review.counts().undecided == 0  # the candidate is the motor that was added meanwhile
    assert statuses(widget)["TS_2"] == TO_REVIEW
    assert "TS_1 heatmap" in viewer.layers


def test_search_is_stopped_within_a_tomogram(dock, qtbot, folder, spot_model):
    _, widget = dock
    entered, gate = threading.Event(), threading.Event()

    class Gated(type(spot_model.network)):
        def forward(self, x):
            entered.set()
            assert gate.wait(60)
            return super().forward(x)

    choice = ModelRef("spots")
    widget.workspace.engine.models.put(choice, Model(card=spot_model.card, network=Gated()))
    open_folder(qtbot, widget, folder)
    press(qtbot, widget.search.job.button)
    qtbot.waitUntil(entered.is_set)
    with qtbot.waitSignal(widget.settled, timeout=60_000):
        press(qtbot, widget.search.job.cancel)
        gate.set()
    assert statuses(widget) == {"TS_1": NEW, "TS_2": NEW, "TS_3": NEW}
    assert "Stopped" in widget.status.text()
    assert widget.search.job.button.isEnabled()


def test_unknown_spacing_is_asked_for_and_then_found(dock, qtbot, folder):
    _, widget = dock
    (folder / "TS_3.mrc").unlink()
    data = np.full(SHAPE, -128, dtype=np.int8)
    data[SPOT] = 127
    write_mrc(folder / "TS_2.mrc", data, VoxelGrid(SHAPE, None))
    open_folder(qtbot, widget, folder)
    with qtbot.waitSignal(widget.settled, timeout=60_000):
        press(qtbot, widget.search.job.button)
    assert statuses(widget) == {"TS_1": TO_REVIEW, "TS_2": NO_SPACING}
    assert "1 tomogram does not say the voxel spacing" in widget.status.text()
    assert widget.search.spacing.styleSheet()
    cell = widget.table.rows.index(1, 1)
    tip = widget.table.rows.data(cell, Qt.ItemDataRole.ToolTipRole)
    assert "type it under 'Spacing where unknown'" in tip
    widget.search.spacing.setText("16")
    assert not widget.search.spacing.styleSheet()
    with qtbot.waitSignal(widget.settled, timeout=60_000):
        press(qtbot, widget.search.job.button)
    assert statuses(widget) == {"TS_1": TO_REVIEW, "TS_2": TO_REVIEW}


def test_folder_without_tomograms_says_so(dock, qtbot, tmp_path):
    _, widget = dock
    (tmp_path / "empty").mkdir()
    open_folder(qtbot, widget, tmp_path / "empty")
    assert "holds no tomograms" in widget.status.text()
    open_folder(qtbot, widget, tmp_path / "absent")
    assert "cannot be read" in widget.status.text()


def test_status_of_the_open_tomogram_is_not_cut(dock, folder):
    _, widget = dock
    entry = next(iter(scan(folder).entries.values()))
    entry = replace(entry, summary=replace(entry.summary, best=0.03))
    assert entry.status == NOTHING
    for current in (None, entry.path):  # it is bold if it is open
        widget.table.show_entries([entry], current)
        assert widget.table.sizeHintForColumn(1) <= widget.table.columnWidth(1)


def test_dock_fits_a_small_screen_beside_the_panel(dock):
    _, widget = dock
    assert widget.minimumSizeHint().width() <= 400
    assert widget.minimumSizeHint().height() <= 500
