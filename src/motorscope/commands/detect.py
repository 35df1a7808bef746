"""Find motors in tomograms."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motorscope.commands.arguments import (
    add_density,
    add_device,
    add_flips,
    add_model,
    add_output,
    add_precision,
    add_spacing,
    tomogram_formats,
    tomogram_path,
)
from motorscope.commands.console import Commands, Line, progress_text, say
from motorscope.words import counted, duration

if TYPE_CHECKING:
    from motorscope.batch.table import FileDone


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "detect",
        help="find motors in tomograms and write them to a CSV",
        description="Find motors in tomograms and write their positions to a CSV, with no display.",
        epilog="Beside picks.csv, picks.summary.csv and picks.summary.json name every tomogram "
        "that was searched, those without a motor too. A file that fails does not stop the others; "
        "what failed is said at the end, and the exit status is then 2.",
    )
    parser.last_lines = tomogram_formats
    parser.add_argument(
        "files",
        nargs="+",
        type=tomogram_path,
        metavar="FILE|DIR",
        help="tomograms, or folders of them; our maps among them, such as heatmaps, are left out",
    )
    add_output(parser, "CSV", "where the picks go")
    add_model(parser)
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="least calibrated probability of a pick, 0 to 1 (default: the model's)",
    )
    add_spacing(parser)
    add_density(parser)
    parser.add_argument(
        "--heatmap",
        type=Path,
        metavar="OUT",
        help="write the heatmap to NAME.mrc or NAME.zarr, or to this folder for several tomograms",
    )
    parser.add_argument(
        "--queue",
        action="store_true",
        help="keep all candidates beside each tomogram too, for the review in napari's queue; "
        "what a person decided or added there stays",
    )
    parser.add_argument("--queue-heatmaps", action="store_true", help="the same, with the heatmaps")
    add_device(parser)
    add_precision(parser)
    add_flips(parser)
    parser.add_argument(
        "--flips-everywhere",
        action="store_true",
        help="with flips, compute the mirror images of everything, four times the work of one "
        "look; scores change by hundredths at most",
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run that wrote CSV and was stopped or killed: what it searched is "
        "left out",
    )
    again.add_argument(
        "--overwrite",
        action="store_true",
        help="replace files that exist; the CSV that was there is kept as NAME.bak.csv",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="say nothing on stderr but what failed"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="write a line of JSON to stdout for each tomogram, when it is done",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.batch.table import FilesRequest, check_files, detect_files
    from motorscope.contract import ModelRef, run_to_end
    from motorscope.engine import ThreadEngine
    from motorscope.tomogram import expand

    found = expand(arguments.files)
    if found.maps and not arguments.quiet:
        say(_left_out(found.maps))
    request = FilesRequest(
        paths=list(found.names),
        output=arguments.output,
        model=ModelRef(arguments.model),
        threshold=arguments.threshold,
        spacing=arguments.spacing,
        density=arguments.density,
        heatmap=arguments.heatmap,
        device=arguments.device,
        precision=arguments.precision,
        flips=arguments.flips,
        flips_everywhere=arguments.flips_everywhere,
        overwrite=arguments.overwrite,
        resume=arguments.resume,
        queue=arguments.queue,
        queue_heatmaps=arguments.queue_heatmaps,
    )
    check_files(request)
    reporter = Reporter(arguments.quiet, arguments.json)
    try:
        done = run_to_end(detect_files(request, ThreadEngine()), reporter)
    except KeyboardInterrupt:
        reporter.stopped(arguments.output)
        return 130
    if not arguments.quiet:
        _sum_up(done, arguments.output)
    failed = [file.error for file in done if file.error is not None]
    for error in failed:
        say(f"motorscope: {error}")
    return 2 if failed else 0


class Reporter:
    """Shows messages on stderr, in one changing line on a terminal.

    Parameters
    ----------
    quiet
        Whether nothing is shown; see `stopped`.
    as_json
        Whether each tomogram that is done becomes a line of JSON on stdout.
    """

    def __init__(self, quiet: bool = False, as_json: bool = False) -> None:
        self._quiet, self._as_json = quiet, as_json
        self._line = Line()
        self._left = ""
        self._done = self._total = 0

    def __call__(self, message: object) -> None:
        """Show a message of `motorscope.batch.table.detect_files`."""
        from motorscope.batch.loop import Begun
        from motorscope.batch.table import FileDone, FilesResumed

        if isinstance(message, FilesResumed):
            self._done, self._total = message.done, message.total
        elif isinstance(message, Begun):
            self._done, self._total = message.number - 1, message.total
        elif isinstance(message, FileDone):
            self._done += 1
            if self._as_json:
                print(_json_line(message), flush=True)
        if not self._quiet:
            self._show(message)

    def _show(self, message: object) -> None:
        from motorscope.batch.loop import Begun, Standing
        from motorscope.batch.table import FileDone, FilesResumed
        from motorscope.contract import Notice, Progress

        if isinstance(message, FilesResumed):
            say(f"Going on: {message.done} of {message.total} were searched before.")
        elif isinstance(message, Begun):
            self._line.head = f"[{message.number}/{message.total}] {message.item.name}"
        elif isinstance(message, Standing):
            left = message.seconds_left
            self._left = "" if left is None else f", {duration(left)} left"
        elif isinstance(message, Progress):
            self._line.show(f"{progress_text(message)}{self._left}")
        elif isinstance(message, Notice):
            self._line.keep(message.text)
        elif isinstance(message, FileDone):
            self._line.keep(_outcome(message))

    def stopped(self, output: Path) -> None:
        """Say how far a run came that was stopped, also a quiet one."""
        if not self._quiet:
            self._line.end()
        if self._done:
            say(
                f"motorscope: stopped; {self._done} of {self._total} done, in {output}; the same "
                "command with --resume goes on."
            )
        else:
            say("motorscope: stopped")


def _left_out(maps: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in maps[:3]) + (", …" if len(maps) > 3 else "")
    return f"Left out {counted(len(maps), 'map')} that motorscope wrote ({names})."


def _outcome(done: "FileDone") -> str:
    if done.error is not None:
        return "failed"
    found = counted(done.picks, "motor")
    best = "" if done.best is None else f", best candidate {done.best:.3f}"
    return f"{found}{best}, {done.seconds:.1f} s"


def _json_line(done: "FileDone") -> str:
    """Return what became of a tomogram, in the words of the summary's columns."""
    from motorscope.tomogram import name_of

    row = {
        "tomogram": name_of(done.path),
        "file": str(done.path.resolve()),
        "picks": done.picks,
        "best": done.best,
        "seconds": done.seconds,
        "error": done.error,
    }
    return json.dumps(row, ensure_ascii=False)


def _sum_up(done: "list[FileDone]", output: Path) -> None:
    from motorscope.batch.table.ledger import summary_of

    worked = [file for file in done if file.error is None]
    if worked:
        picks, empty = sum(file.picks for file in worked), sum(not file.picks for file in worked)
        without = f" ({empty} without a motor)" if empty else ""
        say(f"{picks} picks of {counted(len(worked), 'tomogram')}{without} in {output}")
    say(f"{counted(len(done), 'tomogram')} in {summary_of(output)}, those without a motor too")
