"""Compare picks with a truth."""

import argparse
import math
from pathlib import Path

from motorscope.commands.console import Commands
from motorscope.errors import MotorscopeError


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "evaluate",
        help="compare picks with a truth",
        description="Compare picks with the true motors: F2 by the rules of the BYU competition, "
        "precision, recall, average precision, distances, calibration, and all of it by group.",
        epilog="Only the best pick of a tomogram counts for F2. For a whole precision–recall curve "
        "give picks of low scores too (motorscope detect --threshold 0.01) and the threshold here.",
    )
    parser.add_argument("picks", type=Path, metavar="PICKS.csv", help="what was found")
    parser.add_argument("truth", type=Path, metavar="TRUTH.csv", help="what is there")
    parser.add_argument(
        "--tomograms",
        type=Path,
        metavar="DIR|CSV",
        help="the tomograms that were searched, those without motors too: their folder, or a CSV "
        "with a column 'tomogram' (default: tomograms.csv beside the truth, if there is one)",
    )
    parser.add_argument(
        "--threshold", type=float, metavar="T", help="leave out picks of lower scores"
    )
    parser.add_argument(
        "--radius",
        type=float,
        default=1000.0,
        metavar="Å",
        help="distance within which a motor counts as found (default: 1000, the competition's)",
    )
    parser.add_argument(
        "--plots", type=Path, metavar="DIR", help="write tables (CSV) and plots (PNG, SVG) here"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.evaluate import format_report, read_evaluation, score_picks, write_report

    if not arguments.radius > 0:
        raise MotorscopeError(f"--radius must be a positive number of Å, not {arguments.radius:g}.")
    if arguments.threshold is not None and math.isnan(arguments.threshold):
        raise MotorscopeError("--threshold must be a number, not nan.")
    data = read_evaluation(arguments.picks, arguments.truth, arguments.tomograms)
    scores = score_picks(data.found, data.truth, arguments.radius, arguments.threshold)
    if arguments.plots is not None:
        write_report(arguments.plots, data, scores)
    print(format_report(data, scores))
    if arguments.plots is not None:
        print(f"\nTables and plots are in {arguments.plots}.")
    return 0
