"""All motors as pictures, side by side: click to go there, keys to decide on many at once."""

from collections import deque
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
)
from qtpy.QtGui import QColor, QKeyEvent, QPainter, QPen, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from motorscope.picks import PickTable
from motorscope.plugin.review import Review
from motorscope.plugin.session import Session
from motorscope.plugin.specs import STATUS_COLOURS, label
from motorscope.plugin.widgets.closeups import draw_label, picture_of

PIXELS = 112
_AT_ONCE = 4  # pictures that are made before the window is served again
_PICTURE, _STATUS = Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.UserRole
_TEXT = Qt.ItemDataRole.DisplayRole


class GalleryModel(QAbstractListModel):
    """Picks with pictures, which are made when they are first looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._table = PickTable.empty()
        self._places: NDArray[np.float64] = np.empty((0, 3))
        self._status: NDArray[Any] = np.empty(0, dtype=object)
        self._layer: Layer | None = None
        self._pictures: dict[tuple[int, bytes], QPixmap] = {}
        self._wanted: deque[int] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._make_some)

    def show(self, layer: Layer | None, table: PickTable, ids: NDArray[np.int64]) -> None:
        """Show picks of a tomogram in the order of their ids given."""
        if layer != self._layer:
            self._layer = layer
            self._pictures.clear()
        same = np.array_equal(ids, self.ids)
        if not same:
            self.beginResetModel()
        self.ids, self._table = ids, table
        self._rows = table.rows_of(ids) if len(ids) else np.empty(0, dtype=np.intp)
        self._status = table.frame["status"].to_numpy(dtype=object)[self._rows]
        self._places = table.positions[self._rows]
        self._wanted.clear()
        if not same:
            self.endResetModel()
        elif len(ids):
            self.dataChanged.emit(self.index(0), self.index(len(ids) - 1))

    def forget_pictures(self) -> None:
        """Make the pictures anew, for example with another contrast."""
        self._pictures.clear()
        if len(self.ids):
            self.dataChanged.emit(self.index(0), self.index(len(self.ids) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of picks."""
        return 0 if parent is not None and parent.isValid() else len(self.ids)

    def data(self, index: QModelIndex, role: int = _TEXT) -> Any:
        """Return a pick's picture (``None`` until it is made), score, or status."""
        row = index.row()
        if role == _TEXT:
            return label(self._table.scores[self._rows[row]]) or "added"
        if role == _STATUS:
            return self._status[row]
        if role == _PICTURE:
            picture = self._pictures.get(self._key(row))
            if picture is None:
                self._wanted.append(row)
                self._timer.start()
            return picture
        return None

    def _key(self, row: int) -> tuple[int, bytes]:
        return int(self.ids[row]), self._places[row].tobytes()

    def _make_some(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._wanted))):
            row = self._wanted.pop()  # the last one that was looked at is in view
            if row < len(self.ids) and self._layer is not None:
                key = self._key(row)
                if key not in self._pictures:
                    place = self._places[row]
                    self._pictures[key] = picture_of(self._layer, place, pixels=PIXELS)
                self.dataChanged.emit(self.index(row), self.index(row))
        if not self._wanted:
            self._timer.stop()


class _Tile(QStyledItemDelegate):
    """Draws a picture with its score, in a frame with the colour of its status."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        if painter is None:
            return
        square = QRect(option.rect.left() + 4, option.rect.top() + 4, PIXELS, PIXELS)
        picture = index.data(_PICTURE)
        if picture is None:
            painter.fillRect(square, QColor("#202225"))
        else:
            painter.drawPixmap(square, picture)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.setPen(QPen(QColor("white"), 2))
            painter.drawRect(square.adjusted(-3, -3, 2, 2))
        colour = QColor(STATUS_COLOURS[index.data(_STATUS)])
        draw_label(painter, QRectF(square.adjusted(3, 3, 0, 0)), index.data(_TEXT), colour)
        painter.setPen(QPen(colour, 3))
        painter.drawRect(square.adjusted(1, 1, -2, -2))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(PIXELS + 8, PIXELS + 8)


class _Tiles(QListView):
    """The wall of pictures; letters pass to the viewer, whose keys they are."""

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Tile(self))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)


class GalleryWidget(QWidget):
    """Pictures of the motors that are shown, sorted by score, of the panel's tomogram."""

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        from motorscope.plugin.widgets.main import panel_of

        panel = panel_of(napari_viewer)
        self._session: Session = panel.session
        self._layer: Layer | None = None
        self._review: Review | None = None
        self._updating = False
        self.model = GalleryModel()
        self.tiles = _Tiles()
        self.tiles.setModel(self.model)
        self.title = QLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(self.title)
        layout.addWidget(self.tiles, 1)
        self.tiles.selectionModel().selectionChanged.connect(self._on_selection)
        panel.tomogram.changed.connect(self._on_tomogram)
        panel.closed.connect(self._on_panel_closed)
        self._session.desk.changed.connect(self._on_desk)
        self._tomogram = panel.tomogram
        self._on_tomogram()

    def sizeHint(self) -> QSize:
        """Room for a few pictures."""
        return QSize(3 * (PIXELS + 8) + 24, int(1.3 * (PIXELS + 8)) + 30)

    def refresh(self) -> None:
        """Show the picks as they are."""
        review = self._review
        if review is None:
            self.title.setText("Nothing to show yet: find motors, or add some.")
            self.model.show(None, PickTable.empty(), np.empty(0, dtype=np.int64))
            return
        self.title.setText(f"{review.name}: {review.counts()}. Keys: K accept, R reject")
        ids = review.listed("score")
        self._updating = True
        self.model.show(self._layer, review.table, ids)
        self._updating = False
        self._show_selection()

    def _on_tomogram(self) -> None:
        self._layer = self._tomogram.layer()
        self._follow()

    def _on_panel_closed(self) -> None:
        self._review, self._layer = None, None
        self.refresh()

    def _on_desk(self, layer_id: str) -> None:
        self._follow()

    def _follow(self) -> None:
        review = self._session.desk.review(self._layer)
        if review is not self._review:
            if self._review is not None:
                self._review.selection_changed.disconnect(self._show_selection, missing_ok=True)
            self._review = review
            if review is not None:
                review.selection_changed.connect(self._show_selection)
        self.refresh()

    def _show_selection(self) -> None:
        if self._review is None or self._updating:
            return
        self._updating = True
        rows = np.flatnonzero(np.isin(self.model.ids, self._review.selected))
        chosen = QItemSelection()
        for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
            if len(run):
                chosen.select(self.model.index(int(run[0])), self.model.index(int(run[-1])))
        self.tiles.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if len(rows) == 1:
            self.tiles.scrollTo(self.model.index(int(rows[0])))
        self._updating = False

    def _on_selection(self) -> None:
        if self._updating or self._review is None:
            return
        rows = sorted(index.row() for index in self.tiles.selectionModel().selectedIndexes())
        ids = self.model.ids[rows].tolist()
        if len(ids) == 1:
            self._review.go_to(ids[0])
        else:
            self._review.select(ids)
