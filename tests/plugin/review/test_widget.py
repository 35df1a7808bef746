"""A whole review in the real panel: keys, buttons, list, close-ups, gallery, files."""

import numpy as np
import pandas as pd
import pytest
from napari.layers.base import ActionType
from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QApplication, QLineEdit

from motorscope.contract import Inventory
from motorscope.picks import read_picks
from motorscope.plugin.layers.kinds import PICKS, TOMOGRAM
from motorscope.plugin.layers.picks_layer import picks_of
from motorscope.plugin.layers.source import find, identity
from motorscope.plugin.layers.tag import LayerTag
from motorscope.plugin.qt.dock import GALLERY, show_dock
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.gallery_widget import GalleryWidget
from motorscope.plugin.review.pointing import ZOOM_WIDTH
from motorscope.review import Journal

SPACING = 16.0
SHAPE = (64, 96, 80)
SPOTS = {(36, 44, 20): 255, (20, 68, 52): 230, (44, 12, 60): 205}
KEYS = {
    "N": Qt.Key.Key_N,
    "B": Qt.Key.Key_B,
    "U": Qt.Key.Key_U,
    "K": Qt.Key.Key_K,
    "R": Qt.Key.Key_R,
    "T": Qt.Key.Key_T,
    "E": Qt.Key.Key_E,
    "G": Qt.Key.Key_G,
    "D": Qt.Key.Key_D,
    "Q": Qt.Key.Key_Q,
}


@pytest.fixture
def open_panel(make_napari_viewer_proxy, qtbot, monkeypatch, spot_model, spot_option):
    """Return a function that opens a viewer with the panel."""
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory((spot_option,), (("auto", "Automatic"),)),
    )

    def open_():
        viewer = make_napari_viewer_proxy()
        _, widget = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
        qtbot.waitUntil(lambda: not widget.runner.busy)
        widget.workspace.engine.models.put(spot_option.choice, spot_model)
        return viewer, widget

    return open_


@pytest.fixture
def tomogram(tmp_path):
    """Return a file that stands for the tomogram; the layer has the voxels."""
    path = tmp_path / "spots.mrc"
    path.touch()
    return path


def add_tomogram(viewer, path):
    data = np.zeros(SHAPE, dtype=np.uint8)
    for spot, value in SPOTS.items():
        data[spot] = value
    return viewer.add_image(
        data,
        name="tomo",
        scale=(SPACING,) * 3,
        units=("angstrom",) * 3,
        projection_mode="none",
        contrast_limits=(0, 255),
        metadata=LayerTag(TOMOGRAM, path.stem, path=path).metadata,
    )


def find_motors(qtbot, widget):
    qtbot.mouseClick(widget.run.job.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not widget.runner.busy, timeout=60_000)


def press(qtbot, target, *keys):
    control = Qt.KeyboardModifier.ControlModifier
    shift = Qt.KeyboardModifier.ShiftModifier
    for key in keys:
        if key == "undo":
            qtbot.keyClick(target, Qt.Key.Key_Z, control)
        elif key == "redo":
            qtbot.keyClick(target, Qt.Key.Key_Z, control | shift)
        else:
            qtbot.keyClick(target, KEYS[key])


def drag(layer, shift):
    """Drag the selected points as napari's select tool does."""
    rows = sorted(layer.selected_data)
    told = {"value": layer.data, "data_indices": tuple(rows), "vertex_indices": ((),)}
    layer.events.data(action=ActionType.CHANGING, **told)
    layer.data[rows] = layer.data[rows] + shift
    layer.events.data(action=ActionType.CHANGED, **told)


