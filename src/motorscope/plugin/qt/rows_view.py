"""Lists of thousands of rows: what the tables of picks, tomograms and channels share."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    Qt,
)
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

_MARK = 14  # pixels of the mark beside the title of the column that orders the rows
DISPLAY, TIP = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole


@dataclass(frozen=True)
class Column:
    """A column of a list.

    Attributes
    ----------
    title, tip
        The words over it, and what they mean.
    widest
        The longest text that it has to show; empty for a column that takes what room is left.
    more
        Pixels that it needs beside its text.
    """

    title: str
    tip: str = ""
    widest: str = ""
    more: int = 8


class RowsModel(QAbstractTableModel):
    """Rows in a given order; a subclass says how many there are, and what is in their cells."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)

    def count(self) -> int:
        """Return the number of rows."""
        raise NotImplementedError

    @contextmanager
    def changing(self, same_rows: bool) -> Iterator[None]:
        """Tell the views of a change: of other rows, or of what the same rows say."""
        if not same_rows:
            self.beginResetModel()
        yield
        if not same_rows:
            self.endResetModel()
        elif self.count():
            self.tell(0, self.count() - 1)

    def tell(self, first: int, last: int) -> None:
        """Tell the views that rows say something else."""
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows; a cell has none below it."""
        return 0 if parent is not None and parent.isValid() else self.count()

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        """Return the words over a column, and what they mean."""
        if orientation != Qt.Orientation.Horizontal or role not in (DISPLAY, TIP):
            return None
        column = self.columns[section]
        return column.title if role == DISPLAY else column.tip or None


class RowsTable(QTableView):
    """A list of rows of one height that are chosen as a whole; letters pass to the viewer."""

    def __init__(self, model: RowsModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 4)
        columns.setSectionsClickable(True)
        columns.setSortIndicatorShown(True)
        columns.setHighlightSections(False)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for number, column in enumerate(model.columns):
            if column.widest:
                wide = self.fontMetrics().horizontalAdvance
                room = (wide(column.widest) + column.more, wide(column.title) + _MARK)
                self.setColumnWidth(number, max(room))

    def fix_height(self, rows: int) -> None:
        """Show this many rows at a time."""
        height = self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows * height + 4)

    def show_order(self, column: int, falls: bool) -> None:
        """Show by which column the rows are ordered (-1: by none), and in which direction."""
        order = Qt.SortOrder.DescendingOrder if falls else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(column, order)

    def selected_rows(self) -> list[int]:
        """Return the numbers of the selected rows, from the top."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def select_rows(self, rows: Iterable[int], current: int | None = None) -> None:
        """Select rows, and bring one of them into view."""
        select(self, rows, current)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Let letters pass to the viewer, rather than search the list for them."""
        if event is not None and event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)


def select(view: QAbstractItemView, rows: Iterable[int], current: int | None = None) -> None:
    """Select rows of a view, in rising order; bring one of them into view."""
    model, flags = view.model(), QItemSelectionModel.SelectionFlag
    chosen, numbers = QItemSelection(), np.fromiter(rows, dtype=np.intp)
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
        if len(run):  # by runs: many times as quick
            last = model.index(int(run[-1]), model.columnCount() - 1)
            chosen.select(model.index(int(run[0]), 0), last)
    view.selectionModel().select(chosen, flags.ClearAndSelect)
    if current is not None:
        index = model.index(current, 0)
        view.selectionModel().setCurrentIndex(index, flags.NoUpdate)
        view.scrollTo(index)
