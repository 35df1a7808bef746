"""The table of a stage's channels: sortable, with a picture of each one's values."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QModelIndex, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from motorscope.contract.stages import BINS, BY_BACKGROUND, OpenStage
from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.channels.controller import COLUMNS, ChannelsController
from motorscope.plugin.layers.kinds import STATUS_COLOURS
from motorscope.plugin.qt.layouts import in_column
from motorscope.plugin.qt.parts import Hint, JobBar, StatusLine
from motorscope.plugin.qt.rows_view import DISPLAY, Column, RowsModel, RowsTable

_ALIGN = Qt.ItemDataRole.TextAlignmentRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_VALUES = len(COLUMNS)
_ROWS = 8
_COLUMNS = {
    "channel": Column("Ch.", "Number of the channel.", "0000"),
    "auc": Column(
        "Picks",
        "How well it tells accepted picks from the background:\n"
        "the chance that a pick stands out against a voxel drawn at random, 0.5 to 1;\n"
        "↑ where picks are brighter, ↓ where they are darker.",
        "0.00 ↑",
    ),
    "auc_rejected": Column("Rej.", "The same for accepted against rejected picks.", "0.00 ↑"),
    "percentile": Column(
        "Here",
        "How much of the volume, in percent, lies below the value at the current pick.",
        "100 %",
    ),
    "effect": Column(
        "Effect",
        "What it adds to the score of the current pick, in logits as the maps of Why here:\n"
        "how much is lost when the channel is set to its mean; negative: the score rises.",
        "+0.00",
    ),
    "variance": Column("Var.", "Variance over the volume.", "0.0e-0"),
}
HERE = "#ffffff"
"""Color of the value at the current pick."""


class ChannelsModel(RowsModel):
    """Channels in a given order."""

    def __init__(self) -> None:
        values = Column(
            "Values",
            "How the values of the volume are distributed (logarithmic);\n"
            "green: the mean of the accepted picks, white: the current pick.",
        )
        super().__init__([*(_COLUMNS[each] for each in COLUMNS), values])
        self.table = pd.DataFrame()
        self.rows: list[Mapping[Any, Any]] = []
        self.stage: OpenStage | None = None

    def show(self, table: pd.DataFrame, stage: OpenStage | None) -> None:
        """Show a ranking's table and, of the stage, the values."""
        with self.changing(len(table) == len(self.table)):
            self.table, self.stage = table, stage
            self.rows = list(table.to_dict("records"))

    @property
    def channels(self) -> list[int]:
        """The channels, row by row."""
        return self.table["channel"].tolist() if len(self.table) else []

    def count(self) -> int:
        """Return the number of channels."""
        return len(self.table)

    def data(self, index: QModelIndex, role: int = DISPLAY) -> Any:
        """Return the text of a cell."""
        if role == _ALIGN:
            return _RIGHT
        if role != DISPLAY or index.column() == _VALUES:
            return None
        return _cell(self.rows[index.row()], COLUMNS[index.column()])


class ValuesDelegate(QStyledItemDelegate):
    """Paints how a channel's values are distributed, and where picks lie among them."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint a cell."""
        model = index.model()
        if painter is None or not isinstance(model, ChannelsModel) or model.stage is None:
            return
        row = model.rows[index.row()]
        channel = int(row["channel"])
        if channel >= len(model.stage.counts):
            return
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, option.palette.highlight())
        area = QRectF(option.rect).adjusted(4, 2, -4, -2)
        heights = np.log1p(model.stage.counts[channel])
        heights = heights / max(float(heights.max()), 1.0)
        step = area.width() / BINS
        color = QColor(130, 160, 190)
        for number, tall in enumerate((heights * area.height()).tolist()):
            left = area.left() + number * step
            painter.fillRect(QRectF(left, area.bottom() - tall, step, tall), color)
        low, high = model.stage.limits[channel]
        marks = (("at_accepted", STATUS_COLOURS["accepted"]), ("at", HERE))
        for column, color in marks:
            value = row.get(column, np.nan)
            if np.isfinite(value):
                share = float(np.clip((value - low) / (high - low), 0, 1))
                x = area.left() + share * area.width()
                painter.setPen(QPen(QColor(color), 2))
                painter.drawLine(int(x), int(area.top()), int(x), int(area.bottom()))
        painter.restore()


