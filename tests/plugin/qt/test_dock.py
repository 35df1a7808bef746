"""Docks and their remarks can be read in a window of the usual size."""

from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from motorscope.plugin.qt.dock import ENCODER, PANEL, PORTAL, QUEUE, show_dock
from motorscope.plugin.qt.parts import AMBER, Hint
from motorscope.plugin.qt.rows_view import Column, RowsModel, RowsTable


def test_titles_of_docks_and_the_words_on_their_tabs_are_not_cut(make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1280, 800)
    docks = [show_dock(viewer, name).parentWidget() for name in (PANEL, QUEUE, ENCODER, PORTAL)]
    words = [dock.windowTitle() for dock in docks]
    assert words == ["Motorscope", "Queue", "Encoder", "Open from the portal"]
    for dock in docks:
        dock.raise_()
        bar = dock.titleBarWidget()
        (title,) = [label for label in bar.findChildren(QLabel) if "motorscope" in label.text()]
        qtbot.waitUntil(lambda bar=bar, title=title: bar.width() > title.sizeHint().width() + 60)


def test_a_warning_follows_the_theme_of_the_window_that_it_comes_into(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    palette = window.palette()
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Window):
        palette.setColor(role, QColor("black"))
    hint = Hint(AMBER)
    hint.setPalette(palette)
    hint.setText("No tomogram is open.")
    assert AMBER not in hint.styleSheet()
    palette.setColor(QPalette.ColorRole.WindowText, QColor("white"))
    window.setPalette(palette)
    QVBoxLayout(window).addWidget(hint)
    window.show()
    assert AMBER in hint.styleSheet()


class _NoRows(RowsModel):
    def count(self):
        return 0


def test_the_mark_of_the_order_leaves_the_title_of_a_column_free(qtbot):
    table = RowsTable(_NoRows([Column("Effect", widest="0"), Column("Values")]))
    qtbot.addWidget(table)
    assert table.columnWidth(0) >= table.fontMetrics().horizontalAdvance("Effect") + 12
