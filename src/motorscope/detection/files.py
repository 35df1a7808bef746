"""Detection in files: many tomograms in, one CSV of picks out, heatmaps if wanted."""

import math
import os
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from motorscope.detection.device import choose_device
from motorscope.detection.messages import DetectionRequest, DetectionResult, Message
from motorscope.detection.precision import choose_precision
from motorscope.detection.records import keep_for_queue
from motorscope.detection.run import detect
from motorscope.errors import ConfigError, MotorscopeError, TomogramError
from motorscope.files import backup_of, keep_backup
from motorscope.network.card import ModelCard
from motorscope.network.model import Model
from motorscope.picks import PickTable, write_picks
from motorscope.tomogram import (
    MRC_SUFFIXES,
    Tomogram,
    VoxelGrid,
    can_open,
    open_tomogram,
    write_mrc,
)

_COMPRESSED = {".gz", ".bz2"}  # to open these means to unpack them


@dataclass(frozen=True)
class FilesRequest:
    """Find motors in files.

    Attributes
    ----------
    paths
        Tomograms: files or folders of slices.
    output
        The CSV to write; it is written anew after each tomogram, so that nothing done is lost.
    threshold
        Calibrated probability from which a candidate is a pick, or ``None`` for the model's own.
    spacing
        Voxel spacing in Å that overrules the files', or ``None``.
    heatmap
        An MRC file to write the heatmap to; for several tomograms a folder, which then gets a
        ``NAME_heatmap.mrc`` of each. ``None`` for no heatmaps.
    device, precision, flips
        See `DetectionRequest`.
    overwrite
        Whether outputs that exist may be replaced; a CSV that was there is kept as
        ``NAME.bak.csv``.
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
    overwrite: bool = False
    queue: bool = False
    queue_heatmaps: bool = False


@dataclass(frozen=True)
class FileStarted:
    """Work on a file begins; the messages that follow are about it."""

    path: Path
    number: int
    total: int


@dataclass(frozen=True)
class FileDone:
    """What became of a file: the number of picks, the best candidate's score, and what failed."""

    path: Path
    picks: int = 0
    best: float | None = None
    seconds: float = 0.0
    error: str | None = None


FilesRun = Generator[FileStarted | Message | FileDone, None, list[FileDone]]


def check_files(request: FilesRequest) -> None:
    """Check all that can be checked before the long work starts.

    Raises
    ------
    ConfigError
        With everything that is wrong: files that are missing or not tomograms, equal names, an
        unknown spacing, a threshold beyond 0 to 1, an output that cannot be written, that exists
        already, or that is an input too.
    DeviceError
        If the device or the precision is not to be had.
    """
    choose_precision(request.precision, choose_device(request.device))
    problems = [*_wrong_settings(request), *_wrong_outputs(request), *_wrong_inputs(request)]
    if len(problems) == 1:
        raise ConfigError(problems[0])
    if problems:
        raise ConfigError("Nothing was started:\n" + "\n".join(f"- {text}" for text in problems))


def detect_files(
    request: FilesRequest, model: Model, cancel: threading.Event | None = None
) -> FilesRun:
    """Find motors in every file; a file that fails does not stop the others.

    Yields `FileStarted`, the messages of its run, and `FileDone` for each file; returns all
    `FileDone`. The CSV holds the picks of the files that succeeded; if none did, it is not written.

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
    MotorscopeError
        If an output cannot be written.
    """
    cancel = threading.Event() if cancel is None else cancel
    card = model.card
    threshold = card.default_threshold if request.threshold is None else request.threshold
    tables: dict[str, tuple[PickTable, VoxelGrid]] = {}
    done: list[FileDone] = []
    for number, path in enumerate(request.paths, start=1):
        yield FileStarted(path, number, len(request.paths))
        try:
            tomogram = open_tomogram(path, spacing=request.spacing)
            result = yield from detect(
                DetectionRequest(
                    tomogram,
                    model,
                    device=request.device,
                    precision=request.precision,
                    flips=request.flips,
                ),
                cancel,
            )
        except (MotorscopeError, OSError) as error:
            done.append(FileDone(path, error=str(error)))
            yield done[-1]
            continue
        if result is None:
            break
        picks = result.candidates.above(threshold)
        if not tables:
            keep_backup(request.output)
        tables[tomogram.name] = (picks, tomogram.grid)
        write_picks(request.output, tables)
        problems = [
            _write_heatmap(request, tomogram, result),
            _keep_for_queue(request, tomogram, result, card, threshold),
        ]
        failed = " ".join(problem for problem in problems if problem)
        done.append(_file_done(path, picks, result, failed or None))
        yield done[-1]
    return done


