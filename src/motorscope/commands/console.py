"""What the commands share: how they speak to a terminal."""

import argparse
import sys
import time
from collections.abc import Callable
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


class Parser(argparse.ArgumentParser):
    """A parser of arguments whose last lines are made when they are shown.

    What they tell is looked up where it is known, which would cost every command its start.

    Attributes
    ----------
    last_lines
        Make them.
    """

    last_lines: Callable[[], str] | None = None

    def format_help(self) -> str:
        """Return all of the help."""
        before = self.epilog
        if self.last_lines is not None:
            self.epilog = " ".join(filter(None, (before, self.last_lines())))
        try:
            return super().format_help()
        finally:
            self.epilog = before


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
