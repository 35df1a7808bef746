"""Opens tomograms of a queue in a thread, the next one ahead of time."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.batch.queue.jobs import Spacing, open_entry
from motorscope.contract import CancelToken
from motorscope.engine import Failure
from motorscope.engine.question import Runner
from motorscope.errors import MotorscopeError, SpacingError
from motorscope.review.heatmap_part import Heatmap
from motorscope.review.searches import read_heatmap
from motorscope.review.worklist import Entry
from motorscope.tomogram import Tomogram, read_block


@dataclass(frozen=True)
class Opened:
    """A tomogram of the queue, ready to be shown.

    Attributes
    ----------
    path, tomogram
        Where it is, and what it is.
    arguments
        What a viewer has made of it, to show it with.
    heatmap
        That of an earlier search, with its grid; ``None`` if there is none.
    """

    path: Path
    tomogram: Tomogram
    arguments: dict[str, Any]
    heatmap: Heatmap | None = None


@dataclass(frozen=True)
class Failed:
    """A tomogram could not be opened, or searched.

    Attributes
    ----------
    path, text
        Which one, and why, in a sentence.
    unspaced
        Whether it could not be searched because nobody knows its voxel spacing.
    """

    path: Path
    text: str
    unspaced: bool = False

    @classmethod
    def of(cls, path: Path, error: Exception) -> "Failed":
        """Return it with what to do about it."""
        if not isinstance(error, SpacingError):
            return cls(path, str(error))
        text = (
            f"{path.name} does not say its voxel spacing; type it under 'Spacing where unknown' "
            "and search again, or open it and set it in the Motorscope panel."
        )
        return cls(path, text, unspaced=True)


Prepare = Callable[[Tomogram], dict[str, Any]]
"""Makes of a tomogram, in a thread, what is needed to show it."""


def open_job(
    entry: Entry, spacing: Spacing | None, prepare: Prepare, cancel: CancelToken
) -> Generator[Opened | Failed, None, bool]:
    """Open a tomogram: yields it, then reads all of it once, so that its slices come quickly."""
    try:
        tomogram = open_entry(entry, spacing)
        same = entry.spacing in (None, tomogram.grid.spacing)  # as when it was searched
        wanted = entry.summary.record.heatmap
        heatmap = read_heatmap(entry.last_heatmap, wanted) if same else None
        opened = Opened(entry.path, tomogram, prepare(tomogram), heatmap)
    except (MotorscopeError, OSError) as error:
        yield Failed(entry.path, str(error))
        return False
    yield opened
    if isinstance(tomogram.data, np.memmap):
        for plane in range(tomogram.grid.shape[0]):
            if cancel.is_set():
                return False
            place = (slice(plane, plane + 1), slice(None), slice(None))
            np.max(read_block(tomogram.data, place))
    return True


class TomogramReader:
    """Opens the tomogram that a person wants, and then one that may be wanted next.

    Parameters
    ----------
    runner
        For this work alone: a new wish cancels what it does.
    prepare
        See `Prepare`.
    on_opened, on_failed
        Called in the main thread when the wanted tomogram is there, or cannot be opened.
    """

    def __init__(
        self,
        runner: Runner,
        prepare: Prepare,
        on_opened: Callable[[Opened], None],
        on_failed: Callable[[Failed], None],
    ) -> None:
        self._runner, self._prepare = runner, prepare
        self._on_opened, self._on_failed = on_opened, on_failed
        self._wanted: Path | None = None
        self._reading: Path | None = None
        self._ahead: tuple[Entry, Spacing | None] | None = None
        self._ready: Opened | None = None

    @property
    def wanted(self) -> Path | None:
        """The tomogram that is awaited."""
        return self._wanted

    def want(self, entry: Entry, spacing: Spacing | None) -> None:
        """Open a tomogram: at once if it was read ahead. An earlier wish is forgotten."""
        self._wanted, self._ahead = entry.path, None
        if self._ready is not None and self._ready.path == entry.path:
            self._hand_over(self._ready)
        elif self._reading != entry.path:
            self._runner.cancel()
            self._read(entry, spacing)

    def read_ahead(self, entry: Entry, spacing: Spacing | None) -> None:
        """Read a tomogram when nothing else is to be read, so that it opens quickly."""
        if self._ready is None or self._ready.path != entry.path:
            self._ahead = (entry, spacing)
            self._go_on()

    def forget(self, path: Path | None = None) -> None:
        """Forget what was read ahead: that of a path, or whatever it is."""
        if path is None or (self._ready is not None and self._ready.path == path):
            self._ready = None

    def _read(self, entry: Entry, spacing: Spacing | None) -> None:
        self._reading = entry.path
        self._runner.start(
            open_job,
            entry,
            spacing,
            self._prepare,
            on_message=self._on_message,
            on_result=partial(self._on_result, entry.path),
        )

    def _go_on(self) -> None:
        if self._reading is None and self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            self._read(*ahead)

    def _on_message(self, message: Opened | Failed) -> None:
        if message.path != self._wanted:
            self._ready = message if isinstance(message, Opened) else self._ready
        elif isinstance(message, Opened):
            self._hand_over(message)
        else:
            self._wanted = None
            self._on_failed(message)

    def _hand_over(self, opened: Opened) -> None:
        self._wanted = self._ready = None
        self._on_opened(opened)

    def _on_result(self, path: Path, result: Any) -> None:
        if isinstance(result, Failure) and path == self._wanted:
            self._wanted = None
            self._on_failed(Failed(path, result.text))
        if self._reading == path:
            self._reading = None
            self._go_on()
