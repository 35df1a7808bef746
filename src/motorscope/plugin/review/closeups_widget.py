"""Three close-ups of the current pick: what is around it in each plane."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRect, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPixmap
from qtpy.QtWidgets import QSizePolicy, QWidget

from motorscope.plugin.connections import listen
from motorscope.plugin.layers.source import tomogram_from_layer
from motorscope.tomogram import InputRecipe, level_for
from motorscope.tomogram.closeups import PLANES, REACH, close_up, coloured

PIXELS = 104
_BACKGROUND, _CROSS = QColor("#202225"), QColor(255, 238, 0, 180)


def picture_of(layer: Layer, position: Any, axis: int = 0, pixels: int = PIXELS) -> QPixmap:
    """Return a close-up with the contrast and the colours of a tomogram's layer.

    `position` is in Å (z, y, x); see `motorscope.tomogram.closeups.close_up`.
    """
    pixel = InputRecipe(spacing=2 * REACH / pixels)
    shown = level_for(tomogram_from_layer(layer), pixel)
    picture = close_up(shown.data, shown.grid, position, axis, pixels)
    low, high = layer.contrast_limits
    rgba = coloured(picture, (float(low), float(high)), layer.colormap.map, float(layer.gamma))
    return pixmap(rgba)


def pixmap(rgba: NDArray[np.uint8]) -> QPixmap:
    """Return colours ``(height, width, 4)`` as a picture of Qt's."""
    height, width = rgba.shape[:2]
    data = np.ascontiguousarray(rgba)
    image = QImage(data.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return QPixmap.fromImage(image.copy())


class CloseUps(QWidget):
    """XY, XZ and YZ planes through a position, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._layer: Layer | None = None
        self._following = ExitStack()
        self._position: tuple[float, ...] | None = None
        self._pictures: dict[str, QPixmap] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(f"The planes through the current motor, {2 * REACH / 10:.0f} nm wide.")

    def sizeHint(self) -> QSize:
        """Room for three squares."""
        return QSize(3 * PIXELS, PIXELS)

    def minimumSizeHint(self) -> QSize:
        """As high as ever, and narrower at need."""
        return QSize(3 * PIXELS // 2, PIXELS)

    def show_at(self, layer: Layer | None, position: Any) -> None:
        """Show what is around a position (z, y, x) in Å; nothing for ``None``."""
        place = None if position is None else tuple(float(value) for value in position)
        if layer == self._layer and place == self._position:
            return
        if layer != self._layer:
            self.let_go()
            self._layer = layer
            follow_appearance(self._following, layer, self.refresh)
        self._position = place
        self.refresh()

    def let_go(self) -> None:
        """Stop following the layer's contrast and colours."""
        self._following.close()
        self._layer = None

    def refresh(self, event: Any = None) -> None:
        """Draw the close-ups anew."""
        self._pictures = {}
        if self._layer is not None and self._position is not None:
            self._pictures = {
                name: picture_of(self._layer, self._position, axis) for name, axis in PLANES.items()
            }
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the pictures with a cross in their middles."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = min(self.height(), (self.width() - 8) / 3)
        left = (self.width() - 3 * side - 8) / 2
        for number, name in enumerate(PLANES):
            square = QRectF(left + number * (side + 4), (self.height() - side) / 2, side, side)
            painter.fillRect(square, _BACKGROUND)
            if name in self._pictures:
                picture = self._pictures[name]
                painter.drawPixmap(square, picture, QRectF(picture.rect()))
                _draw_cross(painter, square)
            draw_label(painter, square, name, QColor("white"))
        painter.end()


def follow_appearance(ends: ExitStack, layer: Layer | None, slot: Callable[..., Any]) -> None:
    """Call `slot` when pictures of a tomogram's layer look otherwise, until `ends` is closed."""
    if layer is not None:
        events = layer.events
        for emitter in (events.contrast_limits, events.colormap, events.gamma, events.data):
            listen(ends, emitter, slot)


def draw_tile(
    painter: QPainter, square: QRect, picture: QPixmap | None, words: str, colour: QColor
) -> None:
    """Draw a picture, dark while it is being made, with words in a corner, and a frame."""
    if picture is None:
        painter.fillRect(square, _BACKGROUND)
    else:
        painter.drawPixmap(square, picture)
    draw_label(painter, QRectF(square.adjusted(3, 3, -3, -3)), words, colour)
    painter.setPen(QPen(colour, 3))
    painter.drawRect(square.adjusted(1, 1, -2, -2))


def draw_label(painter: QPainter, square: QRectF, text: str, colour: QColor) -> None:
    """Write into the upper left corner of a picture, on a dark ground."""
    metrics = painter.fontMetrics()
    ground = QRectF(0, 0, metrics.horizontalAdvance(text) + 6, metrics.height())
    ground.moveTopLeft(square.topLeft())
    painter.fillRect(ground, QColor(0, 0, 0, 170))
    painter.setPen(colour)
    painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, text)


def _draw_cross(painter: QPainter, square: QRectF) -> None:
    """Draw four strokes that leave the middle free."""
    painter.setPen(_CROSS)
    middle, outer, inner = square.center(), square.width() / 2, square.width() / 5
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        painter.drawLine(
            middle + QPointF(x * inner, y * inner), middle + QPointF(x * outer, y * outer)
        )
