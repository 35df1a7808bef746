"""Which folder or list of tomograms a queue is of, and which of them are listed."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QLineEdit, QWidget

from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import NONE, in_column, in_row
from motorscope.plugin.qt.making import button
from motorscope.review.worklist import STATUSES, Entry, Worklist
from motorscope.tomogram.formats import titles


class ListControls(QWidget):
    """Buttons that open a folder, a list, or the gallery of all candidates; a filter; an order.

    Signals
    -------
    opened
        Emitted with the path of a folder or a list that a person chose.
    changed
        Emitted when other tomograms are to be listed, or in another order.
    """

    opened = Signal(object)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._order, self._backwards = "name", False
        self.folder = button(
            "Open folder…",
            f"A folder of tomograms ({titles()}),\nor of sub-folders with TIFF stacks.",
            self._on_folder,
            narrow=True,
        )
        tip = "A text file with the path of a tomogram on each line."
        self.list = button("Open list…", tip, self._on_list, narrow=True)
        self.all = button(
            "Candidates…",
            "The candidates of all tomograms of the list side by side: decide on many at once.",
            narrow=True,
        )
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name")
        self.filter.setClearButtonEnabled(True)
        states = [("all", ""), *((status, status) for status in STATUSES)]
        self.state = ChoiceBox("Only tomograms in this state.", states)
        narrow = in_row(self.filter, self.state, spacing=3)
        narrow.setStretch(0, 2)
        narrow.setStretch(1, 1)
        source = in_row(self.folder, self.list, self.all, wide=-1, spacing=3)
        in_column(self, source, narrow, around=NONE, spacing=4)
        self.filter.textChanged.connect(lambda: self.changed.emit())
        self.state.currentIndexChanged.connect(lambda: self.changed.emit())

    def listed(self, queue: Worklist) -> list[Entry]:
        """Return the tomograms of a queue that are to be listed, in their order."""
        return queue.listed(
            self.filter.text(), self.state.currentData(), self._order, self._backwards
        )

    def set_order(self, order: str, backwards: bool) -> None:
        """List in another order."""
        self._order, self._backwards = order, backwards
        self.changed.emit()

    def _on_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a folder of tomograms")
        if path:
            self.opened.emit(Path(path))

    def _on_list(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open a list of tomograms", "", "Lists (*.txt *.lst *.list);;All files (*)"
        )
        if path:
            self.opened.emit(Path(path))
