"""Detection in files: many tomograms in, one CSV of picks out, heatmaps if wanted."""

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from motorscope.contract import (
    CancelToken,
    DetectionRequest,
    DetectionResult,
    Message,
    ModelCard,
    Progress,
    RunSettings,
)
from motorscope.detection.files import ledger
from motorscope.detection.files.records import keep_for_queue
from motorscope.detection.run import detect
from motorscope.errors import MotorscopeError
from motorscope.network.model import Model
from motorscope.pace import Pace
from motorscope.tomogram import Tomogram, heatmap_name, name_of, open_tomogram, write_heatmap


@dataclass(frozen=True)
class FilesRequest:
    """Find motors in files.

    Attributes
    ----------
    paths
        Tomograms: files or folders of slices.
    output
        The CSV of the picks; each tomogram's are appended when it was searched. See
        `motorscope.detection.files.ledger` for the summary beside it.
    threshold
        Calibrated probability from which a candidate is a pick, or ``None`` for the model's own.
    spacing
        Voxel spacing in Å that overrules the files', or ``None``.
    heatmap
        An MRC file to write the heatmap to; for several tomograms a folder, which then gets a
        ``NAME_heatmap.mrc`` of each. ``None`` for no heatmaps.
    device, precision, flips, flips_everywhere
        See `DetectionRequest`.
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
    threshold: float | None = None
    spacing: float | None = None
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
    def heatmaps_in_folder(self) -> bool:
        """Whether the heatmaps go into a folder."""
        return self.heatmap is not None and (len(self.paths) > 1 or self.heatmap.is_dir())

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
class FileStarted:
    """Work on a file begins; the messages that follow are about it."""

    path: Path
    number: int
    total: int


@dataclass(frozen=True)
class FilesLeft:
    """All files together will take so many seconds more."""

    seconds: float


@dataclass(frozen=True)
class FileDone:
    """What became of a file: the number of picks, the best candidate's score, and what failed."""

    path: Path
    picks: int = 0
    best: float | None = None
    seconds: float = 0.0
    error: str | None = None


FilesRun = Generator[
    FilesResumed | FileStarted | Message | FilesLeft | FileDone, None, list[FileDone]
]


def detect_files(
    request: FilesRequest, model: Model, cancel: CancelToken | None = None
) -> FilesRun:
    """Find motors in every file; a file that fails does not stop the others.

    Yields `FilesResumed` if some were searched before; then for each file `FileStarted`, the
    messages of its run, among them `FilesLeft`, and `FileDone`. Returns the `FileDone` of all that
    were searched, also before. The CSV holds the picks of the files that succeeded; if none did, it
    is not written.

    Parameters
    ----------
    request
        What to do; see `check_files`.
    model
        The network to use.
    cancel
        When set, the run ends before the next file and leaves out the one at hand.

    Raises
    ------
    ConfigError
        If the run to go on with was begun with other settings.
    MotorscopeError
        If an output cannot be written.
    """
    cancel = threading.Event() if cancel is None else cancel
    with ledger.alone(request.output):
        return (yield from _all_files(request, model, cancel))


def _all_files(request: FilesRequest, model: Model, cancel: CancelToken) -> FilesRun:
    settings = _settings(request, model.card)
    paths = {name_of(path): path for path in request.paths}
    before = ledger.go_on(request.output, settings, paths) if request.resume else None
    rows = list(before or ())
    known = {row.tomogram: row for row in rows}
    done = [_file_done(path, known[name]) for name, path in paths.items() if name in known]
    if before is not None:
        yield FilesResumed(len(done), len(paths))
    left = {name: path for name, path in paths.items() if name not in known}
    pace = Pace(list(left.values()))
    begun, finished = before is not None, False
    try:
        for name, path in left.items():
            yield FileStarted(path, len(done) + 1, len(paths))
            found = yield from _search(request, model, path, pace, cancel)
            if found is None:
                return done
            if not begun:
                ledger.begin(request.output, settings)
                begun = True
            rows.append(_record(request, model.card, name, path, found))
            done.append(_file_done(path, rows[-1]))
            yield done[-1]
        finished = True
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
        "heatmaps": request.heatmap is not None,
        "queue": request.queue or request.queue_heatmaps,
        "queue_heatmaps": request.queue_heatmaps,
    }


def _threshold(request: FilesRequest, card: ModelCard) -> float:
    return card.default_threshold if request.threshold is None else request.threshold


_Found = tuple[Tomogram, DetectionResult] | MotorscopeError | OSError
"""A tomogram and what was found in it, or why it could not be searched."""


def _search(
    request: FilesRequest, model: Model, path: Path, pace: Pace, cancel: CancelToken
) -> Generator[Message | FilesLeft, None, _Found | None]:
    """Search a tomogram; ``None`` if the run was cancelled."""
    began = time.monotonic()
    try:
        tomogram = open_tomogram(path, spacing=request.spacing)
        asked = DetectionRequest(
            tomogram,
            model,
            settings=RunSettings(
                request.device, request.precision, request.flips, request.flips_everywhere
            ),
        )
        run = detect(asked, cancel)
        with closing(run):
            while True:
                try:
                    message = next(run)
                except StopIteration as end:
                    result: DetectionResult | None = end.value
                    break
                yield message
                if isinstance(message, Progress):
                    seconds = pace.left(time.monotonic() - began, message.seconds_left)
                    if seconds is not None:
                        yield FilesLeft(seconds)
    except (MotorscopeError, OSError) as error:
        pace.add(None)
        return error
    if result is None:
        return None
    pace.add(time.monotonic() - began)
    return tomogram, result


def _record(
    request: FilesRequest, card: ModelCard, name: str, path: Path, found: _Found
) -> ledger.Row:
    """Write all that is to be written about a tomogram, and return its row."""
    file = str(path.resolve())
    if isinstance(found, Exception):
        row = ledger.Row(name, file, error=str(found))
        ledger.add(request.output, row)
        return row
    tomogram, result = found
    picks = result.candidates.above(_threshold(request, card))
    problems = [
        _write_heatmap(request, tomogram, result),
        _keep_for_queue(request, tomogram, result, card),
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


def _keep_for_queue(
    request: FilesRequest, tomogram: Tomogram, result: DetectionResult, card: ModelCard
) -> str | None:
    """Keep what was found for the queue, if wanted, and return what went wrong."""
    if not (request.queue or request.queue_heatmaps):
        return None
    threshold = _threshold(request, card)
    try:
        keep_for_queue(tomogram, result, card, threshold, request.queue_heatmaps)
    except (MotorscopeError, OSError) as error:
        return f"The picks of {tomogram.path} are written, but not kept for the queue: {error}"
    return None


def _file_done(path: Path, row: ledger.Row) -> FileDone:
    return FileDone(path, row.picks, row.best, row.seconds, row.error or None)
