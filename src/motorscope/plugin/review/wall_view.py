"""Tiles side by side, of which only those in view are drawn: thousands cost no more than a few."""

from collections.abc import Callable, Iterable
from typing import Any

from qtpy.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPen
from qtpy.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem

from motorscope.plugin.qt.rows_view import DISPLAY, Column, RowsModel, select

_EDGE = 4  # pixels around a tile

Draw = Callable[[QPainter, QRect, int], None]


class TileWall(QListView):
    """Square tiles in lines, chosen by mouse or keys; it holds no more than how many there are.

    Letters pass to whoever has keys for them.

    Signals
    -------
    chosen
        Emitted with the numbers of the tiles that a person chooses.
    opened
        Emitted with the number of a tile after a double click on it, or Enter.
    """

    chosen = Signal(list)
    opened = Signal(int)

    def __init__(self, side: int, draw: Draw) -> None:
        """Make an empty wall.

        Parameters
        ----------
        side
            Side of a tile in pixels.
        draw
            Draws the tile of a number into a square.
        """
        super().__init__()
        self._numbers = _Numbers()
        self._tiles = _Tiles(side, draw)
        self._told: frozenset[int] = frozenset()
        self.setModel(self._numbers)
        self.setItemDelegate(self._tiles)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setSelectionRectVisible(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # lines keep length
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return self._numbers.count()

    @property
    def selected(self) -> frozenset[int]:
        """Numbers of the tiles that are shown as chosen."""
        # By ranges: all of forty thousand tiles are one of them.
        ranges = self.selectionModel().selection()
        return frozenset(row for part in ranges for row in range(part.top(), part.bottom() + 1))

    def show_tiles(self, count: int, selected: Iterable[int]) -> None:
        """Show this many tiles, some of them chosen; a single one is brought into view."""
        wanted, before = frozenset(selected), self.selected
        self._numbers.set_count(count)
        if wanted != self.selected:
            only = min(wanted) if len(wanted) == 1 else None
            select(self, sorted(wanted), only)
        if len(wanted) == 1 and wanted != before:
            self.bring_into_view(min(wanted))
        self._told = wanted
        self.viewport().update()

    def tile(self, number: int) -> QRect:
        """Return where a tile is in the viewport."""
        return _inner(self.visualRect(self._numbers.index(number, 0)))

    def bring_into_view(self, number: int) -> None:
        """Scroll as little as is needed to see a whole tile."""
        self.scrollTo(self._numbers.index(number, 0))

    def selectionCommand(
        self, index: QModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        """Let Shift choose a range and nothing else, also after Ctrl."""
        command = super().selectionCommand(index, event)
        flags = QItemSelectionModel.SelectionFlag
        return command | flags.Clear if command == flags.SelectCurrent else command

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose a tile; with Ctrl add or take one, with Shift all from the last touched one."""
        super().mousePressEvent(event)
        self._tell()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Choose what is in the frame that the mouse has drawn."""
        super().mouseReleaseEvent(event)
        self._tell()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move by arrows, pages, Home and End; Shift extends, Ctrl+A takes all."""
        if event is None:
            return
        number = self.currentIndex().row()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and number >= 0:
            self.opened.emit(number)
        elif event.text().strip() and not event.matches(QKeySequence.StandardKey.SelectAll):
            event.ignore()
        else:
            super().keyPressEvent(event)
            self._tell()

    def _tell(self) -> None:
        """Say what is chosen, if that is something else than was shown."""
        selected = self.selected
        if selected != self._told:
            self._told = selected
            self.chosen.emit(sorted(selected))


class _Numbers(RowsModel):
    """As many rows as there are tiles."""

    def __init__(self) -> None:
        super().__init__([Column("")])
        self.number = 0

    def set_count(self, count: int) -> None:
        """Have this many rows."""
        with self.changing(count == self.number):
            self.number = count

    def count(self) -> int:
        """Return the number of tiles."""
        return self.number

    def data(self, index: QModelIndex, role: int = DISPLAY) -> Any:
        """Return nothing: a tile is drawn by its number."""
        return None


class _Tiles(QStyledItemDelegate):
    """Draws the tiles, and a frame around those that are chosen."""

    def __init__(self, side: int, draw: Draw) -> None:
        super().__init__()
        self._size, self._draw = QSize(side + 2 * _EDGE, side + 2 * _EDGE), draw

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return the room of a tile."""
        return self._size

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw a tile."""
        if painter is None:
            return
        tile, view = _inner(option.rect), option.widget
        painter.save()
        self._draw(painter, tile, index.row())
        if view.selectionModel().isSelected(index):
            painter.setPen(QPen(view.palette().text().color(), 2))
            painter.drawRect(tile.adjusted(-3, -3, 2, 2))
        painter.restore()


def _inner(cell: QRect) -> QRect:
    return cell.adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
