"""All motors as pictures, side by side: click to go there, keys to decide on many at once."""

from contextlib import ExitStack
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QRect, QSize, QTimer, Signal
from qtpy.QtGui import QColor, QPainter, QPixmap
from qtpy.QtWidgets import QLabel

from motorscope.plugin.connections import listen
from motorscope.plugin.layers.kinds import STATUS_COLOURS
from motorscope.plugin.layers.looks import label
from motorscope.plugin.qt.dock import Dock
from motorscope.plugin.qt.layouts import in_column
from motorscope.plugin.review.closeups_widget import draw_tile, follow_appearance, picture_of
from motorscope.plugin.review.commands import serve_reviews
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.wall_view import TileWall
from motorscope.review import Review
from motorscope.review.actions import key_of

PIXELS = 112
_AT_ONCE = 4  # pictures that are made before the window is served again
_KEPT = 1000  # pictures: some 50 MB


class Pictures(QObject):
    """Pictures of places in a tomogram, made when the window has time, after they were asked for.

    Signals
    -------
    made
        Emitted when there are new ones.
    """

    made = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._layer: Layer | None = None
        self._following = ExitStack()
        self._pictures: dict[bytes, QPixmap] = {}
        self._wanted: dict[bytes, NDArray[np.float64]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._make_some)

    def set_layer(self, layer: Layer | None) -> None:
        """Make pictures of another tomogram, and follow its contrast and colours."""
        self._following.close()
        self._layer = layer
        follow_appearance(self._following, layer, self.forget)
        self.forget()

    def let_go(self) -> None:
        """Stop following the tomogram's layer."""
        self.set_layer(None)

    def forget(self, event: Any = None) -> None:
        """Make all pictures anew."""
        self._pictures.clear()
        self._wanted.clear()
        self.made.emit()

    def of(self, place: NDArray[np.float64]) -> QPixmap | None:
        """Return the picture of a place (z, y, x) in Å, or ``None`` while it is being made."""
        key = place.tobytes()
        picture = self._pictures.get(key)
        if picture is None and self._layer is not None:
            self._wanted[key] = place
            self._timer.start()
        return picture

    def forget_wishes(self) -> None:
        """Make no pictures of what was asked for until now."""
        self._wanted.clear()

    def _make_some(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._wanted))):
            key = next(iter(self._wanted))
            place = self._wanted.pop(key)
            if self._layer is not None:
                self._pictures[key] = picture_of(self._layer, place, pixels=PIXELS)
        while len(self._pictures) > _KEPT:
            del self._pictures[next(iter(self._pictures))]  # the oldest
        self.made.emit()
        if not self._wanted:
            self._timer.stop()


class GalleryWidget(Dock):
    """Pictures of the motors that are shown, sorted by score, of the chosen tomogram."""

    low = True

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        self._reviews = ReviewController.of(self.workspace)
        serve_reviews(self.workspace)
        self._following = ExitStack()
        self.ends.callback(self._following.close)
        self._review: Review | None = None
        self._rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self.ids: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.pictures = Pictures()
        self.tiles = TileWall(PIXELS, self._draw)
        self.title = QLabel()
        in_column(self, self.title, self.tiles, around=(2, 2, 2, 2)).setStretch(1, 1)
        self.tiles.chosen.connect(self._on_chosen)
        self.pictures.made.connect(self.tiles.viewport().update)
        listen(self.ends, self.workspace.events.current, self._follow)
        listen(self.ends, self._reviews.changed, self._on_review)
        self.ends.callback(self.pictures.let_go)
        self._follow()

    def sizeHint(self) -> QSize:
        """Room for a few pictures."""
        return QSize(3 * (PIXELS + 8) + 24, int(1.3 * (PIXELS + 8)) + 30)

    def refresh(self) -> None:
        """Show the picks as they are."""
        review = self._review
        if review is None:
            self.title.setText("Nothing to show yet: find motors, or add some.")
            self.ids = np.empty(0, dtype=np.int64)
        else:
            keys = ", ".join(f"{key_of(name)} {name}" for name in ("accept", "reject"))
            self.title.setText(f"{review.name}: {review.counts()}. Keys: {keys}")
            self.ids = review.listed("score")
            self._rows = review.table.rows_of(self.ids)
        self._show_selection()

    def _draw(self, painter: QPainter, square: QRect, number: int) -> None:
        """Draw a picture with its score, in a frame with the colour of its status."""
        review = self._review
        if review is None:
            return
        table, row = review.table, self._rows[number]
        picture = self.pictures.of(table.positions[row])
        words = label(table.scores[row]) or "added"
        draw_tile(painter, square, picture, words, QColor(STATUS_COLOURS[table.statuses[row]]))

    def _on_review(self, layer_id: str) -> None:
        if layer_id == self.workspace.current:
            self._follow()

    def _follow(self) -> None:
        """Show the review of the chosen tomogram, and listen to no other."""
        layer = self.workspace.layer
        review = self._reviews.review(layer)
        if review is not self._review:
            self._following.close()
            self._review = review
            if review is not None:
                listen(self._following, review.selection_changed, self._show_selection)
            self.pictures.set_layer(None if review is None else layer)
        self.refresh()

    def _show_selection(self) -> None:
        selected = () if self._review is None else self._review.selected
        chosen = np.flatnonzero(np.isin(self.ids, selected)).tolist()
        self.pictures.forget_wishes()  # what is in view will be asked for again
        self.tiles.show_tiles(len(self.ids), chosen)

    def _on_chosen(self, numbers: list[int]) -> None:
        if self._review is not None:
            self._review.choose(self.ids[numbers].tolist())
