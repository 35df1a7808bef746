"""All candidates of a queue's tomograms as pictures, to be decided on without opening each."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QRect, QRectF, QSize, Qt, QTimer, Signal
from qtpy.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from qtpy.QtWidgets import QLabel, QSizePolicy

from motorscope.batch.reporting.gallery import Key, Picture, Wanted, picture_job, read_job
from motorscope.picks import STATUSES
from motorscope.plugin.connections import listen
from motorscope.plugin.layers.kinds import STATUS_COLOURS
from motorscope.plugin.layers.looks import label
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.controls import mind_wheel_and_keys
from motorscope.plugin.qt.dock import Dock
from motorscope.plugin.qt.layouts import in_column, in_row
from motorscope.plugin.qt.making import button
from motorscope.plugin.review.closeups_widget import draw_label, draw_tile
from motorscope.plugin.review.wall_view import TileWall
from motorscope.review.actions import key_of
from motorscope.review.worklist import Entry
from motorscope.review.worklist.candidates import Candidates, Shown, candidates_of, to_read
from motorscope.review.worklist.marker import Marker
from motorscope.words import counted

PIXELS = 112
_AT_ONCE = 24  # pictures of one job
_KEPT = 1000  # pictures: some 50 MB
_ORDERS = {"best first": "score", "doubtful first": "doubt"}
_STATUSES = {"to decide": "candidate", "accepted": "accepted", "rejected": "rejected", "all": ""}
_DECISIONS = {"accept": "accepted", "reject": "rejected", "candidate": "candidate"}


class CandidatesWidget(Dock):
    """Candidates of the tomograms that the queue lists; several are decided on at once.

    Signals
    -------
    opened
        Emitted with the path of a tomogram and the id of a pick that a person wants to see there.
    """

    low = True
    opened = Signal(object, object)

    def __init__(
        self, napari_viewer: ViewerModel, marker: Marker, listed: Callable[[], Sequence[Entry]]
    ) -> None:
        super().__init__(napari_viewer)
        self._marker, self._listed = marker, listed
        self._known: dict[Path, Shown] = {}
        self._shows: tuple[Any, ...] = ()  # what `candidates` were made of
        self._stale = False  # while nobody sees it
        self._pictures: OrderedDict[Key, QPixmap | None] = OrderedDict()
        self._wanted: dict[Key, Wanted] = {}
        self._chosen: set[Key] = set()
        self.candidates = Candidates()
        self.reads, self.draws = self.new_runner(), self.new_runner()
        self._soon = QTimer(self)
        self._soon.setInterval(0)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._draw_some)
        tip = "Doubtful ones are those whose score is nearest to their tomogram's threshold."
        self.order, self.status = ChoiceBox(tip, _ORDERS.items()), ChoiceBox("", _STATUSES.items())
        self.title = QLabel()
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.buttons = {
            name: button(f"{name.capitalize()} {key_of(name)}", then=partial(self.decide, name))
            for name in _DECISIONS
        }
        tip = "Take the last decisions or marks back, from all that got them."
        self.undo = button("Undo", tip, lambda: marker.undo())
        self.tiles = TileWall(PIXELS, self._draw)
        self.tiles.setToolTip(
            "Click (with Shift or Ctrl for more), or draw a frame, to choose candidates;\n"
            "a double click opens the tomogram there."
        )
        self._lay_out()
        for box in (self.order, self.status):
            box.currentIndexChanged.connect(self.refresh)
        self.tiles.chosen.connect(self._on_chosen)
        self.tiles.opened.connect(lambda number: self.opened.emit(*self.candidates.key(number)))
        listen(self.ends, marker.changed, self.refresh)
        self.refresh()
        mind_wheel_and_keys(self)

    def sizeHint(self) -> QSize:
        """Room for two lines of pictures."""
        return QSize(6 * (PIXELS + 8) + 24, 2 * (PIXELS + 8) + 50)

    def refresh(self) -> None:
        """Show the candidates of what the queue lists, and read those that have changed.

        While nobody sees the gallery, closed or behind another tab, it waits until somebody does.
        """
        self._stale = self.window().isVisible() and self.visibleRegion().isEmpty()
        if self._stale or self._marker.busy:
            return  # once for all that is decided
        entries = list(self._listed())
        changed = to_read(entries, self._known)
        shows = (entries, self._known, self.order.currentData(), self.status.currentData())
        if shows != self._shows:
            self._shows, self.candidates = shows, candidates_of(*shows)
            self._show_chosen()
        left = f" · {counted(len(changed), 'tomogram')} to be read" if changed else ""
        of = counted(len({*self.candidates.owners.tolist()}), "tomogram")
        self.title.setText(f"{counted(len(self.candidates), 'candidate')} of {of}{left}")
        self._update_buttons()
        if changed and not self.reads.busy:
            self.reads.start(read_job, changed, on_message=self._on_read, on_result=self._read_on)

    def decide(self, name: str, *_: object) -> None:
        """Do what an action of the review's says with the candidates that are chosen."""
        status = _DECISIONS[name]
        picks = self.candidates.others(sorted(self.tiles.selected), status)
        if picks:
            self._marker.decide(picks, status)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Notice that somebody sees the gallery again."""
        super().paintEvent(event)
        if self._stale:
            QTimer.singleShot(0, self.refresh)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Decide with the keys of the review; Enter opens the tomogram."""
        if event is None:
            return
        names = [name for name in _DECISIONS if event.text().upper() == key_of(name)]
        if names:
            self.decide(names[0])
        elif event.matches(QKeySequence.StandardKey.Undo):
            self._marker.undo()
        else:
            event.ignore()

    def _lay_out(self) -> None:
        parts = (self.order, self.status, self.title, *self.buttons.values(), self.undo)
        row = in_row(*parts, wide=2, spacing=3)
        in_column(self, row, self.tiles, around=(4, 2, 4, 2)).setStretch(1, 1)

    def _update_buttons(self) -> None:
        rows = self.tiles.selected
        for name, each in self.buttons.items():
            status = _DECISIONS[name]
            each.setEnabled(any(STATUSES[self.candidates.statuses[n]] != status for n in rows))
        self.undo.setEnabled(self._marker.can_undo)

    # Choosing

    def _on_chosen(self, numbers: list[int]) -> None:
        self._chosen = {self.candidates.key(number) for number in numbers}
        self._show_chosen()

    def _show_chosen(self) -> None:
        """Show what is chosen still."""
        candidates, rows = self.candidates, list[int]()
        if self._chosen:
            numbers = {entry.path: number for number, entry in enumerate(candidates.entries)}
            chosen = {(numbers.get(path), pick) for path, pick in self._chosen}
            pairs = zip(candidates.owners.tolist(), candidates.ids.tolist(), strict=True)
            rows = [row for row, pair in enumerate(pairs) if pair in chosen]
        self._wanted.clear()  # what is in view will be asked for again
        self.tiles.show_tiles(len(candidates), rows)
        self._update_buttons()

    # Reading

    def _on_read(self, message: dict[Path, Shown]) -> None:
        self._known = self._known | message
        self.refresh()

    def _read_on(self, result: Any) -> None:
        """Read what has changed meanwhile."""
        if result:
            self.refresh()

    # Pictures

    def _draw(self, painter: QPainter, square: QRect, number: int) -> None:
        """Draw a picture with its score and its tomogram's name, in the colour of its status."""
        candidates = self.candidates
        key = candidates.key(number)
        entry = candidates.entries[candidates.owners[number]]
        picture = self._pictures.get(key)
        if key not in self._pictures:
            self._wanted[key] = Wanted(key, entry, tuple(candidates.positions[number].tolist()))
            self._soon.start()
        colour = QColor(STATUS_COLOURS[STATUSES[candidates.statuses[number]]])
        draw_tile(painter, square, picture, label(candidates.scores[number]) or "added", colour)
        if picture is None and key in self._pictures:
            painter.setPen(QColor("#8a9099"))
            painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "no picture")
        metrics, inner = painter.fontMetrics(), QRectF(square.adjusted(3, 3, -3, -3))
        name = metrics.elidedText(entry.name, Qt.TextElideMode.ElideMiddle, int(inner.width()) - 6)
        inner.setTop(inner.bottom() - metrics.height())
        draw_label(painter, inner, name, QColor("white"))

    def _draw_some(self) -> None:
        """Make pictures of what is in view, unless some are being made."""
        if self._wanted and not self.draws.busy:
            some = list(self._wanted.values())[:_AT_ONCE]
            self.draws.start(
                picture_job, some, PIXELS, on_message=self._on_picture, on_result=self._on_drawn
            )

    def _on_picture(self, message: Picture) -> None:
        self._wanted.pop(message.key, None)
        self._pictures[message.key] = _pixmap(message.grey)
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        self.tiles.viewport().update()

    def _on_drawn(self, result: Any) -> None:
        if result:
            self._soon.start()


def _pixmap(grey: Any) -> QPixmap | None:
    if grey is None:
        return None
    side = len(grey)
    image = QImage(grey.tobytes(), side, side, side, QImage.Format.Format_Grayscale8)
    return QPixmap.fromImage(image.copy())
