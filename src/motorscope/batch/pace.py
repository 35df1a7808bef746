"""How long a run over many items will take, going by what is done."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


class Pace:
    """The time that is left for all items, by the seconds that a byte took.

    Parameters
    ----------
    sizes
        Bytes of the items.
    clock
        Tells the time in seconds.
    """

    def __init__(self, sizes: Iterable[int], clock: Callable[[], float] = time.monotonic) -> None:
        self._left = sum(max(size, 1) for size in sizes)
        self._clock, self._last = clock, clock()
        self._seconds, self._done = 0.0, 0

    def add(self, size: int, worked: bool = True) -> None:
        """Count an item as done now; one that failed says nothing about the others."""
        now = self._clock()
        if worked:
            self._seconds += now - self._last
            self._done += max(size, 1)
        self._left -= max(size, 1)
        self._last = now

    def left(self, size: int = 0, item_left: float | None = None) -> float | None:
        """Return the seconds that are left for all items; ``None`` while that cannot be told.

        Parameters
        ----------
        size, item_left
            Bytes of the item at hand and the seconds that it will still take, where there is one
            at a time and that is known.
        """
        spent = self._clock() - self._last
        size = max(size, 1)
        if item_left is not None:
            rate = self._seconds / self._done if self._done else (spent + item_left) / size
            return item_left + rate * max(self._left - size, 0)
        if not self._done:
            return None
        return max(self._seconds / self._done * self._left - spent, 0.0)


def bytes_of(path: Path) -> int:
    """Return the bytes of a file, or of the files in a folder; 0 if nobody can tell."""
    with suppress(OSError):  # opening it will say why
        if path.is_dir():
            return sum(each.stat().st_size for each in os.scandir(path) if each.is_file())
        return path.stat().st_size
    return 0
