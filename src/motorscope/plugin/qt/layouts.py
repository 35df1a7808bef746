"""How the parts of our docks are laid out."""

from collections.abc import Sequence

from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from motorscope.plugin.qt.parts import scrolling


def in_row(first: QWidget, *others: QWidget) -> QHBoxLayout:
    """Put widgets beside each other; the first takes the room that is left."""
    row = QHBoxLayout()
    row.addWidget(first, 1)
    for each in others:
        row.addWidget(each)
    return row


def in_form(group: QWidget, *rows: QWidget | QLayout | tuple[str, QWidget | QLayout]) -> None:
    """Lay a group of controls out: a row each, with its label if it has one."""
    form = QFormLayout(group)
    form.setContentsMargins(6, 0, 6, 4)
    for row in rows:
        if isinstance(row, tuple):
            form.addRow(*row)
        else:
            form.addRow(row)


def in_dock(dock: QWidget, parts: Sequence[QWidget], foot: Sequence[QWidget]) -> None:
    """Lay a dock out: parts in a column that scrolls, and below them what is always there."""
    content = QWidget()
    column = QVBoxLayout(content)
    column.setContentsMargins(2, 2, 2, 2)
    column.setSpacing(4)
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    layout = QVBoxLayout(dock)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(scrolling(content), 1)
    for part in foot:
        layout.addWidget(part)
