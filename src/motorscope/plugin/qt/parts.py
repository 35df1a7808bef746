"""Small parts that the groups of controls share."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from napari.utils.notifications import show_error
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QResizeEvent, QShowEvent
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from motorscope.contract import Notice, Progress
from motorscope.engine.question import Question
from motorscope.errors import MotorscopeError
from motorscope.plugin.connections import listen
from motorscope.plugin.qt.making import button
from motorscope.plugin.workspace import Workspace
from motorscope.words import duration

_LOG = logging.getLogger(__name__)

AMBER = "#ffb74d"

_DARK = 0.22  # lightness of a colour that is read on light grey


def ink(colour: str, widget: QWidget) -> str:
    """Return a colour that can be read on a widget: a dark shade of it where the theme is light."""
    around = widget.parentWidget() or widget
    if around.palette().windowText().color().lightness() > 127:
        return colour
    hue, saturation, _, _ = QColor(colour).getHslF()
    return str(QColor.fromHslF(hue or 0.0, saturation or 0.0, _DARK).name())


def scrolling(content: QWidget) -> QScrollArea:
    """Return an area in which a column of groups scrolls up and down, and is never cut off."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumWidth(content.minimumSizeHint().width() + 20)
    return area


class Section(QWidget):
    """A heading that folds and unfolds what is under it."""

    def __init__(self, title: str, content: QWidget, open_: bool = True) -> None:
        super().__init__()
        self._content = content
        self.header = QToolButton()
        self.header.setText(title)
        self.header.setCheckable(True)
        self.header.setChecked(open_)
        self.header.setAutoRaise(True)
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.header.setStyleSheet("QToolButton { font-weight: bold; text-align: left; }")
        self.header.toggled.connect(self._fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.header)
        layout.addWidget(content)
        self._fold(open_)

    def _fold(self, unfolded: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow
        self.header.setArrowType(arrow)
        self._content.setVisible(unfolded)


class StatusLine(QLabel):
    """One line at the foot of the panel that says what happened last."""

    def __init__(self) -> None:
        super().__init__("")
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def say(self, text: str) -> None:
        """Show a remark."""
        self._show(text, "")

    def show_warning(self, text: str) -> None:
        """Show an error that somebody else makes a notification of."""
        self._show(text, f"color: {ink(AMBER, self)};")

    def warn(self, text: str) -> None:
        """Show an error, here and as a notification of napari's."""
        self.show_warning(text)
        show_error(text)

    def follow(self, workspace: Workspace, ends: ExitStack) -> None:
        """Show what reviews say, the last of it at once, until `ends` is closed."""
        listen(ends, workspace.said, self.say)
        listen(ends, workspace.warned, self.show_warning)
        text, bad = workspace.news
        (self.show_warning if bad else self.say)(text)

    def guard(self, action: Callable[[], Any]) -> Any:
        """Call `action`; an error becomes a warning, and ``None`` is returned.

        Where it succeeds, a warning of before is out of date, and goes.
        """
        warning = self.text() if self.styleSheet() else ""
        try:
            result = action()
            if warning and self.text() == warning:
                self.say("")
            return result
        except MotorscopeError as error:
            self.warn(str(error))
        except Exception as error:
            _LOG.exception("Unexpected error")
            self.warn(f"Unexpected {type(error).__name__}: {error}. The log has the details.")
        return None

    def begin(self, action: Callable[[], Any]) -> None:
        """Call an action that begins something, as `guard` does; what was said before goes."""
        self.say("")
        self.guard(action)

    def _show(self, text: str, style: str) -> None:
        self.setStyleSheet(style)
        self.setText(text)
        self.setVisible(bool(text))


class Hint(QLabel):
    """A remark in small type that wraps; hidden while empty."""

    def __init__(self, colour: str = "") -> None:
        super().__init__("")
        self.setWordWrap(True)
        self._colour = colour
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def setText(self, text: str) -> None:
        """Show a text, or hide for an empty one."""
        self._paint()
        super().setText(text)
        self.setVisible(bool(text))
        self._claim_height()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Follow the theme of the window, which was unknown before."""
        super().showEvent(event)
        self._paint()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep every line visible."""
        super().resizeEvent(event)
        self._claim_height()

    def _paint(self) -> None:
        colour = f"color: {ink(self._colour, self)};" if self._colour else ""
        self.setStyleSheet(f"font-size: 9pt; {colour}")

    def _claim_height(self) -> None:
        # A form layout gives a wrapping label the height of fewer lines than it has.
        self.setMinimumHeight(0)  # else the height below would be no less than before
        self.setMinimumHeight(max(self.heightForWidth(self.width()), 0))


class JobBar(QWidget):
    """A button that starts a job; while it runs, its progress and a button that cancels it.

    `others` start it in another way: they are beside the button, and make room for the progress.
    """

    started = Signal()
    cancelled = Signal()

    def __init__(self, text: str, tooltip: str, *others: QPushButton) -> None:
        super().__init__()
        self.button = button(text, tooltip)
        self._starts = (self.button, *others)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.cancel = button("Cancel", "Stop at the end of the current window.")
        self.text, self.notice = Hint(), Hint()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for part in (*self._starts, self.bar):
            row.addWidget(part, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.text)
        layout.addWidget(self.notice)
        self.button.clicked.connect(lambda: self.started.emit())
        self.cancel.clicked.connect(self._on_cancel)
        self.set_running(False)

    def follow(self, ends: ExitStack, *questions: Question[Any]) -> None:
        """Show how far questions to the engine are, and let them be cancelled."""
        for question in questions:
            self.cancelled.connect(question.cancel)
            listen(ends, question.told, self._on_told)
            listen(
                ends,
                question.busy_changed,
                lambda *_: self.set_running(any(each.busy for each in questions)),
            )

    def set_running(self, running: bool) -> None:
        """Show the button, or the progress of what it started."""
        if running:
            self.notice.setText("")
        for each in self._starts:
            each.setVisible(not running)
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.cancel.setEnabled(running)
        self.text.setText("Starting…" if running else "")
        self.bar.setRange(0, 0)

    def show_progress(self, what: str, done: int, total: int, seconds_left: float | None) -> None:
        """Show how far the job is; `total` 0 means that nobody knows."""
        if not self.cancel.isEnabled():
            return  # "Cancelling…" stays
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        parts = [what if total <= 1 else f"{what}: {100 * done // total} %"]
        if seconds_left is not None and done < total:
            parts.append(f"{duration(seconds_left)} left")
        self.text.setText(", ".join(parts))

    def _on_told(self, message: Any) -> None:
        if isinstance(message, Progress):
            self.show_progress(message.what, message.done, message.total, message.seconds_left)
        elif isinstance(message, Notice):
            self.notice.setText(message.text)

    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.text.setText("Cancelling…")
        self.cancelled.emit()
