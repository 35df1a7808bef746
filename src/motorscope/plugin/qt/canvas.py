"""Removing layers without a crash of the window.

When a layer is removed, napari 0.9.2 sends all drawing commands that wait to OpenGL at once, out of
a repaint: to whatever context is current, which is Qt's own. The canvas then takes a shader for
active that is not, and the next repaint may end the process (a segmentation fault in
``glDrawArrays``). With the canvas's own context current, the commands go where they belong.
"""

import weakref
from contextlib import ExitStack
from typing import Any

from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget

from motorscope.plugin.connections import listen


class CanvasContext:
    """Makes the OpenGL context of the canvas the current one before a layer is removed."""

    def __init__(self, viewer: Any, panel: QWidget) -> None:
        self._panel = weakref.ref(panel)
        self._ends = ExitStack()
        listen(self._ends, viewer.layers.events.removing, self.make_current)

    def close(self) -> None:
        """Let go of the viewer. May be called more than once."""
        self._ends.close()

    def make_current(self, event: Any = None) -> None:
        """Make the context of each canvas in the panel's window current, one after the other."""
        window: Any = self._panel()
        while window is not None and not isinstance(window, QMainWindow):
            window = window.parent()
        for canvas in [] if window is None else window.findChildren(QOpenGLWidget):
            canvas.makeCurrent()
