"""The wheel scrolls the panel, and the review's keys work, whatever control was used last."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from motorscope.contract import Inventory, ModelRef
from motorscope.plugin.coordinates.open_widget import open_coordinates_widget
from motorscope.plugin.qt.dock import QUEUE, show_dock
from motorscope.plugin.review.commands import ReviewActions

LETTERS = "BNUKRTEGD"


@pytest.fixture(scope="module")
def keys_pressed():
    """Return the keys that arrived at the canvas."""
    return []


@pytest.fixture
def window(make_napari_viewer_proxy, qtbot, monkeypatch, spot_option, keys_pressed):
    """Return a shown viewer with everything of ours in it that has controls."""
    weightless = replace(spot_option, choice=ModelRef("byu2025-1st"), ready=False)
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory(
            (spot_option, weightless), (("auto", "Automatic"), ("cpu", "CPU"))
        ),
    )
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1000, 700)
    viewer.add_image(
        np.zeros((8, 8, 8), np.uint8), scale=(16.0,) * 3, units=("angstrom",) * 3, name="one"
    )
    viewer.add_image(
        np.zeros((8, 8, 8), np.uint8), scale=(16.0,) * 3, units=("angstrom",) * 3, name="two"
    )
    _, panel = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
    qtbot.waitUntil(lambda: not panel.runner.busy)
    queue = show_dock(viewer, QUEUE)
    coordinates = open_coordinates_widget()
    viewer.window.add_dock_widget(coordinates, name="Open coordinates")
    ReviewActions.of(panel.workspace).close()
    keys_pressed.clear()
    for letter in LETTERS:
        viewer.bind_key(letter, lambda _, letter=letter: keys_pressed.append(letter))
    return viewer, [panel, queue, coordinates.native]


def controls(roots, kinds):
    """Return the controls of some kinds; fields and lists that are parts of one come with it."""
    found = [each for root in roots for each in root.findChildren(QWidget)]
    return [each for each in found if isinstance(each, kinds) and not isinstance(each, QScrollBar)]


def enable(control):
    """Enable a control, also where there is nothing yet for it to act on."""
    while control is not None:
        control.setEnabled(True)
        control = control.parentWidget()


def value_of(control):
    return control.currentIndex() if isinstance(control, QComboBox) else control.value()


def turn_wheel(control, notches):
    """Turn the wheel over a control; return whether that took it."""
    middle = QPointF(control.rect().center())
    event = QWheelEvent(
        middle,
        control.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(control, event)
    return event.isAccepted()


def press_letters(qtbot, control):
    for letter in LETTERS:
        qtbot.keyClick(control, getattr(Qt.Key, f"Key_{letter}"))


def focus_of(roots):
    """Return the widget of the window that the keyboard is at, its own canvas or a control."""
    return roots[0].window().focusWidget()


def test_wheel_changes_no_control_and_opens_no_dialog(window, qtbot, monkeypatch):
    _, roots = window
    dialogs = []
    monkeypatch.setattr(
        "motorscope.plugin.detect.model_widget.QFileDialog.getOpenFileName",
        lambda *_: (dialogs.append(1), ("", ""))[1],
    )
    found = controls(roots, (QComboBox, QAbstractSpinBox, QAbstractSlider))
    assert len(found) > 10
    for control in found:
        enable(control)
        control.setFocus(Qt.FocusReason.TabFocusReason)
        before = value_of(control)
        for notches in (1, -1, -1):
            assert not turn_wheel(control, notches)  # so the panel scrolls
            assert value_of(control) == before, control.toolTip()
    assert not dialogs


def test_wheel_changes_a_number_that_was_clicked(window, qtbot):
    _, (panel, *_) = window
    radius = panel.comparison.radius
    before = radius.value()
    qtbot.mouseClick(radius.lineEdit(), Qt.MouseButton.LeftButton)
    turn_wheel(radius, 1)
    assert radius.value() != before


def test_keys_of_the_review_work_from_every_control(window, qtbot, keys_pressed):
    _, roots = window
    found = [each for root in roots for each in root.findChildren(QWidget)]
    takers = [
        each
        for each in found
        if each.focusPolicy() != Qt.FocusPolicy.NoFocus and not each.isWindow()
        if each.window() is roots[0].window()
    ]
    assert len(takers) > 30
    deaf = []
    for control in takers:
        if isinstance(control, QLineEdit) and not isinstance(control.parent(), QAbstractSpinBox):
            continue  # letters are typed there, until Enter or Escape
        enable(control)
        before = value_of(control) if isinstance(control, QComboBox) else None
        keys_pressed.clear()
        press_letters(qtbot, control)
        if "".join(keys_pressed) != LETTERS:
            deaf.append((control, "".join(keys_pressed)))
        if before is not None:
            assert value_of(control) == before
    assert not deaf


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape])
def test_end_of_typing_gives_the_keyboard_to_the_canvas(window, qtbot, keys_pressed, key):
    _, roots = window
    fields = controls(roots, (QLineEdit, QAbstractSpinBox))
    assert len(fields) > 8
    for field in fields:
        enable(field)
        field.setFocus()
        qtbot.keyClick(field, key)
        qtbot.waitUntil(lambda: isinstance(focus_of(roots), QOpenGLWidget))
        keys_pressed.clear()
        press_letters(qtbot, focus_of(roots))
        assert "".join(keys_pressed) == LETTERS


def test_escape_forgets_what_was_typed(window, qtbot):
    _, (panel, *_) = window
    radius = panel.comparison.radius
    before = radius.value()
    radius.setFocus()
    radius.selectAll()
    qtbot.keyClicks(radius, "77")
    qtbot.keyClick(radius, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not radius.hasFocus())
    assert radius.value() == before


def test_choice_from_a_list_gives_the_keyboard_to_the_canvas(window, qtbot):
    _, roots = window
    for box in controls(roots, QComboBox):
        if box.count() < 2 or not box.isVisible():
            continue
        enable(box)
        box.setFocus()
        box.showPopup()
        qtbot.keyClick(box.view(), Qt.Key.Key_Down)
        qtbot.keyClick(box.view(), Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: isinstance(focus_of(roots), QOpenGLWidget))


def test_drag_of_a_slider_gives_the_keyboard_to_the_canvas(window, qtbot):
    _, roots = window
    sliders = controls(roots, QAbstractSlider)
    assert sliders
    for slider in sliders:
        enable(slider)
        slider.setFocus()
        qtbot.mousePress(slider, Qt.MouseButton.LeftButton)
        qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: isinstance(focus_of(roots), QOpenGLWidget))
