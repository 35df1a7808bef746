"""The list of picks: sortable, quick for thousands of rows, in step with the selection."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QModelIndex, QSize, Qt
from qtpy.QtGui import QColor

from motorscope.picks import PickTable
from motorscope.picks.notes import is_unsure
from motorscope.plugin.layers.kinds import STATUS_COLOURS
from motorscope.plugin.layers.looks import label
from motorscope.plugin.qt.rows_view import DISPLAY, TIP, Column, RowsModel, RowsTable
from motorscope.review import Review
from motorscope.tomogram import VoxelGrid

_SQUARE = 10  # pixels: side of the square with the colour of a status
_ROWS = 6
_COLUMNS = {
    "id": Column("#", widest="00000"),
    "score": Column("Score", widest="added00", more=12),
    "status": Column("Status", widest="candidate ?", more=_SQUARE + 14),
    "position": Column("z, y, x (voxel)"),
}
"""Columns by the order that a click on them means."""

_ORDERS = tuple(_COLUMNS)
_COLOUR = Qt.ItemDataRole.DecorationRole


class PicksModel(RowsModel):
    """Picks of a table in a given order."""

    def __init__(self) -> None:
        super().__init__(tuple(_COLUMNS.values()))
        self.ids: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._scores: NDArray[np.float64] = np.empty(0)
        self._status: NDArray[Any] = np.empty(0, dtype=object)
        self._notes: NDArray[Any] = np.empty(0, dtype=object)
        self._places: NDArray[np.float64] = np.empty((0, 3))
        self._voxels: NDArray[np.float64] = np.empty((0, 3))

    def show(self, table: PickTable, ids: NDArray[np.int64], grid: VoxelGrid | None = None) -> None:
        """Show picks of a table, in the voxels of a grid."""
        rows = table.rows_of(ids)
        with self.changing(np.array_equal(ids, self.ids)):
            self.ids = ids
            self._scores = table.scores[rows]
            self._status = table.statuses[rows]
            self._notes = table.frame["note"].to_numpy(dtype=object)[rows]
            self._places = table.positions[rows]
            self._voxels = self._places if grid is None else grid.to_voxels(self._places)

    def count(self) -> int:
        """Return the number of picks."""
        return len(self.ids)

    def data(self, index: QModelIndex, role: int = DISPLAY) -> Any:
        """Return the text of a cell, or the colour beside it: on its own it is hard to read."""
        row, column = index.row(), _ORDERS[index.column()]
        if role == TIP and column == "id":
            return f"id {self.ids[row]} in files"
        if role == TIP and column == "status":
            return self._notes[row]
        if role == TIP and column == "position":
            return ", ".join(f"{value:.0f}" for value in self._places[row]) + " Å"
        if role == _COLOUR and column == "status":
            return QColor(STATUS_COLOURS[self._status[row]])
        if role != DISPLAY:
            return None
        if column == "id":
            return str(row + 1)
        if column == "score":
            return label(self._scores[row]) or "added"
        if column == "status":
            return f"{self._status[row]}{_mark(self._notes[row])}"
        return ", ".join(f"{value:.0f}" for value in self._voxels[row])


def _mark(note: str) -> str:
    """Return what stands beside the status for a note."""
    return " ?" if is_unsure(note) else " *" * bool(note)


class PicksTable(RowsTable):
    """The picks that are shown, in the order of going through them."""

    def __init__(self) -> None:
        model = PicksModel()
        super().__init__(model)
        self._model = model
        self._review: Review | None = None
        self._updating = False
        self.setIconSize(QSize(_SQUARE, _SQUARE))
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().sectionClicked.connect(self._on_header)
        self.fix_height(_ROWS)
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
            column = _ORDERS.index(review.order) if review.order in _ORDERS else -1
            # The best score first is the natural way, but falls from the top to the bottom.
            self.show_order(column, falls=review.backwards != (review.order == "score"))
        self._updating = False
        self.refresh_selection()

    def refresh_selection(self) -> None:
        """Select the rows of the picks that are selected."""
        if self._review is None or self._updating:
            return
        self._updating = True
        rows = np.flatnonzero(np.isin(self._model.ids, self._review.selected))
        self.select_rows(rows, int(rows[0]) if len(rows) == 1 else None)
        self._updating = False

    def _on_header(self, column: int) -> None:
        if self._review is not None:
            again = self._review.order == _ORDERS[column]
            self._review.set_order(_ORDERS[column], again and not self._review.backwards)

    def _on_selection(self) -> None:
        if self._review is not None and not self._updating:
            self._review.choose(self._model.ids[self.selected_rows()].tolist())
