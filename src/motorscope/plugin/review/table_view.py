"""The list of picks: sortable, quick for thousands of rows, in step with the selection."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QSize,
    Qt,
)
from qtpy.QtGui import QColor, QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from motorscope.picks import PickTable
from motorscope.picks.notes import is_unsure
from motorscope.plugin.layers.kinds import STATUS_COLOURS
from motorscope.plugin.layers.looks import label
from motorscope.review import Review
from motorscope.tomogram import VoxelGrid

_HEADERS = ("#", "Score", "Status", "z, y, x (voxel)")
_ORDERS = ("id", "score", "status", "position")
_DISPLAY, _COLOUR = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.DecorationRole
_TIP = Qt.ItemDataRole.ToolTipRole
_SQUARE = 10  # pixels: side of the square with the colour of a status


class PicksModel(QAbstractTableModel):
    """Picks of a table in a given order."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._scores: NDArray[np.float64] = np.empty(0)
        self._status: NDArray[Any] = np.empty(0, dtype=object)
        self._notes: NDArray[Any] = np.empty(0, dtype=object)
        self._places: NDArray[np.float64] = np.empty((0, 3))
        self._voxels: NDArray[np.float64] = np.empty((0, 3))

    def show(self, table: PickTable, ids: NDArray[np.int64], grid: VoxelGrid | None = None) -> None:
        """Show picks of a table, in the voxels of a grid."""
        same = np.array_equal(ids, self.ids)
        if not same:
            self.beginResetModel()
        rows = table.rows_of(ids)
        self.ids = ids
        self._scores = table.scores[rows]
        self._status = table.statuses[rows]
        self._notes = table.frame["note"].to_numpy(dtype=object)[rows]
        self._places = table.positions[rows]
        self._voxels = self._places if grid is None else grid.to_voxels(self._places)
        if not same:
            self.endResetModel()
        elif len(ids):
            self.dataChanged.emit(self.index(0, 0), self.index(len(ids) - 1, len(_HEADERS) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of picks."""
        return 0 if parent is not None and parent.isValid() else len(self.ids)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return len(_HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        """Return the words over a column."""
        if role == _DISPLAY and orientation == Qt.Orientation.Horizontal:
            return _HEADERS[section]
        return None

    def data(self, index: QModelIndex, role: int = _DISPLAY) -> Any:
        """Return the text of a cell, or the colour beside it: on its own it is hard to read."""
        row, column = index.row(), index.column()
        if role == _TIP and column == 0:
            return f"id {self.ids[row]} in files"
        if role == _TIP and column == 2:
            return self._notes[row]
        if role == _TIP and column == 3:
            return ", ".join(f"{value:.0f}" for value in self._places[row]) + " Å"
        if role == _COLOUR and column == 2:
            return QColor(STATUS_COLOURS[self._status[row]])
        if role != _DISPLAY:
            return None
        if column == 0:
            return str(row + 1)
        if column == 1:
            return label(self._scores[row]) or "added"
        if column == 2:
            return f"{self._status[row]}{_mark(self._notes[row])}"
        return ", ".join(f"{value:.0f}" for value in self._voxels[row])


def _mark(note: str) -> str:
    """Return what stands beside the status for a note."""
    return " ?" if is_unsure(note) else " *" * bool(note)


class PicksTable(QTableView):
    """The picks that are shown, in the order of going through them."""

    def __init__(self) -> None:
        super().__init__()
        self._review: Review | None = None
        self._updating = False
        self._model = PicksModel()
        self.setModel(self._model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(_SQUARE, _SQUARE))
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 4)
        for column, (words, more) in enumerate(
            (("00000", 8), ("added00", 12), ("candidate ?", _SQUARE + 14))
        ):
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(words) + more)
        columns.setStretchLastSection(True)
        columns.setSectionsClickable(True)
        columns.setSortIndicatorShown(True)
        columns.sectionClicked.connect(self._on_header)
        self.setFixedHeight(columns.sizeHint().height() + 6 * rows.defaultSectionSize() + 4)
        self.selectionModel().selectionChanged.connect(self._on_selection)

    def set_review(self, review: Review | None) -> None:
        """Show the picks of a review."""
        self._review = review
        self.refresh()

    def refresh(self) -> None:
        """Show the picks as they are."""
        review = self._review
        self._updating = True
        if review is None:
            self._model.show(PickTable.empty(), np.empty(0, dtype=np.int64))
        else:
            self._model.show(review.table, review.listed(), review.grid)
            self._show_order(review)
        self._updating = False
        self.refresh_selection()

    def refresh_selection(self) -> None:
        """Select the rows of the picks that are selected."""
        if self._review is None or self._updating:
            return
        self._updating = True
        rows = np.flatnonzero(np.isin(self._model.ids, self._review.selected))
        chosen = QItemSelection()
        last = self._model.columnCount() - 1
        for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
            if len(run):
                chosen.select(
                    self._model.index(int(run[0]), 0), self._model.index(int(run[-1]), last)
                )
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(chosen, flags.ClearAndSelect)
        if len(rows) == 1:
            index = self._model.index(int(rows[0]), 0)
            self.selectionModel().setCurrentIndex(index, flags.NoUpdate)
            self.scrollTo(index)
        self._updating = False

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Let letters pass to the viewer, rather than search the list for them."""
        if event is not None and event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _show_order(self, review: Review) -> None:
        column = _ORDERS.index(review.order) if review.order in _ORDERS else -1
        # The best score first is the natural way, but falls from the top to the bottom.
        falls = review.backwards != (review.order == "score")
        order = Qt.SortOrder.DescendingOrder if falls else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(column, order)

    def _on_header(self, column: int) -> None:
        if self._review is not None:
            again = self._review.order == _ORDERS[column]
            self._review.set_order(_ORDERS[column], again and not self._review.backwards)

    def _on_selection(self) -> None:
        if self._updating or self._review is None:
            return
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        ids = self._model.ids[rows].tolist()
        if len(ids) == 1:
            self._review.go_to(ids[0])
        else:
            self._review.select(ids)
