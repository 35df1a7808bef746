"""Reading a folder of tomograms, and searching many of them, in a thread."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from motorscope.batch.loop import Begun, Done, Standing, follow, in_turn
from motorscope.batch.pace import bytes_of
from motorscope.batch.search import search
from motorscope.batch.worklist import scan
from motorscope.contract import (
    CancelToken,
    Message,
    ModelCard,
    ModelRef,
    ModelRequest,
    Progress,
    Run,
    RunSettings,
)
from motorscope.contract.stages import AlikeElsewhereRequest
from motorscope.engine import Engine, run_on
from motorscope.picks import PickTable, Summits
from motorscope.review import Search
from motorscope.review.heatmap_part import Heatmap
from motorscope.review.worklist import Entry, Worklist, with_journal
from motorscope.tomogram import Tomogram, VoxelGrid, open_tomogram, write_heatmap

Spacing = tuple[float, float, float]

_BATCH = 200  # journals between two messages


@dataclass(frozen=True)
class QueueTask:
    """Search tomograms of a queue, one after the other, with one model.

    Attributes
    ----------
    entries
        Pairs of an entry and the spacing in Å to take where its file does not say one.
    model, device, precision, flips
        See `motorscope.contract.RunSettings`.
    """

    entries: Sequence[tuple[Entry, Spacing | None]]
    model: ModelRef
    device: str = "auto"
    precision: str = "auto"
    flips: bool | None = None


@dataclass(frozen=True)
class Searched:
    """What was found in a tomogram of a queue.

    Attributes
    ----------
    path, grid
        The tomogram.
    summits, threshold
        What was seen, with the model's name and checksum, and from which score on it is shown.
    heatmap
        The heatmap with its grid.
    search
        What the journal shall say of the search.
    """

    path: Path
    grid: VoxelGrid
    summits: Summits
    threshold: float
    heatmap: Heatmap
    search: Search


@dataclass(frozen=True)
class Like:
    """What to look for in tomograms of a queue.

    Attributes
    ----------
    model, key, wanted, rejected, minimum_distance, settings
        See `motorscope.contract.stages.AlikeElsewhereRequest`.
    """

    model: ModelRef
    key: str
    wanted: PickTable
    rejected: PickTable
    minimum_distance: float
    settings: RunSettings


@dataclass(frozen=True)
class FoundAlike:
    """What looks like examples in a tomogram: candidates, and how far apart they are in Å."""

    path: Path
    grid: VoxelGrid
    candidates: PickTable
    distance: float


def scan_job(
    source: Path, folder: Path | None, cancel: CancelToken
) -> Generator[Worklist | list[Entry], None, bool]:
    """Read a folder or a list: yields the queue, then its entries as their journals have them."""
    queue = scan(source, folder)
    yield queue
    batch: list[Entry] = []
    for entry in queue.entries.values():
        if cancel.is_set():
            return False
        batch.append(with_journal(entry))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch
    return True


def search_job(
    task: QueueTask, engine: Engine, cancel: CancelToken
) -> Generator[Begun[Entry] | Message | Standing | Done[Entry, Searched], None, bool]:
    """Search tomograms; see `motorscope.batch.loop`. The model is loaded once."""
    yield Progress(what="Loading the model", done=0, total=0)
    option = yield from run_on(engine, ModelRequest(task.model), cancel)
    if option is None:
        return False
    card, entries = option.card, [entry for entry, _ in task.entries]
    spacings = {entry.path: spacing for entry, spacing in task.entries}

    def look(entry: Entry) -> Run[Searched]:
        return _search(entry, spacings[entry.path], card, task, engine, cancel)

    way = in_turn(entries, look, cancel)
    totals = yield from follow(entries, way, lambda entry: bytes_of(entry.path))
    return totals.done == len(entries)


def alike_job(
    entries: Sequence[tuple[Entry, Spacing | None]], like: Like, engine: Engine, cancel: CancelToken
) -> Generator[Begun[Entry] | Message | Standing | Done[Entry, FoundAlike], None, bool]:
    """Find what looks like examples; what a stage knows of a tomogram is kept on disk."""
    items, spacings = [entry for entry, _ in entries], {e.path: spacing for e, spacing in entries}

    def look(entry: Entry) -> Run[FoundAlike]:
        tomogram = open_entry(entry, spacings[entry.path])
        request = AlikeElsewhereRequest(
            tomogram,
            like.model,
            like.key,
            like.wanted,
            like.rejected,
            like.minimum_distance,
            like.settings,
        )
        found = yield from run_on(engine, request, cancel)
        if found is None:
            return None
        return FoundAlike(entry.path, tomogram.grid, found.candidates, like.minimum_distance)

    way = in_turn(items, look, cancel)
    totals = yield from follow(items, way, lambda entry: bytes_of(entry.path))
    return totals.done == len(items)


def _search(
    entry: Entry,
    spacing: Spacing | None,
    card: ModelCard,
    task: QueueTask,
    engine: Engine,
    cancel: CancelToken,
) -> Run[Searched]:
    settings = RunSettings(task.device, task.precision, task.flips)
    found = yield from search(
        lambda: open_entry(entry, spacing), task.model, settings, engine, cancel
    )
    if found is None:
        return None
    heatmap = (found.result.heatmap, found.result.grid)
    write_heatmap(entry.heatmap, *heatmap)
    return Searched(
        path=entry.path,
        grid=found.tomogram.grid,
        summits=found.summits(card),
        threshold=card.default_threshold,
        heatmap=heatmap,
        search=Search.now(card.name, card.sha256, found.tomogram.density),
    )


def open_entry(entry: Entry, spacing: Spacing | None) -> Tomogram:
    """Open a tomogram; what its file does not say comes from the journal, or from a person."""
    tomogram = open_tomogram(entry.path, density=entry.summary.record.density)
    known = entry.spacing or spacing
    if tomogram.grid.spacing is None and known is not None:
        return tomogram.with_spacing(known)
    return tomogram
