"""How the parts of our docks are laid out."""

from collections.abc import Sequence
from typing import TypeAlias

from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from motorscope.plugin.qt.parts import scrolling

Part: TypeAlias = QWidget | QLayout
Around = tuple[int, int, int, int]

GROUP = (6, 0, 6, 4)
"""Pixels around a group of controls: left, top, right, bottom."""

NONE = (0, 0, 0, 0)


def in_row(*parts: QWidget, wide: int = 0, spacing: int | None = None) -> QHBoxLayout:
    """Put widgets beside each other; the one with the number `wide` takes the room that is left."""
    row = QHBoxLayout()
    if spacing is not None:
        row.setSpacing(spacing)
    for number, part in enumerate(parts):
        row.addWidget(part, int(number == wide))
    return row


def in_column(
    group: QWidget, *parts: Part, around: Around = GROUP, spacing: int | None = None
) -> QVBoxLayout:
    """Put parts below each other in a group."""
    column = QVBoxLayout(group)
    column.setContentsMargins(*around)
    if spacing is not None:
        column.setSpacing(spacing)
    for part in parts:
        if isinstance(part, QLayout):
            column.addLayout(part)
        else:
            column.addWidget(part)
    return column


def in_form(group: QWidget, *rows: Part | tuple[str, Part]) -> None:
    """Lay a group of controls out: a row each, with its label if it has one."""
    form = QFormLayout(group)
    form.setContentsMargins(*GROUP)
    for row in rows:
        if isinstance(row, tuple):
            form.addRow(*row)
        else:
            form.addRow(row)


def in_dock(dock: QWidget, parts: Sequence[QWidget], foot: Sequence[QWidget]) -> None:
    """Lay a dock out: parts in a column that scrolls, and below them what is always there."""
    content = QWidget()
    in_column(content, *parts, around=(2, 2, 2, 2), spacing=4).addStretch(1)
    in_column(dock, scrolling(content), *foot, around=NONE).setStretch(0, 1)
