"""Find what looks like a few examples."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from motorscope.commands.arguments import add_output, check_output, tomogram_path, whole_numbers
from motorscope.commands.console import Commands, Line, say
from motorscope.commands.encoder.stages import add_stage_arguments, stage_request
from motorscope.words import counted

if TYPE_CHECKING:
    from motorscope.inspection import AlikeExamples
    from motorscope.picks import PickTable

MATCHES = 8
"""Further examples, unless a person says otherwise; chosen by measurement."""


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "alike",
        help="find what looks, to a stage of the network, like a few examples",
        description="Find places that look, to a stage of the network, like a few examples, and "
        "write them to a CSV like that of 'detect'. One example can do. Nothing is trained.",
        epilog="Examples are the picks of --ids, else those that are accepted, else all "
        "candidates; rejected picks tell what not to look for. The score is the similarity: "
        "examples have 1 on average, the background 0; what stands out more has more than 1.",
    )
    parser.add_argument(
        "files", nargs="+", type=tomogram_path, metavar="FILE", help="tomograms to search"
    )
    parser.add_argument(
        "--like", type=Path, required=True, metavar="PICKS.csv", help="picks with the examples"
    )
    parser.add_argument(
        "--ids", type=whole_numbers, metavar="N,N,…", help="which picks are examples, by their ids"
    )
    parser.add_argument(
        "--like-tomogram",
        type=tomogram_path,
        metavar="FILE",
        help="the tomogram of the examples, if it is not among those to search",
    )
    add_output(parser, "CSV", "where the places go")
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="least similarity of what is written (default: 0.1)",
    )
    parser.add_argument(
        "--matches",
        type=int,
        default=MATCHES,
        metavar="N",
        help="so many of the best places of all tomograms become examples as well, and all are "
        "searched once more; 0 for the examples alone (default: %(default)s)",
    )
    add_stage_arguments(parser, "the last of the decoder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.detection import run_to_end
    from motorscope.errors import ConfigError
    from motorscope.inspection import StageCache, alike_stage, search_alike
    from motorscope.inspection.alike.discriminant import FLOOR
    from motorscope.network import load_to_inspect
    from motorscope.picks import write_picks
    from motorscope.tomogram import name_of, open_tomogram

    like = arguments.like_tomogram
    inputs = [*arguments.files, arguments.like, *([like] if like else [])]
    check_output(arguments.output, arguments.overwrite, inputs)
    threshold = FLOOR if arguments.threshold is None else arguments.threshold
    if not 0 < threshold <= 1:
        raise ConfigError(f"--threshold must lie between 0 and 1, not at {threshold}.")
    if arguments.matches < 0:
        raise ConfigError(f"--matches must be 0 or more, not {arguments.matches}.")
    paths = list(dict.fromkeys([*arguments.files, *([like] if like else [])]))
    tomograms = [open_tomogram(path, arguments.spacing, arguments.density) for path in paths]
    names = [tomogram.name for tomogram in tomograms]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigError(f"Two of the tomograms are named {twice}; search them one by one.")
    examples = _examples(arguments, names)
    model = load_to_inspect(arguments.model)
    arguments.stage = arguments.stage or alike_stage(model)
    requests = [stage_request(arguments, tomogram, model) for tomogram in tomograms]
    line = Line()
    line.head = arguments.stage
    found = run_to_end(
        search_alike(
            requests,
            examples,
            StageCache.default(),
            minimum_distance=model.card.minimum_distance,
            floor=threshold,
            wanted=[name_of(path) for path in arguments.files],
            matches=arguments.matches,
        ),
        line.tell,
    )
    assert found is not None  # nobody cancels
    grids = {tomogram.name: tomogram.grid for tomogram in tomograms}
    tables = {name: (table, grids[name]) for name, table in found.tables.items()}
    write_picks(arguments.output, tables)
    channels = ", ".join(str(c) for c in found.discriminant.top_channels())
    total = sum(len(table) for table, _ in tables.values())
    say(f"{arguments.stage}: the channels {channels} decide the most")
    say(
        f"{counted(total, 'place')} in {counted(len(tables), 'tomogram')}, best first, in "
        f"{arguments.output}"
    )
    return 0


def _examples(arguments: argparse.Namespace, names: list[str]) -> "dict[str, AlikeExamples]":
    """Return the examples by the names of their tomograms.

    Raises
    ------
    PicksError
        If an id is not there, or the picks are of other tomograms.
    """
    from motorscope.errors import PicksError
    from motorscope.inspection import AlikeExamples
    from motorscope.picks import pick_tables, read_picks
    from motorscope.tomogram import name_of

    tables = pick_tables(read_picks(arguments.like))
    only = names if arguments.like_tomogram is None else [name_of(arguments.like_tomogram)]
    here = {name: table for name, table in tables.items() if name in only}
    if not here:
        said = f"picks of {', '.join(list(tables)[:3])}" if tables else "no picks"
        raise PicksError(
            f"{arguments.like} holds {said}, but none of {', '.join(only[:3])}; name the tomogram "
            "of the examples with --like-tomogram."
        )
    ids = arguments.ids
    known = {number for table in here.values() for number in table.ids.tolist()}
    if ids is not None and (absent := [number for number in ids if number not in known]):
        there = ", ".join(list(here)[:3])
        raise PicksError(f"{arguments.like} holds no pick with the id {absent[0]} in {there}.")
    return {
        name: AlikeExamples(_wanted(table, ids), table.with_status("rejected"))
        for name, table in here.items()
    }


def _wanted(table: "PickTable", ids: tuple[int, ...] | None) -> "PickTable":
    """Return the picks of some ids, or the accepted ones, or if there are none all candidates."""
    if ids is not None:
        return table.select([row for row, number in enumerate(table.ids) if number in ids])
    accepted = table.with_status("accepted")
    return accepted if len(accepted) else table.with_status("candidate")
