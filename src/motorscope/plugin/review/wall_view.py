"""Tiles side by side, of which only those in view are drawn: thousands cost no more than a few."""

from collections.abc import Callable, Iterable

from qtpy.QtCore import QPoint, QRect, Qt, Signal
from qtpy.QtGui import (
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from qtpy.QtWidgets import QAbstractScrollArea, QApplication, QRubberBand

_EDGE = 4  # pixels around a tile

Draw = Callable[[QPainter, QRect, int], None]


class TileWall(QAbstractScrollArea):
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
        self._side, self._draw = side, draw
        self._count = 0
        self._selected: frozenset[int] = frozenset()
        self._anchor = self._touched = 0  # where a range begins, and what was chosen last
        self._press: QPoint | None = None
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # lines keep length

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return self._count

    @property
    def selected(self) -> frozenset[int]:
        """Numbers of the tiles that are shown as chosen."""
        return self._selected

    def show_tiles(self, count: int, selected: Iterable[int]) -> None:
        """Show this many tiles, some of them chosen; a single one is brought into view."""
        before, self._selected = self._selected, frozenset(selected)
        if count != self._count:
            self._count = count
            self._fit()
        if len(self._selected) == 1 and self._selected != before:
            (self._touched,) = (self._anchor,) = self._selected
            self.bring_into_view(self._touched)
        self.viewport().update()

    def tile(self, number: int) -> QRect:
        """Return where a tile is in the viewport."""
        line, place = divmod(number, self._per_line())
        step = self._step()
        top = line * step - self.verticalScrollBar().value()
        return QRect(place * step + _EDGE, top + _EDGE, self._side, self._side)

    def in_view(self) -> range:
        """Return the numbers of the tiles of which something is in view."""
        start, step = self.verticalScrollBar().value(), self._step()
        first, last = start // step, (start + self.viewport().height()) // step
        return range(
            min(first * self._per_line(), self._count),
            min((last + 1) * self._per_line(), self._count),
        )

    def bring_into_view(self, number: int) -> None:
        """Scroll as little as is needed to see a whole tile."""
        tile, bar = self.tile(number), self.verticalScrollBar()
        over = _EDGE - tile.top()
        under = tile.bottom() + _EDGE - self.viewport().height()
        if over > 0:
            bar.setValue(bar.value() - over)
        elif under > 0:
            bar.setValue(bar.value() + under)

    # What Qt calls

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the tiles in view."""
        painter = QPainter(self.viewport())
        for number in self.in_view():
            tile = self.tile(number)
            self._draw(painter, tile, number)
            if number in self._selected:
                painter.setPen(QPen(self.palette().text().color(), 2))
                painter.drawRect(tile.adjusted(-3, -3, 2, 2))
        painter.end()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the tile that was touched last in view."""
        self._fit()
        if self._touched in self._selected:
            self.bring_into_view(self._touched)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose a tile; with Ctrl add or take one, with Shift all from the last touched one."""
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._press = event.position().toPoint()
        number = self._at(self._press)
        modifiers = event.modifiers()
        if number is None:
            if not modifiers:
                self.chosen.emit([])
        elif modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._choose_up_to(number)
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            self._anchor = self._touched = number
            self.chosen.emit(sorted(self._selected ^ {number}))
        else:
            self._choose(number)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Open a tile."""
        number = None if event is None else self._at(event.position().toPoint())
        if number is not None:
            self.opened.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Draw a frame with the mouse around several."""
        if event is None or self._press is None:
            return
        here = event.position().toPoint()
        if (here - self._press).manhattanLength() >= QApplication.startDragDistance():
            self._band.setGeometry(QRect(self._press, here).normalized())
            self._band.show()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Choose what is in the frame."""
        self._press = None
        if self._band.isVisible():
            self._band.hide()
            frame = self._band.geometry()
            self.chosen.emit([n for n in self.in_view() if self.tile(n).intersects(frame)])

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move by arrows, pages, Home and End; Shift extends, Ctrl+A takes all."""
        if event is None:
            return
        if event.matches(QKeySequence.StandardKey.SelectAll):
            self.chosen.emit(list(range(self._count)))
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._touched < self._count:
            self.opened.emit(self._touched)
            return
        line = self._per_line()
        page = line * max(self.viewport().height() // self._step(), 1)
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -line,
            Qt.Key.Key_Down: line,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -self._count,
            Qt.Key.Key_End: self._count,
        }
        key = Qt.Key(event.key())
        if key not in steps or not self._count:
            event.ignore()
            return
        number = min(max(self._touched + steps[key], 0), self._count - 1)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._choose_up_to(number)
        else:
            self._choose(number)

    # Inner parts

    def _choose(self, number: int) -> None:
        self._anchor = self._touched = number
        self.chosen.emit([number])

    def _choose_up_to(self, number: int) -> None:
        self._touched = number
        self.bring_into_view(number)
        first, last = sorted((self._anchor, number))
        self.chosen.emit(list(range(first, last + 1)))

    def _at(self, point: QPoint) -> int | None:
        step = self._step()
        place = point.x() // step
        number = (point.y() + self.verticalScrollBar().value()) // step * self._per_line() + place
        return number if place < self._per_line() and number < self._count else None

    def _fit(self) -> None:
        """Fit the scroll bar to the number of tiles and the size of the window."""
        end = max(self._count - 1, 0)
        self._anchor, self._touched = min(self._anchor, end), min(self._touched, end)
        lines, height = -(-self._count // self._per_line()), self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(lines * self._step() - height, 0))
        bar.setPageStep(height)
        bar.setSingleStep(self._step() // 3)

    def _step(self) -> int:
        return self._side + 2 * _EDGE

    def _per_line(self) -> int:
        return max(self.viewport().width() // self._step(), 1)
