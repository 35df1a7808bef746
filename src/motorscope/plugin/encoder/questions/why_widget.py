"""Which way to explain the current pick, and what came of it."""

from contextlib import ExitStack

from qtpy.QtWidgets import QWidget
from superqt.utils import signals_blocked

from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.questions.why import WhyController
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import in_form
from motorscope.plugin.qt.parts import AMBER, Hint, JobBar, StatusLine


class WhyControls(QWidget):
    """Method, and a button that explains the current pick."""

    def __init__(self, controller: WhyController, status: StatusLine, ends: ExitStack) -> None:
        super().__init__()
        self._controller, self._status = controller, status
        self.method = ChoiceBox("How the network's answer is explained.")
        self.shows = Hint()
        self.missing = Hint(AMBER)
        self.job = JobBar(
            "Explain this motor",
            "Show what in the tomogram speaks for a motor at the current pick (orange)\n"
            "and what speaks against one (blue).",
        )
        self.words = Hint()
        in_form(self, ("By", self.method), self.shows, self.missing, self.job, self.words)
        self.method.currentIndexChanged.connect(self._on_method)
        self.job.started.connect(self.start)
        self.job.follow(ends, controller.asking)
        listen(ends, controller.changed, self.refresh)
        self.refresh()

    def start(self) -> None:
        """Begin to explain."""
        self.words.setText("")
        self._status.begin(self._controller.explain)

    def refresh(self) -> None:
        """Show what is chosen, and what was found."""
        controller = self._controller
        with signals_blocked(self.method):
            self.method.fill((each.label, each.name) for each in controller.methods)
            self.method.choose(controller.method)
        chosen = controller.chosen
        self.shows.setText("" if chosen is None else chosen.shows)
        self.missing.setText("" if chosen is None else chosen.missing)
        self.job.button.setEnabled(chosen is not None and not chosen.missing)
        self.words.setText(controller.words)

    def _on_method(self) -> None:
        if self.method.currentData():
            self._controller.choose(self.method.currentData())