def test_a_whole_review(open_panel, qtbot, tomogram, monkeypatch):
    viewer, widget = open_panel()
    layer = add_tomogram(viewer, tomogram)
    find_motors(qtbot, widget)
    review, controls = ReviewController.of(widget.workspace).review(layer), widget.review
    points = find(viewer.layers, PICKS, identity(layer))
    assert len(review.table) == 3
    assert set(review.table.frame["model"]) == {"spots"}

    # The threshold decides what is shown.
    widget.detections.threshold.setValue(0.0)
    assert controls.count.text() == "0 accepted · 0 rejected · 3 to decide"
    assert controls.table.model().rowCount() == 3

    # Step, and decide by keys; a decision goes on to the next.
    press(qtbot, widget, "N")
    best = review.listed()[0]
    assert review.selected == (best,)
    assert np.array(viewer.dims.point) == pytest.approx(review.position(best), abs=SPACING)
    assert [index.row() for index in controls.table.selectionModel().selectedRows()] == [0]
    press(qtbot, widget, "K", "R")
    assert controls.count.text() == "1 accepted · 1 rejected · 1 to decide"
    press(qtbot, widget, "B")
    assert review.selected == (review.listed()[1],)

    # Decisions stay and are shown whatever the threshold.
    widget.detections.threshold.setValue(1.0)
    assert points.shown.sum() == 2
    assert controls.count.text() == "1 accepted · 1 rejected · 0 to decide · 1 below"

    # Add at the cursor, drag, undo twice, redo once.
    viewer.cursor.position = (160.0, 320.0, 480.0)
    press(qtbot, widget, "E")
    added = review.selected[0]
    assert review.position(added) == pytest.approx((160, 320, 480))
    drag(points, (0.0, 2.0, 3.0))
    assert review.position(added) == pytest.approx((160, 352, 528))
    press(qtbot, widget, "undo", "undo")
    assert added not in review.table.ids
    assert len(points.data) == 3
    press(qtbot, widget, "redo")
    assert review.position(added) == pytest.approx((160, 320, 480))

    # Save, and save over it.
    target = tomogram.parent / "motors.csv"
    choice = ["All motors that are shown, with their status (*.csv)"]
    monkeypatch.setattr(
        "motorscope.plugin.coordinates.save_widget.QFileDialog.getSaveFileName",
        lambda *_: (str(target), choice[0]),
    )
    qtbot.mouseClick(widget.detections.save, Qt.MouseButton.LeftButton)
    first = target.read_bytes()
    saved = read_picks(target)
    assert saved["status"].tolist() == ["accepted", "rejected", "accepted"]
    assert saved["origin"].tolist() == ["model", "model", "user"]
    assert saved["model"].tolist() == ["spots", "spots", ""]
    assert (saved["when"] != "").all()
    assert saved.loc[2, ["z", "y", "x"]].tolist() == pytest.approx([10, 20, 30])
    choice[0] = "Accepted motors only (*.csv)"
    qtbot.mouseClick(widget.detections.save, Qt.MouseButton.LeftButton)
    assert (read_picks(target)["status"] == "accepted").all()
    assert target.with_name("motors.bak.csv").read_bytes() == first
    assert "motors.bak.csv" in widget.status.text()

    # Close, open again: everything is there.
    table = review.table
    viewer.window.remove_dock_widget(widget)
    journal = Journal(tomogram.with_name("spots.motorscope.jsonl"))
    assert journal.table == table
    journal.close()
    viewer.layers.clear()
    _, again = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
    qtbot.waitUntil(lambda: not again.runner.busy)
    layer = add_tomogram(viewer, tomogram)
    assert "4 motors of an earlier review restored" in again.status.text()
    assert again.review.count.text() == "2 accepted · 1 rejected · 0 to decide · 1 below"
    assert again.detections.threshold.value() == 1.0
    choice[0] = "All motors that are shown, with their status (*.csv)"
    qtbot.mouseClick(again.detections.save, Qt.MouseButton.LeftButton)
    assert target.read_bytes() == first

    # A new run keeps what was decided.
    before = ReviewController.of(again.workspace).review(layer).table
    decided = before.with_status("accepted", "rejected")
    again.workspace.engine.models.put(
        widget.workspace.model.choice,
        widget.workspace.engine.models.load(widget.workspace.model.choice),
    )
    find_motors(qtbot, again)
    table = ReviewController.of(again.workspace).review(layer).table
    kept = table.with_status("accepted", "rejected")
    pd.testing.assert_frame_equal(kept.frame, decided.frame)
    assert len(table.with_status("candidate")) == 1


def test_no_key_acts_while_a_person_types(open_panel, qtbot, tomogram):
    viewer, widget = open_panel()
    layer = add_tomogram(viewer, tomogram)
    find_motors(qtbot, widget)
    review = ReviewController.of(widget.workspace).review(layer)
    press(qtbot, widget, "N")
    before = review.table
    press(qtbot, widget.tomogram.spacing, *KEYS, "undo", "redo")
    for number in (widget.detections.threshold, widget.detections.distance):
        press(qtbot, number.findChild(QLineEdit), "undo", "redo")  # of what was typed
    assert review.table == before
    press(qtbot, widget.review.table, "K")
    assert review.counts().accepted == 1
    viewer.window.remove_dock_widget(widget)
    press(qtbot, widget, "R")
    assert not {"K", "R"} & {str(key) for key in viewer.keymap}


