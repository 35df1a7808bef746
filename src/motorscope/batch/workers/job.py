"""What a worker is told: the job that all tomograms share, and the place where it works."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from motorscope import __version__
from motorscope.batch.folder.outcome import Outcome
from motorscope.batch.folder.store import Store
from motorscope.batch.items import Item
from motorscope.batch.settings import Settings
from motorscope.contract import CancelToken


@dataclass(frozen=True)
class Job:
    """What all tomograms of a run have in common.

    Attributes
    ----------
    out
        The folder of the batch.
    settings
        What decides on the candidates.
    model
        A model's name, or its file with the whole path.
    heatmaps
        Whether to keep heatmaps.
    device
        Where to run, unless the worker was given a device of its own; see `DetectionRequest`.
    owner
        The run, for claims.
    version
        That of motorscope where the run was started; a worker has the same one.
    """

    out: Path
    settings: Settings
    model: str
    heatmaps: bool = False
    device: str = "auto"
    owner: str = ""
    version: str = __version__

    @property
    def store(self) -> Store:
        """Where the outcomes go."""
        return Store(self.out, self.settings.key)


@dataclass(frozen=True)
class Place:
    """Where this process works: its device, its threads, and what stops it."""

    device: str | None = None
    threads: int | None = None
    cancel: CancelToken | None = None


Detector = Callable[[Job, Item, Place], Outcome | None]
"""Makes the outcome of a tomogram, or ``None`` when it was stopped."""
