"""Save maps, the table of channels, and what is seen."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtWidgets import QFileDialog, QWidget

from motorscope.engine import Failure
from motorscope.engine.question import Runner
from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.channels.controller import ChannelsController
from motorscope.plugin.encoder.save.saving import savable, save_figure, save_table
from motorscope.plugin.layers.source import path_of
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import in_column, in_row
from motorscope.plugin.qt.making import button
from motorscope.plugin.qt.parts import StatusLine

_MAPS = "MRC (*.mrc);;OME-Zarr (*.zarr)"
_FIGURES = "PNG (*.png);;SVG (*.svg)"


class SavingControls(QWidget):
    """Which map to save, and buttons for it, for the table, and for a figure."""

    def __init__(
        self, channels: ChannelsController, runner: Runner, status: StatusLine, ends: ExitStack
    ) -> None:
        super().__init__()
        self._channels, self._runner, self._status = channels, runner, status
        self._encoder = channels.encoder
        self.map = ChoiceBox("The map to save; those that are visible come first.")
        self.map.setPlaceholderText("no map yet")
        self._wanted = ""
        tip = "Save the map as MRC or OME-Zarr, in its place in the tomogram."
        self.buttons = {"Map…": button("Map…", tip, self._map)}
        self.buttons["Table…"] = button("Table…", "Save the table of channels as CSV.", self._table)
        self.buttons["Figure…"] = button(
            "Figure…",
            "Save what is seen as PNG or SVG, with a scale bar, and with slice, maps,\n"
            "contrast and model below.",
            self._figure,
        )
        in_column(self, self.map, in_row(*self.buttons.values(), wide=-1))
        self.map.textActivated.connect(self._on_wanted)
        listen(ends, channels.changed, self.refresh)
        listen(ends, self._encoder.changed, self.refresh)
        listen(ends, self._encoder.tomograms.changed, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what can be saved; the map that was chosen stays so."""
        words = [each.words for each in savable(self._encoder)]
        if words != [self.map.itemText(row) for row in range(self.map.count())]:
            self.map.clear()
            self.map.addItems(words)
            self.map.setCurrentIndex(max(self.map.findText(self._wanted), 0) if words else -1)
        self.buttons["Map…"].setEnabled(bool(words))
        self.buttons["Table…"].setEnabled(len(self._channels.table) > 0)
        self.buttons["Figure…"].setEnabled(self._encoder.workspace.layer is not None)

    def save_map(self, path: Path) -> None:
        """Write the chosen map, in a thread."""
        wanted = self.map.currentText()
        chosen = next(each for each in savable(self._encoder) if each.words == wanted)
        self._status.say(f"Saving {path.name}…")
        self._runner.start(chosen.save, path, on_result=self._on_saved)

    def save_figure(self, path: Path) -> None:
        """Write what is seen."""
        viewer: Any = self._encoder.workspace.viewer
        picture = np.asarray(viewer.screenshot(canvas_only=True, flash=False))[..., :3]
        self._say(lambda: save_figure(self._encoder, picture, self.devicePixelRatioF(), path))

    def _on_wanted(self, words: str) -> None:
        self._wanted = words

    def _map(self) -> None:
        path = self._ask("Save a map", _MAPS)
        if path is not None:
            self._status.guard(lambda: self.save_map(path))

    def _table(self) -> None:
        path = self._ask("Save the channels", "CSV (*.csv)")
        if path is not None:
            self._say(lambda: save_table(self._channels.table, path))

    def _figure(self) -> None:
        path = self._ask("Save a figure", _FIGURES)
        if path is not None:
            self._status.guard(lambda: self.save_figure(path))

    def _say(self, action: Callable[[], str]) -> None:
        words = self._status.guard(action)
        if words:
            self._status.say(words)

    def _ask(self, title: str, kinds: str) -> Path | None:
        """Return the path that a person chooses; it gets the suffix of the kind if it has none."""
        layer = self._encoder.workspace.layer
        known = None if layer is None else path_of(layer)
        folder = "" if known is None else str(known.absolute().parent)
        name, kind = QFileDialog.getSaveFileName(self, title, folder, kinds)
        if not name:
            return None
        path = Path(name)
        if path.suffix:
            return path
        path = path.with_suffix(kind.partition("*")[2].rstrip(")"))
        if path.exists():  # nobody was asked about this one
            self._status.warn(f"{path} exists already; name it in full to replace it.")
            return None
        return path

    def _on_saved(self, result: str | Failure | None) -> None:
        if isinstance(result, Failure):
            self._status.warn(result.text)
        elif result is not None:
            self._status.say(result)
