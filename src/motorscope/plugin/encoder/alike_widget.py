"""Find what looks like the selected picks."""

from contextlib import ExitStack

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.alike import AlikeController
from motorscope.plugin.qt.parts import Hint, StatusLine


class AlikeControls(QWidget):
    """A button that looks for what is like the examples, and what was found."""

    def __init__(self, controller: AlikeController, status: StatusLine, ends: ExitStack) -> None:
        super().__init__()
        self._controller, self._status = controller, status
        self.find = QPushButton("Find alike")
        self.find.setToolTip(
            "Find what looks to the open stage like the selected picks,\n"
            "or like all accepted ones. What is found comes into the review;\n"
            "accepting and rejecting refines it at once."
        )
        self.stop = QPushButton("Stop refining")
        self.stop.setToolTip("Decisions no longer change what was found.")
        self.words = Hint()
        row = QHBoxLayout()
        row.addWidget(self.find, 1)
        row.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 0, 6, 4)
        column.addLayout(row)
        column.addWidget(self.words)
        self.find.clicked.connect(self.start)
        self.stop.clicked.connect(controller.stop)
        listen(ends, controller.changed, self.refresh)
        listen(ends, controller.asking.busy_changed, self.refresh)
        listen(ends, controller.encoder.changed, self.refresh)
        self.refresh()

    def start(self) -> None:
        """Begin to look."""
        self._status.say("")
        self._status.guard(self._controller.find)

    def refresh(self, *_: object) -> None:
        """Show what can be done, and what was found."""
        controller = self._controller
        self.find.setEnabled(controller.encoder.open_stage is not None)
        self.stop.setVisible(controller.looking)
        self.words.setText("Looking…" if controller.asking.busy else controller.words)
