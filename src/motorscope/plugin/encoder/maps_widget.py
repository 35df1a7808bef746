"""Which stage is looked at, and what of it."""

from contextlib import ExitStack

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QLabel, QSlider, QWidget
from superqt.utils import signals_blocked

from motorscope.plugin.connections import listen
from motorscope.plugin.detect.model_widget import FILES
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.encoder.maps.pictures import OVERVIEWS
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import in_form, in_row
from motorscope.plugin.qt.making import button
from motorscope.plugin.qt.parts import Hint, JobBar, StatusLine
from motorscope.plugin.workspace import IN_VIEW, WHOLE

CHANNEL = "channel"


class MapsControls(QWidget):
    """Stage, region, and which of the stage's maps is shown."""

    def __init__(self, encoder: EncoderController, status: StatusLine, ends: ExitStack) -> None:
        super().__init__()
        self._encoder, self._status = encoder, status
        self.model = ChoiceBox("The network to look into: a detector, or an encoder alone.")
        self.file = button(
            "File…",
            "Open a model, or an encoder with pretrained weights and no detector.",
            self._on_file,
        )
        self.stage = ChoiceBox(
            "Deeper stages have more channels, larger voxels and see more around them.\n"
            "Those that were computed before are shown at once."
        )
        self.facts = Hint()
        self.region = ChoiceBox(
            "In view: the visible rectangle, and 100 nm to each side of the slice.",
            [("the whole tomogram", WHOLE), ("what is in view", IN_VIEW)],
        )
        self.job = JobBar("Compute maps", "Compute the stage's maps; they are kept on disk.")
        overviews = [(words, name) for name, words in OVERVIEWS.items()]
        self.shown = ChoiceBox(entries=[("one channel", CHANNEL), *overviews])
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setPageStep(1)
        self.slider.setToolTip("Go through the channels in the order of the table.")
        self.channel = QLabel()
        self.channel.setMinimumWidth(self.fontMetrics().horizontalAdvance("channel 0000"))
        self.keep = button(
            "Keep", "Keep this map as a layer of its own, beside the next one.", encoder.keep
        )
        self.colors = Hint()
        in_form(
            self,
            ("Model", in_row(self.model, self.file)),
            ("Stage", self.stage),
            self.facts,
            ("Of", self.region),
            self.job,
            ("Show", self.shown),
            in_row(self.slider, self.channel, self.keep),
            self.colors,
        )
        self.model.currentIndexChanged.connect(self._on_model)
        self.stage.currentIndexChanged.connect(self._on_stage)
        self.region.currentIndexChanged.connect(
            lambda: encoder.choose_region(self.region.currentData())
        )
        self.job.started.connect(self.start)
        self.job.follow(ends, encoder.opening, encoder.overview)
        self.shown.currentIndexChanged.connect(self._on_shown)
        self.slider.valueChanged.connect(encoder.step)
        listen(ends, encoder.changed, self.refresh)
        self.refresh()

    def start(self) -> None:
        """Begin to compute the chosen stage."""
        self._status.begin(self._encoder.compute)

    def refresh(self) -> None:
        """Show what is chosen."""
        encoder = self._encoder
        options, chosen = encoder.network.options, encoder.network.option
        with signals_blocked(self.model):
            self.model.fill((encoder.network.label(each), None) for each in options)
            self.model.setCurrentIndex(options.index(chosen) if chosen in options else -1)
        names = [fact.spec.name for fact in encoder.facts]
        with signals_blocked(self.stage), signals_blocked(self.shown), signals_blocked(self.slider):
            self.stage.fill((name, name) for name in names)
            self.stage.choose(encoder.stage)
            one = isinstance(encoder.shown, int)
            self.shown.choose(CHANNEL if one else encoder.shown)
            self.slider.setRange(0, max(len(encoder.channels) - 1, 0))
            if encoder.shown in encoder.channels:
                self.slider.setValue(encoder.channels.index(encoder.shown))
        fact, there = encoder.fact, encoder.open_stage is not None
        self.stage.setEnabled(bool(names))
        seconds = None if fact is None else encoder.stages.seconds(fact)
        self.facts.setText("" if fact is None else fact.in_words(seconds))
        self.job.button.setEnabled(fact is not None and not (there and encoder.region == WHOLE))
        self.shown.setEnabled(there)
        self.slider.setEnabled(there and one)
        self.channel.setText(f"channel {encoder.shown}" if there and one else "")
        self.keep.setEnabled(encoder.layer is not None)
        pca = encoder.shown == "pca"
        colors = encoder.pictures.known(encoder.open_stage, "pca") if pca else None
        self.colors.setText("" if colors is None else colors.in_words)

    def _on_model(self, row: int) -> None:
        if row >= 0:
            self._encoder.network.choose(self._encoder.network.options[row])

    def _on_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a model or an encoder", "", FILES)
        if path:
            self._status.say("")
            self._encoder.network.open_file(path)

    def _on_stage(self, row: int) -> None:
        if row >= 0:
            self.job.notice.setText("")
            self._encoder.choose_stage(self.stage.currentData())

    def _on_shown(self) -> None:
        name, encoder = self.shown.currentData(), self._encoder
        encoder.show(encoder.last_channel if name == CHANNEL else name)
