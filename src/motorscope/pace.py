"""How long a run over many files will take, going by what is done."""

from collections.abc import Sequence
from pathlib import Path


class Pace:
    """The time that is left for all files, by the seconds that a byte took.

    Parameters
    ----------
    paths
        Files or folders of slices, in the order in which they are searched.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._sizes = [_size(path) for path in paths]
        self._seconds = 0.0
        self._done = 0

    def add(self, seconds: float | None) -> None:
        """Count the next file as done after so many seconds; ``None`` for one that failed."""
        size = self._sizes.pop(0)
        if seconds is not None:
            self._done += size
            self._seconds += seconds

    def left(self, spent: float, file_left: float | None) -> float | None:
        """Return the seconds that are left for all files; ``None`` while that cannot be told.

        Parameters
        ----------
        spent, file_left
            Seconds that the present file took so far, and that it will still take, if known.
        """
        present, later = self._sizes[0], sum(self._sizes[1:])
        if self._done:
            rate = self._seconds / self._done
            if file_left is None:
                file_left = max(rate * present - spent, 0.0)
        elif file_left is None:
            return None
        else:
            rate = (spent + file_left) / present
        return file_left + rate * later


def _size(path: Path) -> int:
    """Return the bytes of a file or of the files in a folder, 1 at least."""
    try:
        if path.is_dir():
            return max(sum(each.stat().st_size for each in path.iterdir()), 1)
        return max(path.stat().st_size, 1)
    except OSError:  # opening it will say why
        return 1
