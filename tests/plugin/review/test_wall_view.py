"""Tiles are where they are drawn, and are chosen as in any file browser."""

import pytest
from qtpy.QtCore import QPoint, Qt

from motorscope.plugin.review.wall_view import TileWall

SIDE, STEP = 50, 58
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def drawn():
    """The numbers of the tiles that were drawn."""
    return []


@pytest.fixture
def wall(qtbot, drawn):
    """Return a shown wall, four tiles wide and three lines high, that takes what is chosen."""
    wall = TileWall(SIDE, lambda painter, square, number: drawn.append(number))
    qtbot.addWidget(wall)
    bar = wall.verticalScrollBar().sizeHint().width()
    wall.resize(4 * STEP + 20 + bar, 3 * STEP + 4)
    wall.show()
    qtbot.waitExposed(wall)
    wall.chosen.connect(lambda numbers: wall.show_tiles(wall.count, numbers))
    return wall


def click(qtbot, wall, number, modifiers=Qt.KeyboardModifier.NoModifier):
    wall.bring_into_view(number)
    qtbot.mouseClick(wall.viewport(), LEFT, modifiers, wall.tile(number).center())


def test_only_the_tiles_in_view_are_drawn(wall, drawn, qtbot):
    wall.show_tiles(10_000, [])
    drawn.clear()
    wall.grab()
    assert set(drawn) <= set(range(16))
    assert set(drawn) >= set(range(12))
    wall.bring_into_view(9_999)
    drawn.clear()
    wall.grab()
    assert max(drawn) == 9_999
    assert len(set(drawn)) <= 16


def test_tiles_are_chosen_one_by_one_to_and_fro_and_in_ranges(wall, qtbot):
    wall.show_tiles(40, [])
    click(qtbot, wall, 5)
    assert wall.selected == {5}
    click(qtbot, wall, 9, SHIFT)
    assert wall.selected == {5, 6, 7, 8, 9}
    click(qtbot, wall, 7, CTRL)
    assert wall.selected == {5, 6, 8, 9}
    click(qtbot, wall, 30, CTRL)
    assert wall.selected == {5, 6, 8, 9, 30}
    click(qtbot, wall, 28, SHIFT)
    assert wall.selected == {28, 29, 30}
    wall.show_tiles(3, [])
    qtbot.mouseClick(wall.viewport(), LEFT, pos=QPoint(3 * STEP + 9, 9))  # beside the last
    assert wall.selected == set()


def test_keys_walk_and_extend_and_bring_into_view(wall, qtbot):
    wall.show_tiles(40, [0])
    for key, number in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 5),
        (Qt.Key.Key_Left, 4),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_PageDown, 8),
        (Qt.Key.Key_End, 39),
        (Qt.Key.Key_Home, 0),
    ):
        qtbot.keyClick(wall, key)
        assert wall.selected == {number}
        assert wall.viewport().rect().contains(wall.tile(number))
    qtbot.keyClick(wall, Qt.Key.Key_Right, SHIFT)
    qtbot.keyClick(wall, Qt.Key.Key_Right, SHIFT)
    assert wall.selected == {0, 1, 2}
    qtbot.keyClick(wall, Qt.Key.Key_A, CTRL)
    assert len(wall.selected) == 40


def test_a_frame_with_the_mouse_chooses_what_it_touches(wall, qtbot):
    wall.show_tiles(40, [])
    canvas = wall.viewport()
    qtbot.mousePress(canvas, LEFT, pos=wall.tile(0).center())
    qtbot.mouseMove(canvas, wall.tile(2).center())
    qtbot.mouseMove(canvas, wall.tile(5).center())
    qtbot.mouseRelease(canvas, LEFT, pos=wall.tile(5).center())
    assert wall.selected == {0, 1, 4, 5}


def test_fewer_tiles_leave_nothing_beyond_the_end(wall, qtbot):
    wall.show_tiles(10_000, [9_999])
    wall.show_tiles(2, [1])
    assert wall.verticalScrollBar().maximum() == 0
    assert all(wall.viewport().rect().contains(wall.tile(number)) for number in (0, 1))
    qtbot.keyClick(wall, Qt.Key.Key_Right)
    assert wall.selected == {1}
    wall.show_tiles(0, [])
    qtbot.keyClick(wall, Qt.Key.Key_Right)
    assert wall.selected == set()