def test_note_is_typed_kept_and_saved(open_panel, qtbot, tomogram):
    viewer, widget = open_panel()
    layer = add_tomogram(viewer, tomogram)
    find_motors(qtbot, widget)
    note = widget.review.note
    assert not note.field.isEnabled()
    press(qtbot, widget, "N", "N")
    assert note.place.text().startswith("2 of 3 · ")
    qtbot.keyClicks(note.field, "weak ring")
    qtbot.keyClick(note.field, Qt.Key.Key_Escape)
    assert note.field.text() == ""
    qtbot.keyClicks(note.field, "weak ring")
    qtbot.keyClick(note.field, Qt.Key.Key_Return)
    press(qtbot, widget, "Q")
    assert note.field.text() == "weak ring; unsure"
    cell = widget.review.table.model().index(1, 2)
    assert cell.data() == "candidate ?"
    assert cell.data(Qt.ItemDataRole.ToolTipRole) == "weak ring; unsure"
    press(qtbot, widget, "N")
    assert note.field.text() == ""
    kept, _ = picks_of(find(viewer.layers, PICKS, identity(layer)))
    assert sorted(kept.frame["note"]) == ["", "", "weak ring; unsure"]
    widget.review.table.selectAll()
    assert note.place.text() == "3 selected"
    assert note.field.placeholderText() == "several notes"


def test_the_list_is_sortable_and_follows_the_selection(open_panel, qtbot, tomogram):
    viewer, widget = open_panel()
    layer = add_tomogram(viewer, tomogram)
    find_motors(qtbot, widget)
    review, table = ReviewController.of(widget.workspace).review(layer), widget.review.table
    review.set_threshold(0.0)
    scores = [table.model().index(row, 1).data() for row in range(3)]
    place, cell = review.position(review.listed()[0]), table.model().index(0, 3)
    assert cell.data() == ", ".join(f"{side:.0f}" for side in place / SPACING)
    angstrom = ", ".join(f"{each:.0f}" for each in place)
    assert cell.data(Qt.ItemDataRole.ToolTipRole) == f"{angstrom} Å"
    widest = table.fontMetrics().horizontalAdvance("999, 1023, 1023")
    assert widest < table.columnWidth(3)  # not cut at the width of the panel
    assert scores == sorted(scores, reverse=True)
    table.horizontalHeader().sectionClicked.emit(1)
    assert [table.model().index(row, 1).data() for row in range(3)] == scores[::-1]
    table.selectRow(0)
    worst = review.listed("score")[-1]
    assert review.selected == (worst,)
    points = find(viewer.layers, PICKS, identity(layer))
    assert [points.features["id"].iloc[row] for row in points.selected_data] == [worst]
    points.selected_data = {0, 1}
    assert len(table.selectionModel().selectedRows()) == 2
    qtbot.mouseClick(widget.review.buttons["reject"], Qt.MouseButton.LeftButton)
    assert review.counts().rejected == 2
    widget.review.rejected.setChecked(False)
    assert table.model().rowCount() == 1
    assert points.shown.sum() == 1
    qtbot.mouseClick(widget.review.buttons["accept all"], Qt.MouseButton.LeftButton)
    assert review.counts().accepted == 1
    assert "1 candidate accepted." in widget.status.text()