class ChannelsTable(RowsTable):
    """The channels in their order; a click shows one, several chosen ones are gone through."""

    def __init__(self, controller: ChannelsController) -> None:
        model = ChannelsModel()
        super().__init__(model)
        self._model = model
        self._controller = controller
        self._updating = False
        self._delegate = ValuesDelegate(self)
        self.setItemDelegateForColumn(_VALUES, self._delegate)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().sectionClicked.connect(self._on_header)
        self.fix_height(_ROWS)
        self.selectionModel().selectionChanged.connect(self._on_selection)

    def refresh(self) -> None:
        """Show the channels as they are, and select the one that is shown."""
        controller = self._controller
        self._updating = True
        if self._model.table is not controller.table:
            table = controller.table
            self._model.show(table, controller.encoder.open_stage)
            for number, column in enumerate(COLUMNS):  # those that say nothing leave their room
                known = column in table and bool(table[column].notna().any())
                self.setColumnHidden(number, len(table) > 0 and not known)
        number = COLUMNS.index(controller.order) if controller.order in COLUMNS else -1
        self.show_order(number, falls=(number == 0) == controller.backwards)
        self._show_selection()
        self._updating = False

    def _show_selection(self) -> None:
        controller, channels = self._controller, self._model.channels
        shown = controller.encoder.shown
        wanted = controller.selected if len(controller.selected) > 1 else (shown,)
        rows = [row for row, channel in enumerate(channels) if channel in wanted]
        self.select_rows(rows, channels.index(shown) if shown in channels else None)

    def _on_header(self, column: int) -> None:
        if column < _VALUES:
            self._controller.sort(COLUMNS[column])

    def _on_selection(self) -> None:
        if not self._updating:
            channels = self._model.channels
            self._controller.select(tuple(channels[row] for row in self.selected_rows()))


class ChannelsControls(QWidget):
    """The table, what it is ordered by, and a button that measures the channels' effects."""

    def __init__(self, controller: ChannelsController, status: StatusLine, ends: ExitStack) -> None:
        super().__init__()
        self._controller, self._status = controller, status
        self.table = ChannelsTable(controller)
        self.words = Hint()
        self.job = JobBar(
            "Effect on this motor",
            "Set each channel to its mean, one at a time, and see what is left of the score\n"
            "of the current pick.",
        )
        in_column(self, self.table, self.words, self.job)
        self.job.started.connect(self.start)
        self.job.follow(ends, controller.measuring)
        listen(ends, controller.changed, self.refresh)
        listen(ends, controller.encoder.changed, self.table.refresh)
        self.refresh()

    def start(self) -> None:
        """Begin to measure the channels' effects."""
        self._status.begin(self._controller.measure)

    def refresh(self) -> None:
        """Show the channels as they are."""
        controller = self._controller
        self.table.refresh()
        words = _ranking_in_words(controller.by, len(controller.table))
        if controller.effects is not None:
            words = controller.effects.in_words
        self.words.setText(words)
        able = len(controller.table) > 0 and controller.at is not None
        self.job.button.setEnabled(able and controller.encoder.network.bare is None)


def _ranking_in_words(by: str, table_length: int) -> str:
    """Return what the channels are ranked by."""
    if not table_length:
        return ""
    if by == BY_BACKGROUND:
        return f"Ranked by {by}."
    return "No picks are accepted: ranked by variance instead."


def _cell(row: Mapping[Any, Any], column: str) -> str:
    value = row.get(column, np.nan)
    if column == "channel":
        return str(int(value))
    if not np.isfinite(value):
        return "–"
    if column == "effect":
        return f"{value:+.2f}"
    if column == "variance":
        return f"{value:.2g}"
    if column == "percentile":
        return f"{value:.0f} %"
    arrow = {"up": " ↑", "down": " ↓"}
    return f"{value:.2f}" + arrow.get(row[column.replace("auc", "direction")], "")
