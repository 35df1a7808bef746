"""Find what looks like the selected picks."""

from contextlib import ExitStack
from typing import Any

from qtpy.QtWidgets import QWidget

from motorscope.errors import PicksError
from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.questions.alike import AlikeController
from motorscope.plugin.qt.dock import QUEUE, find_dock
from motorscope.plugin.qt.layouts import in_column, in_row
from motorscope.plugin.qt.making import button
from motorscope.plugin.qt.parts import Hint, StatusLine


class AlikeControls(QWidget):
    """A button that looks for what is like the examples, and what was found."""

    def __init__(self, controller: AlikeController, status: StatusLine, ends: ExitStack) -> None:
        super().__init__()
        self._controller, self._status = controller, status
        self.find = button(
            "Find alike",
            "Find what looks to the open stage like the selected picks,\n"
            "or like all accepted ones. What is found comes into the review;\n"
            "accepting and rejecting refines it at once.",
            self.start,
        )
        self.elsewhere = button(
            "In decoder2",
            "Find alike in the stage that knows most about motors, computing it if need be.",
            lambda: status.begin(controller.find_elsewhere),
        )
        self.stop = button(
            "Stop refining", "Decisions no longer change what was found.", controller.stop
        )
        self.queue = button(
            "Find in the queue",
            "Look for the same in the queue's selected tomograms, or in all of them.\n"
            "What is found comes into their reviews; maps of the stage are kept on disk.",
            lambda: status.guard(self.find_in_queue),
        )
        self.words = Hint()
        in_column(self, in_row(self.find, self.elsewhere, self.stop), self.queue, self.words)
        listen(ends, controller.changed, self.refresh)
        listen(ends, controller.asking.busy_changed, self.refresh)
        listen(ends, controller.encoder.changed, self.refresh)
        self.refresh()

    def start(self) -> None:
        """Begin to look."""
        self._status.begin(self._controller.find)

    def find_in_queue(self) -> None:
        """Begin to look in the tomograms of the queue.

        Raises
        ------
        MotorscopeError
            If there is no queue, or nothing to look for.
        """
        queue: Any = find_dock(self._controller.workspace.viewer, QUEUE)
        if queue is None:
            raise PicksError("Open the queue first: Plugins › Motorscope › Motorscope queue.")
        queue.search.find_alike(self._controller.like())
        self._status.say("Looking in the queue; its dock says how far it is.")

    def refresh(self, *_: object) -> None:
        """Show what can be done, and what was found."""
        controller = self._controller
        self.find.setEnabled(controller.encoder.open_stage is not None)
        self.elsewhere.setVisible(controller.elsewhere is not None)
        self.elsewhere.setText(f"In {controller.elsewhere}")
        self.stop.setVisible(controller.looking)
        self.queue.setVisible(controller.looking)
        self.words.setText("Looking…" if controller.asking.busy else controller.words)
