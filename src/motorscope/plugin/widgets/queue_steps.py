"""The way from one tomogram of a queue to the next: buttons with their keys."""

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QPushButton, QVBoxLayout, QWidget

from motorscope.plugin.queue import Entry

KEYS = {"previous": "PageUp", "next": "PageDown", "reviewed": "F", "no motor": "Shift-F"}
"""Names of what can be pressed, and their keys in the viewer."""

_BUTTONS = {
    "previous": ("◀ Previous PgUp", "Open the tomogram before in the list."),
    "next": ("Next PgDn ▶", "Open the next tomogram of the list; it is read ahead."),
    "reviewed": ("Reviewed F", "Keep that the open tomogram is reviewed."),
    "no motor": (
        "No motor ⇧F",
        "Keep that the open tomogram was reviewed and has no motor:\n"
        "candidates that are still to be decided are rejected.",
    ),
    "unmark": ("Not yet", "Take back the mark: the open tomogram is to be reviewed."),
}
_PADDING = "QPushButton { padding: 3px 4px; }"


class StepControls(QWidget):
    """Previous, next, reviewed, no motor.

    Signals
    -------
    pressed
        Emitted with a name of `KEYS`, or ``"unmark"``.
    """

    pressed = Signal(str)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self.bound: list[str] = []
        self.buttons: dict[str, QPushButton] = {}
        for name, (words, tip) in _BUTTONS.items():
            button = self.buttons[name] = QPushButton(words)
            button.setToolTip(tip)
            button.setStyleSheet(_PADDING)
            button.clicked.connect(partial(self._press, name))
        self.go_on = QCheckBox("Then open the next")
        self.go_on.setChecked(True)
        self.go_on.setToolTip("Marking a tomogram as reviewed opens the next one of the list.")
        grid = QGridLayout()
        grid.setSpacing(3)
        grid.addWidget(self.buttons["previous"], 0, 0, 1, 3)
        grid.addWidget(self.buttons["next"], 0, 3, 1, 3)
        for place, name in enumerate(("reviewed", "no motor", "unmark")):
            grid.addWidget(self.buttons[name], 1, 2 * place, 1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(grid)
        column.addWidget(self.go_on)

    def bind(self) -> None:
        """Bind the keys in the viewer; a key that somebody has bound there already stays theirs."""
        for name, key in KEYS.items():
            try:
                self._viewer.bind_key(key, _on_key(partial(self._press, name)))
            except ValueError:
                continue
            self.bound.append(key)

    def update_buttons(self, listed: bool, current: Entry | None) -> None:
        """Enable what makes sense: with tomograms in the list or none, and the one that is open."""
        for name, button in self.buttons.items():
            button.setEnabled(listed if name in ("previous", "next") else current is not None)
        reviewed = current is not None and bool(current.summary.remarks.get("reviewed"))
        self.buttons["unmark"].setEnabled(reviewed)

    def _press(self, name: str, *_: object) -> None:
        self.pressed.emit(name)


def _on_key(action: Callable[[], None]) -> Callable[[Any], None]:
    return lambda _: action()
