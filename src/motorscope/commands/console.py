"""What the commands share: how they speak to a terminal."""

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motorscope.contract import Progress

Commands = Any  # argparse has no public name for what add_subparsers returns


def say(text: str) -> None:
    """Write a line to stderr; stdout is for results."""
    print(text, file=sys.stderr, flush=True)


def progress_text(message: "Progress") -> str:
    """Return what is being done, and how much of it is done if that can be told."""
    if not message.total:
        return message.what
    return f"{message.what}, {100 * message.done // message.total} %"


class Line:
    """A line on stderr that is written over on a terminal and thinned out elsewhere."""

    _SECONDS = 15.0

    def __init__(self) -> None:
        self.head = ""
        self._terminal = sys.stderr.isatty()
        self._last = float("-inf")

    def show(self, text: str) -> None:
        """Show passing news."""
        if self._terminal:
            print(f"\r\x1b[K{self.head}: {text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last > self._SECONDS:
            self._last = time.monotonic()
            say(f"{self.head}: {text}")

    def end(self) -> None:
        """Leave what is shown as it is, and go to the next line."""
        if self._terminal:
            print(file=sys.stderr, flush=True)

    def keep(self, text: str) -> None:
        """Show news that stay."""
        clear = "\r\x1b[K" if self._terminal else ""
        say(f"{clear}{self.head}: {text}")

    def tell(self, message: object) -> None:
        """Show what a run says: its progress in passing, its notices to stay."""
        from motorscope.contract import Notice, Progress

        if isinstance(message, Progress):
            self.show(progress_text(message))
        elif isinstance(message, Notice):
            self.keep(message.text)
