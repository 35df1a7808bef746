"""What can be said of a run over many files before it starts."""

import math
import os
from pathlib import Path

from motorscope.batch.table import ledger
from motorscope.batch.table.run import FilesRequest
from motorscope.detection import choose_device, choose_precision
from motorscope.errors import ConfigError, TomogramError
from motorscope.files import backup_of
from motorscope.tomogram import can_open, format_to_write, open_tomogram

_COMPRESSED = {".gz", ".bz2"}  # to open these means to unpack them


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
    replaces = request.overwrite or request.resume
    for path in [request.output, *([] if heatmap is None else [heatmap])]:
        parent = path.absolute().parent
        if not parent.is_dir():
            problems.append(f"The folder of {path} does not exist; make it or choose another.")
        elif not os.access(parent, os.W_OK):
            problems.append(f"The folder of {path} may not be written to; choose another.")
        if any(path.resolve() == source.resolve() for source in request.paths):
            problems.append(f"{path} is also an input and would be overwritten; choose another.")
    there = next((path for path in ledger.outputs(request.output) if path.is_file()), None)
    if there is not None and not replaces:
        problems.append(
            f"{there} exists already; go on with --resume if it is of the same run, choose another "
            "name, or allow it with --overwrite, which keeps what is there as "
            f"{backup_of(there).name}."
        )
    alone = heatmap is not None and not request.heatmaps_in_folder
    if heatmap is not None and alone and heatmap.exists() and not replaces:
        problems.append(
            f"{heatmap} exists already; choose another name, or allow it with --overwrite."
        )
    if request.output.is_dir():
        problems.append(f"The output {request.output} is a folder; name a CSV file.")
    if heatmap is not None and heatmap.resolve() == request.output.resolve():
        problems.append(f"The picks and the heatmap cannot both go to {heatmap}.")
    if heatmap is not None and alone:
        try:
            format_to_write(heatmap)
        except TomogramError as error:
            problems.append(f"The heatmap cannot be written: {error}")
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
        replaces = request.overwrite or request.resume
        if heatmap is not None and request.heatmaps_in_folder and not replaces:
            there = request.heatmap_path(name)
            if there is not None and there.exists():
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
