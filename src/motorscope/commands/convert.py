"""Turn coordinates of one program into those of another."""

import argparse
from pathlib import Path

from motorscope.commands.arguments import check_output, tomogram_path
from motorscope.commands.console import Commands, say
from motorscope.words import counted


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "convert",
        help="turn a file of coordinates, or a tomogram, into one of another program",
        description="Turn a file of coordinates into one of another program. Suffix and content "
        "tell the formats, or --from and --to. Rejected picks go into our own CSV only. A tomogram "
        "becomes one of another format: NAME.mrc, or NAME.zarr with a pyramid.",
        epilog="Formats: csv (ours), labels and submission (the BYU competition's), relion5, "
        "relion4, star (x, y, z in voxels), dynamo, imod, portal (CryoET Data Portal), copick, "
        "json and npy (z, y, x in voxels), napari (its own CSV of points). Those of one tomogram a "
        "file can be read from a folder and written to one.",
    )
    parser.add_argument(
        "source", type=tomogram_path, metavar="IN", help="a file, or a folder of files"
    )
    parser.add_argument("target", type=Path, metavar="OUT", help="a file, or a folder that exists")
    parser.add_argument("--from", dest="from_format", metavar="FORMAT", help="the format of IN")
    parser.add_argument("--to", dest="to_format", metavar="FORMAT", help="the format of OUT")
    parser.add_argument(
        "--spacing",
        type=float,
        metavar="Å",
        help="the tomogram's voxel spacing, where IN does not say it",
    )
    parser.add_argument(
        "--binning",
        type=float,
        default=1.0,
        metavar="N",
        help="how many voxels that IN counts in fit into one of the tomogram's along an axis "
        "(default: 1)",
    )
    parser.add_argument(
        "--shape",
        type=int,
        nargs=3,
        metavar=("Z", "Y", "X"),
        help="the tomogram's number of voxels, for formats that count from its middle",
    )
    parser.add_argument(
        "--accepted",
        action="store_true",
        help="write accepted picks only; else undecided candidates too",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace files that exist; what was there is kept as NAME.bak.csv or the like",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.tomogram import can_open
    from motorscope.tomogram.formats import suffix_of

    if can_open(arguments.source) and suffix_of(arguments.target):
        return _convert_tomogram(arguments)
    return _convert_picks(arguments)


def _convert_tomogram(arguments: argparse.Namespace) -> int:
    from motorscope.tomogram import format_to_write, open_tomogram, write_volume

    format_to_write(arguments.target)
    check_output(arguments.target, arguments.overwrite, [arguments.source])
    tomogram = open_tomogram(arguments.source, arguments.spacing)
    write_volume(arguments.target, tomogram.data, tomogram.grid)
    levels = counted(1 + len(open_tomogram(arguments.target).levels), "level")
    say(f"{tomogram.name} written to {arguments.target}, {levels}.")
    return 0


def _convert_picks(arguments: argparse.Namespace) -> int:
    from motorscope.picks.convert import convert
    from motorscope.review.summary import statuses_in_words

    written = convert(
        arguments.source,
        arguments.target,
        from_format=arguments.from_format,
        to_format=arguments.to_format,
        spacing=arguments.spacing,
        binning=arguments.binning,
        shape=None if arguments.shape is None else tuple(arguments.shape),
        overwrite=arguments.overwrite,
        accepted=arguments.accepted,
    )
    picks = counted(sum(map(len, written.values())), "pick")
    say(
        f"{picks} of {counted(len(written), 'tomogram')} written to {arguments.target}"
        f"{statuses_in_words(written.values())}."
    )
    return 0
