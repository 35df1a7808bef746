"""Where one is in the list, and a field for a note on what is selected."""

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QLabel, QLineEdit, QWidget

from motorscope.plugin.layers.looks import label
from motorscope.plugin.qt.layouts import NONE, in_column, in_row
from motorscope.review import Review


class NoteLine(QWidget):
    """The number and the score of the current motor, and the note of the selected ones."""

    def __init__(self) -> None:
        super().__init__()
        self._review: Review | None = None
        self._selected: tuple[int, ...] = ()
        self.place = QLabel()
        self.field = _Field()
        self.field.setToolTip(
            "A note on the selected motors; Enter keeps it. It goes into the CSV, column note."
        )
        in_column(self, in_row(self.place, self.field, wide=1), around=NONE)
        self.field.editingFinished.connect(self._on_edited)

    def show_review(self, review: Review | None) -> None:
        """Show what is selected in a review."""
        self._review = review
        self._selected = () if review is None else review.selected
        self.field.setEnabled(bool(self._selected))
        notes = set[str]()
        if review is not None and self._selected:
            notes = set(review.notes(self._selected))
        self.field.show_text(notes.pop() if len(notes) == 1 else "")
        self.field.setPlaceholderText("several notes" if notes else "note")
        self.place.setText("" if review is None else _place(review))

    def _on_edited(self) -> None:
        text = self.field.text().strip()
        if self._review is not None and text != self.field.shown:
            self.field.shown = text
            self._review.annotate(self._review.existing(self._selected), text)


class _Field(QLineEdit):
    """A field in which Escape takes back what was typed."""

    shown = ""

    def show_text(self, text: str) -> None:
        """Show a text, unless it is there: then what is being typed stays."""
        if text != self.shown or not self.hasFocus():
            self.shown = text
            self.setText(text)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Take back what was typed at Escape."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.setText(self.shown)
        super().keyPressEvent(event)


def _place(review: Review) -> str:
    """Return which of the motors in the list is the current one, and its score."""
    if len(review.selected) > 1:
        return f"{len(review.selected)} selected"
    if review.current is None:
        return ""
    listed = review.listed()
    score = float(review.table.scores[review.table.rows_of(review.current)[0]])
    words = label(score) or "added"
    where = np.flatnonzero(listed == review.current)
    return f"{where[0] + 1} of {len(listed)} · {words}" if len(where) else words
