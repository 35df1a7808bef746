"""Controls made in one line: what they say, what their tooltip says, what they do."""

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QPushButton


def button(
    words: str, tip: str = "", then: Callable[..., Any] | None = None, narrow: bool = False
) -> QPushButton:
    """Return a button; a narrow one has little room around its words."""
    made = QPushButton(words)
    made.setToolTip(tip)
    if then is not None:
        made.clicked.connect(then)
    if narrow:
        made.setStyleSheet("QPushButton { padding: 3px 3px; }")
    return made


def check_box(words: str, tip: str = "", checked: bool = False) -> QCheckBox:
    """Return a box to check."""
    made = QCheckBox(words)
    made.setToolTip(tip)
    made.setChecked(checked)
    return made


def number_box(
    low: float, high: float, decimals: int, step: float, suffix: str = "", tip: str = ""
) -> QDoubleSpinBox:
    """Return a field for a number, which is heard of once it is typed in full."""
    made = QDoubleSpinBox()
    made.setRange(low, high)
    made.setDecimals(decimals)
    made.setSingleStep(step)
    made.setSuffix(suffix)
    made.setToolTip(tip)
    made.setKeyboardTracking(False)  # else a first digit is taken for the whole
    return made
