"""Detection in files: many tomograms in, one CSV of picks out, heatmaps if wanted."""

import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from motorscope.batch.journals import keep_for_queue
from motorscope.batch.loop import Begun, Done, Standing, follow, in_turn
from motorscope.batch.pace import bytes_of
from motorscope.batch.search import Found, search
from motorscope.batch.table import ledger
from motorscope.contract import (
    CancelToken,
    DetectionResult,
    Message,
    ModelCard,
    ModelRef,
    ModelRequest,
    Run,
    RunSettings,
)
from motorscope.engine import Engine, run_on
from motorscope.errors import MotorscopeError
from motorscope.tomogram import Shade, Tomogram, heatmap_name, name_of, open_tomogram, write_heatmap
from motorscope.tomogram.formats import suffix_of


@dataclass(frozen=True)
class FilesRequest:
    """Find motors in files.

    Attributes
    ----------
    paths
        Tomograms: files or folders of slices.
    output
        The CSV of the picks; each tomogram's are appended when it was searched. See
        `motorscope.batch.table.ledger` for the summary beside it.
    model
        Which network.
    threshold
        Calibrated probability from which a candidate is a pick, or ``None`` for the model's own.
    spacing
        Voxel spacing in Å that overrules the files', or ``None``.
    density
        How dense things look in all tomograms, or ``None`` to find it out in each.
    heatmap
        A file (MRC or OME-Zarr) to write the heatmap to; for several tomograms a folder, which then
        gets a ``NAME_heatmap.mrc`` of each. ``None`` for no heatmaps.
    device, precision, flips, flips_everywhere
        See `RunSettings`.
    overwrite
        Whether outputs that exist may be replaced; a CSV that was there is kept as
        ``NAME.bak.csv``.
    resume
        Whether to go on with the run whose outputs exist; tomograms that it did are left out.
    queue, queue_heatmaps
        Whether to keep what was found beside each tomogram, where the queue in napari finds it, and
        the heatmaps as well.
    """

    paths: Sequence[Path]
    output: Path
    model: ModelRef
    threshold: float | None = None
    spacing: float | None = None
    density: Shade | None = None
    heatmap: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    flips: bool | None = None
    flips_everywhere: bool = False
    overwrite: bool = False
    resume: bool = False
    queue: bool = False
    queue_heatmaps: bool = False

    @property
    def run_settings(self) -> RunSettings:
        """Where and how the network is run."""
        return RunSettings(self.device, self.precision, self.flips, self.flips_everywhere)

    @property
    def heatmaps_in_folder(self) -> bool:
        """Whether the heatmaps go into a folder."""
        if self.heatmap is None:
            return False
        return len(self.paths) > 1 or (self.heatmap.is_dir() and not suffix_of(self.heatmap))

    def heatmap_path(self, name: str) -> Path | None:
        """Return where the heatmap of a tomogram goes, if one is wanted."""
        if self.heatmap is None or not self.heatmaps_in_folder:
            return self.heatmap
        return self.heatmap / heatmap_name(name)


@dataclass(frozen=True)
class FilesResumed:
    """A run goes on: `done` of `total` files were searched before."""

    done: int
    total: int


@dataclass(frozen=True)
class FileDone:
    """What became of a file: the number of picks, the best candidate's score, and what failed."""

    path: Path
    picks: int = 0
    best: float | None = None
    seconds: float = 0.0
    error: str | None = None


FilesRun = Generator[
    FilesResumed | Begun[Path] | Message | Standing | FileDone, None, list[FileDone]
]


def detect_files(
    request: FilesRequest, engine: Engine, cancel: CancelToken | None = None
) -> FilesRun:
    """Find motors in every file; a file that fails does not stop the others.

    Yields `FilesResumed` if some were searched before; then for each file `Begun`, the messages of
    its run, each `Progress` after a `Standing`, and `FileDone`. Returns the `FileDone` of all that
    were searched, also before. The CSV holds the picks of the files that succeeded; if none did, it
    is not written.

    Parameters
    ----------
    request
        What to do; see `check_files`.
    engine
        Computes.
    cancel
        When set, the run ends before the next file and leaves out the one at hand.

    Raises
    ------
    ConfigError
        If the run to go on with was begun with other settings.
    ModelError
        If the model cannot be loaded.
    MotorscopeError
        If an output cannot be written.
    """
    cancel = threading.Event() if cancel is None else cancel
    option = yield from run_on(engine, ModelRequest(request.model), cancel)
    if option is None:
        return []
    with ledger.alone(request.output):
        return (yield from _all_files(request, option.card, engine, cancel))


