"""Our docks: opened by the names that the manifest gives them, ended in one place."""

from contextlib import ExitStack
from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from motorscope.plugin.qt.canvas import CanvasContext
from motorscope.plugin.qt.runner import JobRunner
from motorscope.plugin.units import read_units_ahead
from motorscope.plugin.workspace import workspace_of

PLUGIN = "napari-motorscope"
PANEL, GALLERY, QUEUE = "Motorscope", "Motorscope gallery", "Motorscope queue"
ENCODER, PORTAL = "Motorscope encoder", "Open from the portal"
"""Names in the manifest."""

_AREAS = {GALLERY: Qt.DockWidgetArea.BottomDockWidgetArea}
"""Where docks are put that do not go to the right."""


class Dock(QWidget):
    """A widget of a dock: it holds the workspace of its viewer for as long as it is in the window.

    Attributes
    ----------
    workspace
        The viewer's.
    ends
        What ends with the dock; the last comes first.
    tall
        Whether it takes the window's height: such docks are shown one at a time, as tabs.
    low
        Whether it lies under the canvas, and leaves the column to the right its full height.
    """

    tall = False
    low = False

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        read_units_ahead()
        self.workspace = workspace_of(viewer)
        self._placed = False
        self.ends = ExitStack()
        self.ends.callback(self.workspace.hold())
        self.ends.callback(CanvasContext(viewer, self).close)
        # A closed viewer destroys this widget without a close event; the callback must not keep
        # the widget alive.
        self.destroyed.connect(_ending(self.ends))

    def new_runner(self) -> JobRunner:
        """Return a runner of jobs, which end with the dock."""
        runner = JobRunner(self)
        self.ends.callback(runner.tokens.cancel_all)
        return runner

    def event(self, event: QEvent | None) -> bool:
        """Notice that the dock was removed: napari then only takes this widget out of it."""
        left = (
            event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None
        )
        if left:
            self.ends.close()
        if event is not None and event.type() == QEvent.Type.Show and not self._placed:
            self._placed = True
            self._take_place()
        return bool(super().event(event))

    def _take_place(self) -> None:
        """Become a tab beside another tall dock, or leave the lower right corner to those."""
        dock, window = self.parentWidget(), self.window()
        if isinstance(dock, QDockWidget):
            dock.setWindowTitle(_on_tab(dock.windowTitle()))
        if self.low and isinstance(window, QMainWindow):
            window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        if (
            not self.tall
            or not isinstance(dock, QDockWidget)
            or not isinstance(window, QMainWindow)
        ):
            return
        for other in window.findChildren(QDockWidget):
            inner = other.widget()
            if other is not dock and isinstance(inner, Dock) and inner.tall:
                window.tabifyDockWidget(other, dock)
                dock.raise_()
                return


def show_dock(viewer: Any, name: str) -> Any:
    """Open a dock of ours by its name in the manifest, or bring it to the front if it is open."""
    new = find_dock(viewer, name) is None
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    dock, window = widget.parentWidget(), widget.window()
    if new and name in _AREAS and isinstance(dock, QDockWidget) and isinstance(window, QMainWindow):
        window.addDockWidget(_AREAS[name], dock)
    bring_to_front(widget)
    return widget


def bring_to_front(widget: QWidget) -> None:
    """Show the dock of a widget, before others in its place."""
    dock = widget.parentWidget()
    if isinstance(dock, QDockWidget):
        dock.show()
        dock.raise_()


def find_dock(viewer: Any, name: str) -> QWidget | None:
    """Return the widget of an open dock of ours by its name in the manifest."""
    return viewer.window.dock_widgets.get(f"{name} ({PLUGIN})")


def _on_tab(name: str) -> str:
    """Return what stands on a tab for a dock's name: three of them fit beside each other."""
    name = name.removesuffix(f" ({PLUGIN})")
    first, _, rest = name.partition(" ")
    return rest.capitalize() if first == PANEL and rest else name


def _ending(ends: ExitStack) -> Any:
    return lambda *_: ends.close()
