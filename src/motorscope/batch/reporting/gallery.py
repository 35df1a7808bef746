"""What the gallery of a queue does in threads: read journals, and make pictures of candidates."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.contract import CancelToken
from motorscope.errors import MotorscopeError
from motorscope.review.worklist import Entry
from motorscope.review.worklist.candidates import Shown, read_shown
from motorscope.tomogram import InputRecipe, Tomogram, level_for, open_tomogram
from motorscope.tomogram.closeups import REACH, close_up, in_grey

SLAB = 5
"""Planes that are averaged, as in the report of a batch."""

_BATCH = 200  # journals between two messages

Key = tuple[Path, int]


@dataclass(frozen=True)
class Wanted:
    """A picture that is wanted: of which tomogram, and where in Å (z, y, x)."""

    key: Key
    entry: Entry
    position: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in grey ``(pixels, pixels)``, or ``None`` where none can be made."""

    key: Key
    grey: NDArray[np.uint8] | None


def read_job(
    entries: Sequence[Entry], cancel: CancelToken
) -> Generator[dict[Path, Shown], None, bool]:
    """Read the picks of tomograms: yields them by path, some at a time."""
    for start in range(0, len(entries), _BATCH):
        if cancel.is_set():
            return False
        yield {entry.path: read_shown(entry) for entry in entries[start : start + _BATCH]}
    return True


def picture_job(
    wanted: Sequence[Wanted], pixels: int, cancel: CancelToken
) -> Generator[Picture, None, bool]:
    """Make pictures; each tomogram is opened once."""
    opened: tuple[Path | None, Tomogram | None] = (None, None)
    for each in sorted(wanted, key=lambda each: each.key):
        if cancel.is_set():
            return False
        if opened[0] != each.entry.path:
            opened = (each.entry.path, _open(each.entry, pixels))
        yield Picture(each.key, _draw(opened[1], each.position, pixels))
    return True


def _open(entry: Entry, pixels: int) -> Tomogram | None:
    try:
        tomogram = open_tomogram(entry.path)
        if tomogram.grid.spacing is None and entry.spacing is not None:
            tomogram = tomogram.with_spacing(entry.spacing)
        return level_for(tomogram, InputRecipe(spacing=2 * REACH / pixels))
    except (MotorscopeError, OSError):
        return None


def _draw(
    tomogram: Tomogram | None, position: tuple[float, ...], pixels: int
) -> NDArray[np.uint8] | None:
    if tomogram is None:
        return None
    try:
        return in_grey(close_up(tomogram.data, tomogram.grid, position, 0, pixels, slab=SLAB))
    except (MotorscopeError, OSError):
        return None
