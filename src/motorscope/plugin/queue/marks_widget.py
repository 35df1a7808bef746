"""What a person is asked before several tomograms of a queue are marked."""

from collections.abc import Sequence

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QMessageBox, QWidget

from motorscope.plugin.qt.making import number_box
from motorscope.plugin.qt.parts import Hint
from motorscope.review import Mark
from motorscope.review.summary import THRESHOLD
from motorscope.review.worklist import NO_MOTOR, Entry
from motorscope.review.worklist.candidates import threshold_of
from motorscope.review.worklist.marks import empty_below, state_of
from motorscope.words import counted


def is_sure(parent: QWidget, entries: Sequence[Entry], mark: Mark | None) -> bool:
    """Ask a person whether these tomograms shall have a mark."""
    state = state_of(mark)
    what = entries[0].name if len(entries) == 1 else f"{len(entries)} tomograms"
    text = f"Mark {what} as {state}?"
    undecided = sum(entry.summary.undecided for entry in entries)
    if state == NO_MOTOR and undecided:
        text += f" {counted(undecided, 'candidate')} that nobody has decided on would be rejected."
    answer = QMessageBox.question(parent, "Motorscope", text)
    return bool(answer == QMessageBox.StandardButton.Yes)


class BelowDialog(QDialog):
    """Asks for a score; tells how many tomograms have no candidate that reaches it."""

    def __init__(self, parent: QWidget, entries: Sequence[Entry]) -> None:
        super().__init__(parent)
        self.setWindowTitle("No motor below a score")
        self._entries = entries
        self.score = number_box(0.0, 1.0, 3, 0.01)
        self.score.setKeyboardTracking(True)  # the count below follows each digit
        thresholds = (threshold_of(each.summary) for each in entries)
        self.score.setValue(min(thresholds, default=THRESHOLD))
        self.hint = Hint()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        form = QFormLayout(self)
        form.addRow("Best candidate below", self.score)
        form.addRow(self.hint)
        form.addRow(self.buttons)
        self.setMinimumWidth(380)
        self.score.valueChanged.connect(self._count)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._count()

    def chosen(self) -> list[Entry]:
        """Return the tomograms that are to be reviewed, and seem to have no motor."""
        return empty_below(self._entries, self.score.value())

    def _count(self) -> None:
        chosen = self.chosen()
        words = (
            f"{len(chosen)} of the {counted(len(self._entries), 'tomogram')} in the list: to be "
            "reviewed, none accepted, no candidate with this score."
        )
        undecided = sum(entry.summary.undecided for entry in chosen)
        if undecided:
            words += f" {counted(undecided, 'candidate')} above the threshold would be rejected."
        self.hint.setText(words)
        self.ok.setText(f"Mark {len(chosen)} as no motor")
        self.ok.setEnabled(bool(chosen))


def ask_below(parent: QWidget, entries: Sequence[Entry]) -> list[Entry]:
    """Ask a person up to which score tomograms have no motor; return none if they cancel."""
    dialog = BelowDialog(parent, entries)
    taken = bool(dialog.exec())
    dialog.deleteLater()
    return dialog.chosen() if taken else []
