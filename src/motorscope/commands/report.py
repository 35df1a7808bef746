"""Make the tables and the report of a batch again."""

import argparse
from pathlib import Path

from motorscope.commands.batch import add_choice
from motorscope.commands.console import Commands, say
from motorscope.words import counted


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "report",
        help="make the tables and the report of a batch again",
        description="Make OUT/picks.csv, OUT/summary.csv and OUT/report.html of the outcomes of "
        "'motorscope batch', at any time, also with another threshold: nothing is detected again.",
    )
    parser.add_argument("output", type=Path, metavar="OUT", help="the folder of the batch")
    add_choice(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.batch.reporting.report import chosen, report

    out: Path = arguments.output
    result = report(out, chosen(out, arguments.threshold, arguments.quantile))
    picks = sum(row.picks for row in result.rows)
    missing = f", {result.missing} not done yet" if result.missing else ""
    say(
        f"{counted(len(result.searched), 'tomogram')} searched, {len(result.failed)} failed"
        f"{missing}; {counted(picks, 'pick')} from {result.threshold.value:.3g} on "
        f"({result.threshold.why})"
    )
    print(out / "report.html")
    return 0
