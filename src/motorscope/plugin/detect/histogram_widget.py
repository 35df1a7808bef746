"""How many candidates have which score, and where the threshold lies."""

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from motorscope.plugin.layers.kinds import STATUS_COLOURS

BINS = 50


class ScoreHistogram(QWidget):
    """Counts of scores in [0, 1] on a logarithmic axis; a click or a drag moves the threshold.

    Attributes
    ----------
    counts
        How many scores are in each of `BINS` bins.

    Signals
    -------
    threshold_dragged
        Emitted with the new threshold.
    """

    threshold_dragged = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.counts: NDArray[np.int64] = np.zeros(BINS, dtype=np.int64)
        self._threshold = 0.5
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Scores of all candidates, few on the right being the likely motors.\n"
            "Drag to move the threshold."
        )

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(200, 64)

    def set_scores(self, scores: NDArray[np.float64]) -> None:
        """Count scores, NaN left out; similarities above 1 count as 1."""
        known = np.minimum(scores[np.isfinite(scores)], 1.0)
        self.counts = np.histogram(known, bins=BINS, range=(0.0, 1.0))[0]
        self.update()

    def set_threshold(self, threshold: float) -> None:
        """Move the line."""
        self._threshold = threshold
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw bars, those from the threshold on bright, and the line."""
        painter = QPainter(self)
        width, height = float(self.width()), float(self.height())
        painter.fillRect(self.rect(), QColor(0, 0, 0, 60))
        heights = np.log1p(self.counts) / max(float(np.log1p(self.counts.max())), 1.0)
        step = width / BINS
        for index, relative in enumerate(heights):
            if relative > 0:
                # A bin counts as shown when its right end is beyond the threshold.
                shown = (index + 1) / BINS > self._threshold
                bar = max(relative * (height - 4), 2.0)
                painter.fillRect(
                    QRectF(index * step, height - bar, max(step - 1, 1.0), bar),
                    QColor(STATUS_COLOURS["candidate"]) if shown else QColor(140, 140, 140),
                )
        painter.setPen(QPen(QColor("white"), 1.5))
        x = min(max(self._threshold * width, 1.0), width - 1)
        painter.drawLine(QPointF(x, 0.0), QPointF(x, height))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take the threshold to the mouse."""
        self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Take the threshold along."""
        self._drag(event)

    def _drag(self, event: QMouseEvent | None) -> None:
        if event is not None and event.buttons() & Qt.MouseButton.LeftButton:
            at = event.position().x() / max(self.width(), 1)
            self.threshold_dragged.emit(float(np.clip(at, 0.0, 1.0)))
