"""The encoder's dock: composition of its groups."""

from napari.components import ViewerModel
from qtpy.QtCore import QSize

from motorscope.plugin.connections import listen
from motorscope.plugin.detect.models import look_for_models
from motorscope.plugin.encoder.channels.controller import ChannelsController
from motorscope.plugin.encoder.channels.probe import ProbeController
from motorscope.plugin.encoder.channels.probe_widget import ProbeControls
from motorscope.plugin.encoder.channels.widget import ChannelsControls
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.encoder.maps_widget import MapsControls
from motorscope.plugin.encoder.questions.alike import AlikeController
from motorscope.plugin.encoder.questions.alike_widget import AlikeControls
from motorscope.plugin.encoder.questions.second_model import SecondModelController
from motorscope.plugin.encoder.questions.second_model_widget import SecondModelControls
from motorscope.plugin.encoder.questions.why import WhyController
from motorscope.plugin.encoder.questions.why_widget import WhyControls
from motorscope.plugin.encoder.save.saving_widget import SavingControls
from motorscope.plugin.layers.source import tomogram_name
from motorscope.plugin.qt.controls import mind_wheel_and_keys
from motorscope.plugin.qt.dock import Dock
from motorscope.plugin.qt.layouts import in_dock
from motorscope.plugin.qt.parts import AMBER, Hint, Section, StatusLine
from motorscope.plugin.review.commands import serve_reviews


class EncoderWidget(Dock):
    """Look at what the network sees, and ask it why."""

    tall = True

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        workspace = self.workspace
        serve_reviews(workspace)
        self.status = StatusLine()
        self.encoder = EncoderController(workspace, self.new_runner)
        self.ends.callback(self.encoder.close)
        listen(self.ends, self.encoder.failed, self._on_failed)
        self.channels = ChannelsController(self.encoder, self.new_runner)
        self.ends.callback(self.channels.close)
        self.why = WhyController(workspace, self.new_runner)
        self.ends.callback(self.why.close)
        listen(self.ends, self.why.failed, self._on_failed)
        self.alike = AlikeController(self.encoder, self.new_runner)
        self.ends.callback(self.alike.close)
        self.second = SecondModelController(self.encoder, self.new_runner)
        self.ends.callback(self.second.close)
        self.probe = ProbeController(self.channels)
        self.ends.callback(self.probe.close)
        self.about, self.problem = Hint(), Hint(AMBER)
        self.maps = MapsControls(self.encoder, self.status, self.ends)
        self.table = ChannelsControls(self.channels, self.status, self.ends)
        self.reasons = WhyControls(self.why, self.status, self.ends)
        self.likeness = AlikeControls(self.alike, self.status, self.ends)
        self.profile = ProbeControls(self.probe, self.ends)
        self.versus = SecondModelControls(self.second, self.status, self.ends)
        self.saving = SavingControls(self.channels, self.new_runner(), self.status, self.ends)
        self._lay_out()
        listen(self.ends, self.encoder.changed, self._refresh)
        self._refresh()
        if not workspace.options:
            look_for_models(workspace, self.new_runner(), self.status.warn)
        mind_wheel_and_keys(self)

    def sizeHint(self) -> QSize:
        """Wide enough for every label, and for the dock's title."""
        return QSize(380, 640)

    def _lay_out(self) -> None:
        groups = (
            ("Maps", self.maps),
            ("Channels", self.table),
            ("Profile", self.profile),
            ("Why here", self.reasons),
            ("Find alike", self.likeness),
            ("Compare models", self.versus),
            ("Save", self.saving),
        )
        sections = [Section(title, group) for title, group in groups]
        in_dock(self, [self.about, self.problem, *sections], [self.status])

    def _refresh(self) -> None:
        workspace = self.workspace
        layer, option = workspace.layer, self.encoder.network.option
        names = [] if layer is None else [tomogram_name(layer)]
        names += [] if option is None else [f"seen by {self.encoder.network.label(option)}"]
        self.about.setText(", ".join(names))
        self.problem.setText(self.encoder.network.problem)
        # An encoder alone has no score to explain.
        self.reasons.setEnabled(self.encoder.network.bare is None)

    def _on_failed(self, text: str) -> None:
        if text == "Cancelled.":
            self.status.say(text)
        else:
            self.status.warn(text)