def _all_files(
    request: FilesRequest, card: ModelCard, engine: Engine, cancel: CancelToken
) -> FilesRun:
    settings = _settings(request, card)
    paths = {name_of(path): path for path in request.paths}
    before = ledger.go_on(request.output, settings, paths) if request.resume else None
    rows = list(before or ())
    known = {row.tomogram: row for row in rows}
    done = [_file_done(path, known[name]) for name, path in paths.items() if name in known]
    if before is not None:
        yield FilesResumed(len(done), len(paths))
    left = [path for name, path in paths.items() if name not in known]
    begun, finished = before is not None, False

    def look(path: Path) -> Run[Found]:
        opener = partial(open_tomogram, path, spacing=request.spacing, density=request.density)
        return search(opener, request.model, request.run_settings, engine, cancel)

    loop = follow(left, in_turn(left, look, cancel, len(done)), bytes_of)
    try:
        with closing(loop):
            for event in loop:
                if not isinstance(event, Done):
                    yield event
                    continue
                if not begun:
                    ledger.begin(request.output, settings)
                    begun = True
                rows.append(_record(request, card, event))
                done.append(_file_done(event.item, rows[-1]))
                yield done[-1]
        finished = len(done) == len(paths)
    finally:
        if begun:
            ledger.close(request.output, settings, rows, finished)
    return done


def _settings(request: FilesRequest, card: ModelCard) -> ledger.Settings:
    """Return what decides on the picks, and on what else is written."""
    return {
        "model": card.name,
        "model_sha256": card.sha256 or "",
        "threshold": _threshold(request, card),
        "flips": card.flips if request.flips is None else request.flips,
        "spacing": request.spacing,
        "density": request.density,
        "heatmaps": request.heatmap is not None,
        "queue": request.queue or request.queue_heatmaps,
        "queue_heatmaps": request.queue_heatmaps,
    }


def _threshold(request: FilesRequest, card: ModelCard) -> float:
    return card.default_threshold if request.threshold is None else request.threshold


def _record(request: FilesRequest, card: ModelCard, done: Done[Path, Found]) -> ledger.Row:
    """Write all that is to be written about a tomogram, and return its row."""
    name, file = name_of(done.item), str(done.item.resolve())
    if done.value is None:
        row = ledger.Row(name, file, error=str(done.error))
        ledger.add(request.output, row)
        return row
    tomogram, result = done.value.tomogram, done.value.result
    picks = result.candidates.above(_threshold(request, card))
    problems = [
        _write_heatmap(request, tomogram, result),
        _keep_for_queue(request, done.value, card),
    ]
    scores = result.candidates.scores
    row = ledger.Row(
        name,
        file,
        picks=len(picks),
        best=float(scores.max()) if len(scores) else None,
        seconds=result.seconds,
        device=result.device,
        precision=result.precision,
        error=" ".join(problem for problem in problems if problem),
    )
    ledger.add(request.output, row, picks, tomogram.grid)
    return row


def _write_heatmap(
    request: FilesRequest, tomogram: Tomogram, result: DetectionResult
) -> str | None:
    """Write the heatmap, if one is wanted, and return what went wrong; the picks are safe."""
    path = request.heatmap_path(tomogram.name)
    if path is None:
        return None
    try:
        write_heatmap(path, result.heatmap, result.grid)
    except (MotorscopeError, OSError) as error:
        return f"The picks are written, but not the heatmap {path}: {error}"
    return None


def _keep_for_queue(request: FilesRequest, found: Found, card: ModelCard) -> str | None:
    """Keep what was found for the queue, if wanted, and return what went wrong."""
    if not (request.queue or request.queue_heatmaps):
        return None
    try:
        keep_for_queue(found, card, _threshold(request, card), request.queue_heatmaps)
    except (MotorscopeError, OSError) as error:
        path = found.tomogram.path
        return f"The picks of {path} are written, but not kept for the queue: {error}"
    return None


def _file_done(path: Path, row: ledger.Row) -> FileDone:
    return FileDone(path, row.picks, row.best, row.seconds, row.error or None)
