"""The list of a queue: sortable, filtered, quick for thousands of rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from motorscope.names import Ends, common_ends, shortened
from motorscope.plugin.layers.kinds import STATUS_COLOURS
from motorscope.plugin.layers.looks import label
from motorscope.plugin.qt.parts import AMBER, ink
from motorscope.plugin.qt.rows_view import DISPLAY, TIP, Column, RowsModel, RowsTable
from motorscope.review.worklist import (
    FAILED,
    NEW,
    NO_MOTOR,
    NO_SPACING,
    NOTHING,
    ORDERS,
    OUTDATED,
    REVIEWED,
    RUNNING,
    TO_REVIEW,
    Entry,
)

_COLUMNS = (
    Column("Tomogram", "The tomogram's name; double-click opens it."),
    Column("Status", "What has been done: a run finds candidates, a person reviews them.", NOTHING),
    Column("Best", "Score of the best candidate.", "0.000"),
    Column("left", "Candidates above the threshold that nobody has decided on.", "left"),
    Column("✓", "Accepted motors.", "000"),
    Column("✗", "Rejected motors.", "000"),
)
_COLOURS = {
    RUNNING: "#4fc3f7",
    TO_REVIEW: STATUS_COLOURS["candidate"],
    NOTHING: STATUS_COLOURS["candidate"],
    REVIEWED: STATUS_COLOURS["accepted"],
    NO_MOTOR: STATUS_COLOURS["accepted"],
    OUTDATED: AMBER,
    NO_SPACING: AMBER,
    FAILED: STATUS_COLOURS["rejected"],
}
_OUTDATED = (
    "It was searched before somebody said how dense things look in it;\n"
    "Run all searches it again. Decisions stay."
)
_COLOUR, _FONT = Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.FontRole
_ALIGN = Qt.ItemDataRole.TextAlignmentRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class NameDelegate(QStyledItemDelegate):
    """Cuts a name that is too long where it is like the others of the list."""

    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:
        """Say what is to be painted."""
        super().initStyleOption(option, index)
        model = index.model()
        if option is None or not isinstance(model, QueueModel):
            return
        metrics = QFontMetrics(option.font)
        style = QApplication.style() if option.widget is None else option.widget.style()
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, option) + 1
        room = option.rect.width() - 2 * margin
        option.text = shortened(
            option.text, model.ends, lambda text: metrics.horizontalAdvance(text) <= room
        )


class QueueModel(RowsModel):
    """Entries in a given order; `paint` makes colours fit the theme."""

    def __init__(self, paint: Callable[[str], str]) -> None:
        super().__init__(_COLUMNS)
        self._paint = paint
        self.entries: list[Entry] = []
        self.ends: Ends = ("", "")
        self._current: Path | None = None
        self.bold = QFont()
        self.bold.setBold(True)

    def show(self, entries: list[Entry], current: Path | None) -> bool:
        """Show entries; return whether they are others than before, or in another order."""
        same = [each.path for each in entries] == [each.path for each in self.entries]
        if not same:
            self.beginResetModel()
        before, self.entries = self.entries, entries
        was, self._current = self._current, current
        if not same:
            self.ends = common_ends([entry.name for entry in entries])
            self.endResetModel()
            return True
        for row, (old, new) in enumerate(zip(before, entries, strict=True)):
            if old is not new or (was != current and new.path in (was, current)):
                self.tell(row, row)
        return False

    def count(self) -> int:
        """Return the number of entries."""
        return len(self.entries)

    def data(self, index: QModelIndex, role: int = DISPLAY) -> Any:
        """Return the text, colour, font, place or tooltip of a cell."""
        entry, column = self.entries[index.row()], index.column()
        if role == DISPLAY:
            return self._text(entry, column)
        if role == _COLOUR and column == 1:
            colour = _COLOURS.get(entry.status)
            return None if colour is None else QColor(self._paint(colour))
        if role == TIP:
            outdated = column == 1 and entry.status == OUTDATED
            return entry.problem or (_OUTDATED if outdated else str(entry.path))
        if role == _FONT and entry.path == self._current:
            return self.bold
        if role == _ALIGN and column > 1:
            return _RIGHT
        return None

    def _text(self, entry: Entry, column: int) -> str:
        if column == 0:
            return entry.name
        if column == 1:
            return entry.status
        summary = entry.summary
        if column == 2:
            return "" if summary.best is None else label(summary.best)
        if entry.status == NEW:
            return ""
        return str((summary.undecided, summary.accepted, summary.rejected)[column - 3])


class QueueTable(RowsTable):
    """Tomograms; a double click or Enter opens one.

    Signals
    -------
    opened
        Emitted with the path of an entry that a person wants to see.
    ordered
        Emitted with an order of `motorscope.review.worklist.ORDERS`, and whether it goes
        backwards.
    """

    opened = Signal(object)
    ordered = Signal(str, bool)

    def __init__(self) -> None:
        rows = QueueModel(lambda colour: ink(colour, self))
        super().__init__(rows)
        self.rows = rows
        self._names = NameDelegate(self)
        self.setItemDelegateForColumn(0, self._names)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        columns = self.horizontalHeader()
        columns.setMinimumSectionSize(24)
        columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        bold = QFontMetrics(self.rows.bold)  # the open tomogram's
        for number, column in enumerate(_COLUMNS[1:], start=1):
            self.setColumnWidth(number, bold.horizontalAdvance(column.widest) + column.more)
        columns.sectionClicked.connect(self._on_header)
        self.show_order(0, falls=False)
        self.doubleClicked.connect(lambda index: self._open(index.row()))
        self._backwards = False
        self._order = "name"

    def show_entries(self, entries: list[Entry], current: Path | None) -> None:
        """Show entries; what was selected stays selected."""
        chosen = set(self.selected_paths())
        if self.rows.show(entries, current) and chosen:
            self.select_paths(chosen)

    def selected_paths(self) -> list[Path]:
        """Return the paths of the selected entries, from the top."""
        return [self.rows.entries[row].path for row in self.selected_rows()]

    def select_paths(self, paths: set[Path]) -> None:
        """Select entries, and scroll to the first."""
        rows = [row for row, entry in enumerate(self.rows.entries) if entry.path in paths]
        self.select_rows(rows, rows[0] if rows else None)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Open with Enter, and select all.

        Letters and the keys for going on pass to the viewer, whose they are.
        """
        if event is None:
            return
        if event.matches(QKeySequence.StandardKey.SelectAll):
            self.selectAll()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            index = self.selectionModel().currentIndex()
            if index.isValid():
                self._open(index.row())
        elif event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _open(self, row: int) -> None:
        self.opened.emit(self.rows.entries[row].path)

    def _on_header(self, column: int) -> None:
        order = ORDERS[column]
        # Names go up at first; of everything else the most is wanted on top.
        self._backwards = not self._backwards if order == self._order else column > 1
        self._order = order
        self.show_order(column, self._backwards)
        self.ordered.emit(order, self._backwards)
