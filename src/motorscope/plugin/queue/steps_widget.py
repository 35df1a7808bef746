"""The way from one tomogram of a queue to the next, and its marks: buttons with their keys."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from napari.components import ViewerModel
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QWidget

from motorscope.plugin.connections import bind_keys
from motorscope.plugin.qt.layouts import NONE, in_column
from motorscope.plugin.qt.making import button, check_box
from motorscope.plugin.qt.parts import Hint
from motorscope.review.worklist import Entry

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


class StepControls(QWidget):
    """Previous, next, reviewed, no motor.

    Signals
    -------
    pressed
        Emitted with a name of `KEYS`, or ``"unmark"``, ``"below"`` or ``"undo"``.
    """

    pressed = Signal(str)

    def __init__(self, viewer: ViewerModel, ends: ExitStack) -> None:
        super().__init__()
        self.buttons: dict[str, QPushButton] = {}
        for name, (words, tip) in _BUTTONS.items():
            self.buttons[name] = button(words, tip, partial(self._press, name), narrow=True)
        tip = "Marking the open tomogram opens the next one of the list."
        self.go_on = check_box("Then open the next", tip, checked=True)
        grid = QGridLayout()
        grid.setSpacing(3)
        grid.addWidget(self.buttons["previous"], 0, 0, 1, 3)
        grid.addWidget(self.buttons["next"], 0, 3, 1, 3)
        for place, name in enumerate(("reviewed", "no motor", "unmark")):
            grid.addWidget(self.buttons[name], 1, 2 * place, 1, 2)
        for place, name in enumerate(("below", "undo")):
            grid.addWidget(self.buttons[name], 2, 3 * place, 1, 3)
        self.target = Hint()
        in_column(self, grid, self.target, self.go_on, around=NONE, spacing=4)
        bind_keys(ends, viewer, {key: self._on_key(name) for name, key in KEYS.items()})

    def update_buttons(
        self, listed: bool, targets: Sequence[Entry], current: Entry | None, can_undo: bool
    ) -> None:
        """Enable what can be pressed, and say what is marked where that is a surprise.

        Parameters
        ----------
        listed, can_undo
            Whether there are tomograms to go to, and a mark to take back.
        targets, current
            The tomograms that marks are for, and the one that is open.
        """
        enabled = {"previous", "next", "below"} if listed else set()
        enabled |= {"reviewed", "no motor"} if targets else set()
        enabled |= {"undo"} if can_undo else set()
        if any(entry.summary.record.reviewed for entry in targets):
            enabled.add("unmark")
        for name, each in self.buttons.items():
            each.setEnabled(name in enabled)
        self.target.setText(_surprise(targets, current))

    def _press(self, name: str, *_: object) -> None:
        self.pressed.emit(name)

    def _on_key(self, name: str) -> Callable[[ViewerModel], None]:
        return lambda _: self.pressed.emit(name)


def _surprise(targets: Sequence[Entry], current: Entry | None) -> str:
    """Return which tomograms marks are for, where it is not the open one alone."""
    if len(targets) > 1:
        return f"Marks are for the {len(targets)} selected tomograms."
    if targets and current is not None and targets[0].path != current.path:
        return f"Marks are for {targets[0].name}, which is selected, not for {current.name}."
    return ""