def test_close_ups_show_the_pick_with_the_contrast_of_the_layer(open_panel, qtbot, tomogram):
    viewer, widget = open_panel()
    layer = add_tomogram(viewer, tomogram)
    spot = (30, 40, 50)
    layer.data[28:33, 38:43, 48:53] = 255
    review = ReviewController.of(widget.workspace).begin(layer)
    review.add([np.array(spot) * SPACING])
    closeups = widget.review.closeups

    def brightness():
        image = closeups.grab().toImage()
        side = (closeups.width() - 8) / 3
        return [
            image.pixelColor(int((number + 0.5) * side + 4 * number), closeups.height() // 2).red()
            for number in range(3)
        ]

    assert min(brightness()) > 60
    layer.contrast_limits = (0, 2550)
    assert max(brightness()) < 60
    review.select([])
    assert max(brightness()) < 60


def test_the_gallery_goes_there_and_decides_on_many(open_panel, qtbot, tomogram):
    viewer, widget = open_panel()
    layer = add_tomogram(viewer, tomogram)
    find_motors(qtbot, widget)
    widget.detections.threshold.setValue(0.0)
    qtbot.mouseClick(widget.review.gallery, Qt.MouseButton.LeftButton)
    gallery = next(w for w in viewer.window.dock_widgets.values() if isinstance(w, GalleryWidget))
    review, tiles = ReviewController.of(widget.workspace).review(layer), gallery.tiles
    assert gallery.ids.tolist() == review.listed("score").tolist()
    place = review.position(gallery.ids[1])
    assert gallery.pictures.of(place) is None  # made when it is looked at
    qtbot.waitUntil(lambda: gallery.pictures.of(place) is not None)
    layer.contrast_limits = (0, 100)
    assert gallery.pictures.of(place) is None
    qtbot.mouseClick(tiles.viewport(), Qt.MouseButton.LeftButton, pos=tiles.tile(1).center())
    assert review.selected == (gallery.ids[1],)
    assert tiles.selected == {1}
    assert np.array(viewer.dims.point) == pytest.approx(place, abs=SPACING)
    qtbot.keyClick(tiles, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(review.selected) == 3
    press(qtbot, gallery.tiles, "R")
    assert review.counts().rejected == 3
    gallery.grab()
    gallery.event(QShowEvent())  # the window is hidden in tests
    corner = widget.window().corner(Qt.Corner.BottomRightCorner)
    assert corner == Qt.DockWidgetArea.RightDockWidgetArea  # the panel keeps its height
    qtbot.mouseClick(widget.review.gallery, Qt.MouseButton.LeftButton)
    assert show_dock(viewer, GALLERY) is gallery
    assert sum(isinstance(w, GalleryWidget) for w in viewer.window.dock_widgets.values()) == 1
    viewer.window.remove_dock_widget(widget)
    assert len(gallery.ids) == 3


def test_the_gallery_needs_no_panel(make_napari_viewer_proxy, tomogram):
    viewer = make_napari_viewer_proxy()
    gallery = show_dock(viewer, GALLERY)
    assert "Nothing to show" in gallery.title.text()
    layer = add_tomogram(viewer, tomogram)
    ReviewController.of(gallery.workspace).begin(layer).add([[300.0, 300.0, 300.0]])
    assert gallery.ids.tolist() == [0]
    press_key(viewer, "R")
    assert "1 rejected" in gallery.title.text()
    assert list(viewer.window.dock_widgets.values()) == [gallery]


def press_key(viewer, name):
    """Do what a key of the viewer does."""
    {str(key): action for key, action in viewer.keymap.items()}[name](viewer)


def test_held_key_shows_the_bare_tomogram(open_panel, qtbot, tomogram):
    viewer, widget = open_panel()
    add_tomogram(viewer, tomogram)
    find_motors(qtbot, widget)
    before = [layer.visible for layer in viewer.layers]
    bare = [True] + [False] * (len(before) - 1)
    assert sum(before) > 2

    def visible():
        return [layer.visible for layer in viewer.layers]

    for control in (widget.review.table, widget.detections.threshold, widget):
        qtbot.keyPress(control, Qt.Key.Key_H)
        assert visible() == bare
        qtbot.keyRelease(control, Qt.Key.Key_H)
        assert visible() == before
    qtbot.keyPress(widget, Qt.Key.Key_H)
    assert visible() == bare
    QApplication.instance().focusWindowChanged.emit(None)  # another program has the keyboard
    assert visible() == before
    qtbot.keyRelease(widget, Qt.Key.Key_H)
    assert visible() == before
    button = widget.review.buttons["bare"]
    qtbot.mousePress(button, Qt.MouseButton.LeftButton)
    assert visible() == bare
    qtbot.mouseRelease(button, Qt.MouseButton.LeftButton)
    assert visible() == before


def test_key_zooms_to_the_motor_and_back(open_panel, qtbot, tomogram):
    viewer, widget = open_panel()
    layer = add_tomogram(viewer, tomogram)
    find_motors(qtbot, widget)
    camera = viewer.scene.camera
    viewer.reset_view()
    whole = camera.zoom
    review = ReviewController.of(widget.workspace).review(layer)
    review.select([])
    qtbot.keyClick(widget, Qt.Key.Key_M)
    assert "go to one" in widget.status.text()
    assert camera.zoom == whole
    qtbot.keyClick(widget, Qt.Key.Key_N)
    qtbot.keyClick(widget, Qt.Key.Key_M)
    assert min(viewer.canvas.size) / camera.zoom == pytest.approx(ZOOM_WIDTH)
    place = review.position(review.current)
    assert camera.center[-2:] == pytest.approx(place[-2:], abs=0.1)
    point = viewer.dims.point
    qtbot.keyClick(widget, Qt.Key.Key_M)
    assert camera.zoom == pytest.approx(whole)
    assert viewer.dims.point == point
