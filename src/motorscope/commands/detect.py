"""Find motors in tomograms."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from motorscope.commands.console import Commands, Line, say

if TYPE_CHECKING:
    from motorscope.detection import FileDone


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "detect",
        help="find motors in tomograms and write them to a CSV",
        description="Find motors in tomograms and write their positions to a CSV, with no display.",
        epilog="A file that fails does not stop the others; what failed is said at the end, "
        "and the exit status is then 2.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="tomograms")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="CSV", help="where the picks go"
    )
    parser.add_argument(
        "--model",
        default="built-in",
        metavar="NAME|FILE",
        help="a model's name or a file of weights (default: built-in)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="least calibrated probability of a pick, 0 to 1 (default: the model's)",
    )
    parser.add_argument(
        "--spacing",
        type=float,
        metavar="Å",
        help="voxel spacing, for files that do not say it or say it wrongly",
    )
    parser.add_argument(
        "--heatmap",
        type=Path,
        metavar="OUT",
        help="write the heatmap to this MRC file, or to this folder for several tomograms",
    )
    parser.add_argument(
        "--queue",
        action="store_true",
        help="keep all candidates beside each tomogram too, for the review in napari's queue; "
        "what a person decided or added there stays",
    )
    parser.add_argument("--queue-heatmaps", action="store_true", help="the same, with the heatmaps")
    parser.add_argument(
        "--device", default="auto", help="auto, cuda, cuda:1, mps or cpu (default: auto)"
    )
    parser.add_argument(
        "--precision", default="auto", help="auto, fp32, fp16 or bf16 (default: auto)"
    )
    parser.add_argument(
        "--flips",
        action=argparse.BooleanOptionalAction,
        help="whether to average over mirror images, which is four times the work (default: as the "
        "model was measured)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace files that exist; the CSV that was there is kept as NAME.bak.csv",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.detection import FilesRequest, check_files, detect_files, run_to_end
    from motorscope.network import load_model

    request = FilesRequest(
        paths=arguments.files,
        output=arguments.output,
        threshold=arguments.threshold,
        spacing=arguments.spacing,
        heatmap=arguments.heatmap,
        device=arguments.device,
        precision=arguments.precision,
        flips=arguments.flips,
        overwrite=arguments.overwrite,
        queue=arguments.queue,
        queue_heatmaps=arguments.queue_heatmaps,
    )
    check_files(request)
    model = load_model(arguments.model)
    done = run_to_end(detect_files(request, model), _reporter())
    return _summary(done, arguments.output)


def _reporter() -> Callable[[object], None]:
    """Return a function that shows messages on stderr, in one changing line on a terminal."""
    from motorscope.detection import FileDone, FileStarted, Notice, Progress

    line = Line()

    def report(message: object) -> None:
        if isinstance(message, FileStarted):
            line.head = f"[{message.number}/{message.total}] {message.path.name}"
        elif isinstance(message, Progress):
            text = f"{message.what}, {message.done} of {message.total}"
            if message.seconds_left is not None:
                text += f", {message.seconds_left:.0f} s left"
            line.show(text)
        elif isinstance(message, Notice):
            line.keep(message.text)
        elif isinstance(message, FileDone):
            line.keep(_outcome(message))

    return report


def _outcome(done: "FileDone") -> str:
    if done.error is not None:
        return "failed"
    found = f"{done.picks} motor{'' if done.picks == 1 else 's'}"
    best = "" if done.best is None else f", best candidate {done.best:.3f}"
    return f"{found}{best}, {done.seconds:.1f} s"


def _summary(done: "list[FileDone]", output: Path) -> int:
    failed = [file for file in done if file.error is not None]
    worked = len(done) - len(failed)
    if worked:
        picks = sum(file.picks for file in done)
        say(f"{picks} picks of {worked} tomogram{'' if worked == 1 else 's'} in {output}")
    for file in failed:
        say(f"motorscope: {file.error}")
    return 2 if failed else 0
