"""The way from one tomogram of a queue to the next, and its marks: buttons with their keys."""

from collections.abc import Callable, Container
from functools import partial
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QPushButton, QVBoxLayout, QWidget

from motorscope.plugin.qt.parts import Hint

KEYS = {"previous": "PageUp", "next": "PageDown", "reviewed": "F", "no motor": "Shift-F"}
"""Names of what can be pressed, and their keys in the viewer."""

_BUTTONS = {
    "previous": ("◀ Previous PgUp", "Open the tomogram before in the list."),
    "next": ("Next PgDn ▶", "Open the next tomogram of the list; it is read ahead."),
    "reviewed": ("Reviewed F", "Keep that the selected tomograms are reviewed."),
    "no motor": (
        "No motor ⇧F",
        "Keep that the selected tomograms were reviewed and have no motor:\n"
        "candidates that are still to be decided are rejected.",
    ),
    "unmark": ("Not yet", "The selected tomograms are to be reviewed after all."),
    "below": (
        "No motor below…",
        "Mark all tomograms of the list whose best candidate scores below a value.",
    ),
    "undo": (
        "Undo mark",
        "Take the last mark back, from all that got it, with the rejections that came with it.",
    ),
}
_PADDING = "QPushButton { padding: 3px 4px; }"


class StepControls(QWidget):
    """Previous, next, reviewed, no motor.

    Signals
    -------
    pressed
        Emitted with a name of `KEYS`, or ``"unmark"``, ``"below"`` or ``"undo"``.
    """

    pressed = Signal(str)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._bound: list[str] = []
        self.buttons: dict[str, QPushButton] = {}
        for name, (words, tip) in _BUTTONS.items():
            button = self.buttons[name] = QPushButton(words)
            button.setToolTip(tip)
            button.setStyleSheet(_PADDING)
            button.clicked.connect(partial(self._press, name))
        self.go_on = QCheckBox("Then open the next")
        self.go_on.setChecked(True)
        self.go_on.setToolTip("Marking the open tomogram opens the next one of the list.")
        grid = QGridLayout()
        grid.setSpacing(3)
        grid.addWidget(self.buttons["previous"], 0, 0, 1, 3)
        grid.addWidget(self.buttons["next"], 0, 3, 1, 3)
        for place, name in enumerate(("reviewed", "no motor", "unmark")):
            grid.addWidget(self.buttons[name], 1, 2 * place, 1, 2)
        for place, name in enumerate(("below", "undo")):
            grid.addWidget(self.buttons[name], 2, 3 * place, 1, 3)
        self.target = Hint()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(grid)
        column.addWidget(self.target)
        column.addWidget(self.go_on)

    def bind(self) -> None:
        """Bind the keys in the viewer; a key that somebody has bound there already stays theirs."""
        for name, key in KEYS.items():
            try:
                self._viewer.bind_key(key, _on_key(partial(self._press, name)))
            except ValueError:
                continue
            self._bound.append(key)

    def unbind(self) -> None:
        """Give the keys back; doing so twice does no harm."""
        while self._bound:
            self._viewer.bind_key(self._bound.pop(), None)

    def update_buttons(self, enabled: Container[str], target: str = "") -> None:
        """Enable the buttons of these names, and say what they mark where that is a surprise."""
        for name, button in self.buttons.items():
            button.setEnabled(name in enabled)
        self.target.setText(target)

    def _press(self, name: str, *_: object) -> None:
        self.pressed.emit(name)


def _on_key(action: Callable[[], None]) -> Callable[[Any], None]:
    return lambda _: action()
