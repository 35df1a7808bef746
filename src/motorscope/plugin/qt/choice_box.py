"""A list to choose from that shows what tells its entries apart, however little room there is."""

from collections.abc import Iterable
from typing import Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QHelpEvent, QPaintEvent
from qtpy.QtWidgets import (
    QComboBox,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
)

from motorscope.names import common_ends, shortened


class ChoiceBox(QComboBox):
    """A combo box that takes what room there is, however long its entries are.

    The chosen entry is cut where it is like the others, not where it differs. The tooltip has all
    of it, and the list is as wide as its entries.
    """

    def __init__(self, tip: str = "", entries: Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__()
        self.setToolTip(tip)
        self.fill(entries)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def fill(self, entries: Iterable[tuple[str, Any]]) -> None:
        """Offer these entries, each with its data, instead of those that are there."""
        wanted = list(entries)
        if wanted != [(self.itemText(row), self.itemData(row)) for row in range(self.count())]:
            self.clear()
            for words, data in wanted:
                self.addItem(words, data)

    def choose(self, data: Any) -> None:
        """Choose the entry with this data; none if there is none."""
        self.setCurrentIndex(self.findData(data))

    def shown_text(self) -> str:
        """Return the chosen entry as it is shown."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = (
            self.style()
            .subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self)
            .width()
        )
        ends = common_ends([self.itemText(row) for row in range(self.count())])
        metrics = self.fontMetrics()
        return shortened(
            self.currentText(), ends, lambda text: metrics.horizontalAdvance(text) <= room
        )

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the box with its entry cut to the room."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        chosen = self.currentIndex() >= 0
        option.currentText = self.shown_text() if chosen else self.placeholderText()
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def event(self, event: QEvent | None) -> bool:
        """Say the entry in full where it is cut."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cut = self.shown_text() != self.currentText()
            words = [self.currentText()] * cut + [self.toolTip()] * bool(self.toolTip())
            QToolTip.showText(event.globalPos(), "\n".join(words), self)
            return True
        return bool(super().event(event))

    def showPopup(self) -> None:
        """Show the list as wide as its entries."""
        self.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)
        super().showPopup()