def _write_heatmap(
    request: FilesRequest, tomogram: Tomogram, result: DetectionResult
) -> str | None:
    """Write the heatmap, if one is wanted, and return what went wrong; the picks are safe."""
    if request.heatmap is None:
        return None
    path = _heatmap_path(request, request.heatmap, tomogram.name)
    try:
        write_mrc(path, result.heatmap, result.grid)
    except (MotorscopeError, OSError) as error:
        return f"The picks are written, but not the heatmap {path}: {error}"
    return None


def _keep_for_queue(
    request: FilesRequest,
    tomogram: Tomogram,
    result: DetectionResult,
    card: ModelCard,
    threshold: float,
) -> str | None:
    """Keep what was found for the queue, if wanted, and return what went wrong."""
    if not (request.queue or request.queue_heatmaps):
        return None
    try:
        keep_for_queue(tomogram, result, card, threshold, request.queue_heatmaps)
    except (MotorscopeError, OSError) as error:
        return f"The picks of {tomogram.path} are written, but not kept for the queue: {error}"
    return None


def _file_done(
    path: Path, picks: PickTable, result: DetectionResult, error: str | None
) -> FileDone:
    scores = result.candidates.scores
    return FileDone(
        path,
        picks=len(picks),
        best=float(scores.max()) if len(scores) else None,
        seconds=result.seconds,
        error=error,
    )


def _is_folder(request: FilesRequest) -> bool:
    return request.heatmap is not None and (len(request.paths) > 1 or request.heatmap.is_dir())


def _heatmap_path(request: FilesRequest, heatmap: Path, name: str) -> Path:
    return heatmap / f"{name}_heatmap.mrc" if _is_folder(request) else heatmap


def _wrong_settings(request: FilesRequest) -> list[str]:
    problems = []
    if not request.paths:
        problems.append("There is no tomogram to look at; name at least one file.")
    if request.threshold is not None and not 0 <= request.threshold <= 1:
        problems.append(f"The threshold must lie between 0 and 1, not at {request.threshold}.")
    spacing = request.spacing
    if spacing is not None and not (math.isfinite(spacing) and spacing > 0):
        problems.append(f"The spacing must be a positive number of Å, not {spacing}.")
    return problems


def _wrong_outputs(request: FilesRequest) -> list[str]:
    problems = []
    heatmap = request.heatmap
    for path in [request.output, *([] if heatmap is None else [heatmap])]:
        parent = path.absolute().parent
        if not parent.is_dir():
            problems.append(f"The folder of {path} does not exist; make it or choose another.")
        elif not os.access(parent, os.W_OK):
            problems.append(f"The folder of {path} may not be written to; choose another.")
        if any(path.resolve() == source.resolve() for source in request.paths):
            problems.append(f"{path} is also an input and would be overwritten; choose another.")
    if request.output.is_file() and not request.overwrite:
        problems.append(
            f"{request.output} exists already; choose another name, or allow it with --overwrite, "
            f"which keeps what is there as {backup_of(request.output).name}."
        )
    if heatmap is not None and heatmap.is_file() and not request.overwrite:
        problems.append(
            f"{heatmap} exists already; choose another name, or allow it with --overwrite."
        )
    if request.output.is_dir():
        problems.append(f"The output {request.output} is a folder; name a CSV file.")
    if heatmap is not None and heatmap.resolve() == request.output.resolve():
        problems.append(f"The picks and the heatmap cannot both go to {heatmap}.")
    if heatmap is not None and not _is_folder(request):
        if heatmap.suffix.lower() not in MRC_SUFFIXES:
            problems.append(f"The heatmap {heatmap} is an MRC file; let its name end in .mrc.")
    if heatmap is not None and len(request.paths) > 1 and not heatmap.is_dir():
        problems.append(
            f"Heatmaps of several tomograms need a folder that exists, which {heatmap} is not."
        )
    return problems


def _wrong_inputs(request: FilesRequest) -> list[str]:
    problems = []
    names: dict[str, Path] = {}
    for path in request.paths:
        if not path.exists():
            problems.append(f"There is no file {path}.")
            continue
        readable = can_open(path)
        if readable and path.suffix.lower() in _COMPRESSED:
            name = Path(path.stem).stem
        else:
            try:
                tomogram = open_tomogram(path, spacing=request.spacing)
            except TomogramError as error:
                if not readable:
                    problems.append(str(error))
                continue  # a damaged one is told when its turn comes; the others are worth the work
            name = tomogram.name
            if tomogram.grid.spacing is None:
                problems.append(
                    f"{path} does not say its voxel spacing; give it with --spacing in Å."
                )
        heatmap = request.heatmap
        if heatmap is not None and heatmap.is_dir() and not request.overwrite:
            there = _heatmap_path(request, heatmap, name)
            if there.exists():
                problems.append(
                    f"{there} exists already; choose another folder, or allow it with --overwrite."
                )
        if name in names:
            problems.append(
                f"{path} and {names[name]} have the same name, so that their picks could "
                "not be told apart; rename one or run them one by one."
            )
        names[name] = path
    return problems
