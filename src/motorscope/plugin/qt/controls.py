"""Controls that leave the wheel to the panel, and letters to the canvas, whose keys they are.

Qt lets a combo box, a number or a slider change when the wheel passes over it, and lets it keep the
keyboard afterwards. In a panel that one scrolls, beside a canvas that one works in with keys, both
are accidents.
"""

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QKeyEvent
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QMainWindow,
    QScrollBar,
    QSpinBox,
    QWidget,
)

_LEAVE = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
_PAGES = (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_KEYS = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)


def mind_wheel_and_keys(root: QWidget) -> None:
    """Give all controls in a widget the manners of this module; call it when they are there.

    The wheel changes a control only after a click on it, for as long as it has the keyboard.
    Letters go on to the canvas, but for those typed into a text field. A choice from a list, the
    end of a drag, Enter and Escape give the keyboard to the canvas.
    """
    _Manners(root)


class _Manners(QObject):
    """Filters the events of the controls in a widget."""

    def __init__(self, root: QWidget) -> None:
        super().__init__(root)
        self._clicked: QWidget | None = None
        self._left: QWidget | None = None
        self._soon = QTimer(self)  # once the control has done what it was told
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._to_canvas)
        for control in root.findChildren(QWidget):
            if isinstance(control, QScrollBar):
                continue
            if isinstance(control, (QComboBox, QAbstractSpinBox, QAbstractSlider)):
                control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel gives no focus
                control.installEventFilter(self)
            elif isinstance(control, QLineEdit):
                control.installEventFilter(self)
            if isinstance(control, QComboBox):
                control.view().window().installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keep from a control what is not meant for it."""
        if event is None or not isinstance(watched, QWidget):
            return False
        kind, control = event.type(), _control_of(watched)
        if kind == QEvent.Type.Hide and watched.isWindow():
            self._leave(control)  # a list was closed, with a choice or without
        elif watched.isWindow():
            return False
        elif kind == QEvent.Type.MouseButtonPress:
            self._clicked = control
        elif kind == QEvent.Type.FocusOut and control is self._clicked:
            if not isinstance(control, QComboBox) or not control.view().isVisible():
                self._clicked = None
        elif kind == QEvent.Type.Wheel and control is not self._clicked:
            event.ignore()  # the panel scrolls
            return True
        elif kind == QEvent.Type.MouseButtonRelease and isinstance(control, QAbstractSlider):
            self._leave(control)
        elif kind in _KEYS and isinstance(event, QKeyEvent):
            return self._on_key(control, event)
        return False

    def _on_key(self, control: QWidget, event: QKeyEvent) -> bool:
        """Pass a key on to the canvas if it is none for a control; return whether it was."""
        if event.key() in _LEAVE:
            if event.type() == QEvent.Type.KeyPress and not isinstance(control, QAbstractSlider):
                number = isinstance(control, (QSpinBox, QDoubleSpinBox))
                if event.key() == Qt.Key.Key_Escape and number:
                    control.setValue(control.value())  # what was typed, not entered, is forgotten
                self._leave(control)
            return False
        if not isinstance(control, QLineEdit) and (event.text().isalpha() or event.key() in _PAGES):
            event.ignore()
            return True
        return False

    def _leave(self, control: QWidget) -> None:
        """Give the keyboard to the canvas soon."""
        self._left = control
        self._soon.start()

    def _to_canvas(self) -> None:
        """Give the keyboard to the canvas, unless another widget has it by now."""
        control, self._left = self._left, None
        if control is None:
            return
        holders = [QApplication.focusWidget(), control.window().focusWidget()]
        others = [_control_of(each) is not control for each in holders if each is not None]
        if others and all(others):
            return
        control.clearFocus()
        window: QObject | None = control
        while window is not None and not isinstance(window, QMainWindow):
            window = window.parent()
        for canvas in [] if window is None else window.findChildren(QOpenGLWidget):
            if canvas.isVisibleTo(window):
                if control.window() is not window:  # the panel floats
                    canvas.activateWindow()
                canvas.setFocus(Qt.FocusReason.OtherFocusReason)
                return


def _control_of(widget: QWidget) -> QWidget:
    """Return the control that a field or a list is part of; else the widget itself."""
    parent = widget.parent()
    return parent if isinstance(parent, (QComboBox, QAbstractSpinBox)) else widget
