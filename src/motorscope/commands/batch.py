"""Find motors in thousands of tomograms, on one machine or many."""

import argparse
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
)
from motorscope.commands.console import Commands, Line, say
from motorscope.errors import ConfigError
from motorscope.words import counted, duration

if TYPE_CHECKING:
    from motorscope.batch.run import Ended


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "batch",
        help="find motors in thousands of tomograms, on one machine or many",
        description="Find motors in many tomograms, on this machine, a Dask cluster or SLURM. "
        "What is found in each is written to OUT when it is done; the same command goes on where "
        "it was stopped.",
        epilog="OUT/picks.csv, OUT/summary.csv and OUT/report.html are made at the end; "
        "'motorscope report OUT' makes them at any time.",
    )
    parser.last_lines = tomogram_formats
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="FOLDER|LIST|GLOB",
        help="folders of tomograms, text files (.txt, .lst) with a path on each line, patterns "
        "in quotes, or tomograms",
    )
    add_output(parser, "OUT", "the folder for all of it")
    parser.add_argument(
        "--on",
        default="local",
        metavar="WHERE",
        help="local, dask:ADDRESS of a scheduler that runs, or slurm (default: local)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes on this machine, or tasks of SLURM's job array (default: one for each "
        "graphics processor, or as many as there is room for)",
    )
    parser.add_argument(
        "--slurm",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a directive of SLURM, as often as needed: partition=gpu, gpus-per-node=1, time=240",
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help="try those again that failed before"
    )
    add_model(parser)
    add_choice(parser)
    add_spacing(parser)
    add_density(parser)
    parser.add_argument(
        "--heatmaps", action="store_true", help="keep the heatmaps, for the review in napari"
    )
    add_device(parser)
    add_precision(parser)
    add_flips(parser)
    parser.set_defaults(run=run)


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say from which score on a candidate is a pick."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="least calibrated probability of a pick, 0 to 1 (default: the model's)",
    )
    choice.add_argument(
        "--quantile",
        type=float,
        metavar="Q",
        help="choose the threshold so that this share of the tomograms has no pick, 0 to 1",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.batch.run import BatchRequest, run_batch

    request = BatchRequest(
        sources=arguments.sources,
        out=arguments.output,
        model=arguments.model,
        threshold=arguments.threshold,
        quantile=arguments.quantile,
        spacing=arguments.spacing,
        density=arguments.density,
        device=arguments.device,
        precision=arguments.precision,
        flips=arguments.flips,
        heatmaps=arguments.heatmaps,
        retry_failed=arguments.retry_failed,
        on=arguments.on,
        workers=arguments.workers,
        directives=_directives(arguments.slurm),
    )
    reporter = Reporter()
    batch = run_batch(request)
    try:
        while True:
            try:
                reporter(next(batch))
            except StopIteration as end:
                ended = end.value
                break
    except KeyboardInterrupt:
        batch.close()
        reporter.stopped(arguments.output)
        return 130
    return _end(ended, arguments.output)


class Reporter:
    """Shows what a batch says on stderr, in one changing line on a terminal."""

    def __init__(self) -> None:
        self._line = Line()
        self._done = self._before = self._total = 0

    def __call__(self, message: object) -> None:
        """Show a message of `motorscope.batch.run.run_batch`."""
        from motorscope.batch.loop import Done, Standing
        from motorscope.batch.run import Opened, Planned

        if isinstance(message, Planned):
            plan = message.plan
            self._before, self._total = plan.done, len(plan.items)
            if message.maps:
                say(f"Left out {counted(message.maps, 'map')} that motorscope wrote.")
            for remark in plan.remarks:
                say(remark)
            say(f"{counted(len(plan.items), 'tomogram')}: {plan.done} done, {len(plan.left)} left.")
        elif isinstance(message, Opened):
            self._line.head = message.where
            self._line.show("starting")
        elif isinstance(message, Done):
            if message.error is not None:
                self._line.keep(f"failed: {message.error}")
        elif isinstance(message, Standing):
            self._done = message.done
            done = self._before + message.done
            failed = f", {message.failed} failed" if message.failed else ""
            left = message.seconds_left
            time = "" if left is None else f", {duration(left)} left"
            self._line.show(f"{done} of {self._total} done{failed}{time}")

    def stopped(self, out: Path) -> None:
        """Say how far a run came that was stopped, and how to go on."""
        self._line.end()
        done = self._before + self._done
        say(
            f"motorscope: stopped; {done} of {self._total} done, in {out}; the same command goes "
            f"on, and 'motorscope report {out}' shows what is there."
        )


def _directives(given: Sequence[str]) -> dict[str, str]:
    directives = {}
    for each in given:
        key, equals, value = each.lstrip("-").partition("=")
        if not key or not equals:
            raise ConfigError(f"A directive of SLURM is KEY=VALUE, such as partition=gpu: {each!r}")
        directives[key.strip()] = value.strip()
    return directives


def _end(ended: "Ended", out: Path) -> int:
    from motorscope.batch.reporting.report import report

    result = report(out, ended.record)
    picks = sum(row.picks for row in result.rows)
    failed = result.failed
    say(
        f"{counted(picks, 'pick')} of {counted(len(result.searched), 'tomogram')} from "
        f"{result.threshold.value:.3g} on ({result.threshold.why}), in {out / 'picks.csv'}"
    )
    say(f"{counted(len(result.rows), 'tomogram')} in {out / 'summary.csv'}; look at them in")
    say(f"{out / 'report.html'}")
    for row in failed[:10]:
        say(f"motorscope: {row.outcome.error}")
    if len(failed) > 10:
        say(f"motorscope: and {len(failed) - 10} more; see {out / 'summary.csv'}")
    return 2 if failed else 0
