"""Waiting for the window in a function, while its events go on."""

from collections.abc import Callable

from qtpy.QtCore import QEventLoop, QTimer


def wait_for(start: Callable[[Callable[[], object]], object]) -> None:
    """Call `start` with a function, and return when that has been called."""
    loop = QEventLoop()
    called: list[bool] = []

    def done() -> None:
        called.append(True)
        loop.quit()

    start(done)
    if not called:
        loop.exec()


def pause(milliseconds: int) -> None:
    """Let the window's events go on for a while."""
    wait_for(lambda done: QTimer.singleShot(milliseconds, done))
