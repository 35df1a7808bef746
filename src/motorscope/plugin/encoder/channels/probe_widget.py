"""The profile of all channels at a place, painted over what the volume holds."""

from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from motorscope.contract.profile import Profile
from motorscope.plugin.connections import listen
from motorscope.plugin.encoder.channels.probe import KEY, ProbeController
from motorscope.plugin.qt.layouts import in_column
from motorscope.plugin.qt.parts import Hint

_OUTER, _INNER = QColor(130, 160, 190, 60), QColor(130, 160, 190, 90)
_MIDDLE = QColor(130, 160, 190)
_EDGE = 4.0  # pixels


class ProfileView(QWidget):
    """One column for each channel: the value here, over quantiles of the volume.

    A click shows a channel.
    """

    def __init__(self, controller: ProbeController) -> None:
        super().__init__()
        self._controller = controller
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(200, 96)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the bands, the line, and where the channel is that is shown."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0, 60))
        profile = self._controller.profile
        if profile is not None and len(profile.channels):
            self._paint(painter, profile)
        painter.end()

    def _paint(self, painter: QPainter, profile: Profile) -> None:
        values, quantiles = profile.heights()
        low = min(float(values.min()), float(quantiles.min()))
        high = max(float(values.max()), float(quantiles.max()), low + 0.1)
        tall = self.height() - 2 * _EDGE
        step = self.width() / len(values)

        def y(heights: NDArray[np.float64]) -> NDArray[np.float64]:
            return _EDGE + tall * (1 - (heights - low) / (high - low))

        rows = y(quantiles)
        for top, bottom, color in ((-1, 0, _OUTER), (-2, 1, _INNER)):
            for number, (a, b) in enumerate(zip(rows[top], rows[bottom], strict=True)):
                painter.fillRect(QRectF(number * step, a, step, max(b - a, 1.0)), color)
        shown = self._controller.encoder.shown
        if shown in profile.channels:
            at = (profile.channels.index(shown) + 0.5) * step
            painter.setPen(QPen(QColor("#ffb74d"), 1))
            painter.drawLine(QPointF(at, 0.0), QPointF(at, float(self.height())))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for heights, pen in ((rows[2], QPen(_MIDDLE, 1)), (y(values), QPen(QColor("white"), 1.5))):
            painter.setPen(pen)
            painter.drawPolyline(
                QPolygonF([QPointF((n + 0.5) * step, float(h)) for n, h in enumerate(heights)])
            )

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Show the channel under the mouse."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            place = self._place_at(event.position().x())
            if place is not None:
                self._controller.encoder.step(place)

    def event(self, event: QEvent | None) -> bool:
        """Say the channel under the mouse, and its value."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place, profile = self._place_at(event.pos().x()), self._controller.profile
            if place is not None and profile is not None:
                text = (
                    f"channel {profile.channels[place]}: {profile.values[place]:.3g}; "
                    f"median of the volume {profile.quantiles[2, place]:.3g}"
                )
                QToolTip.showText(event.globalPos(), text, self)
            return True
        return bool(super().event(event))

    def _place_at(self, x: float) -> int | None:
        profile = self._controller.profile
        count = 0 if profile is None else len(profile.channels)
        place = int(x / max(self.width(), 1) * count)
        return place if 0 <= place < count else None


class ProbeControls(QWidget):
    """The profile, and where it was taken."""

    def __init__(self, controller: ProbeController, ends: ExitStack) -> None:
        super().__init__()
        self._controller = controller
        self.view = ProfileView(controller)
        self.words = Hint()
        in_column(self, self.view, self.words)
        listen(ends, controller.changed, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the profile as it is."""
        self.view.update()
        profile = self._controller.profile
        if profile is None:
            text = f"Go to a motor, or hold {KEY} and move the cursor over the tomogram."
        else:
            where = ", ".join(f"{value:.0f}" for value in profile.place)
            text = (
                f"At {where} Å, channels as in the table; the bands hold half and nine tenths of "
                f"the volume. Hold {KEY} to follow the cursor."
            )
        self.words.setText(text)
