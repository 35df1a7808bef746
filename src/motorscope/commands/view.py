"""Open tomograms in napari."""

import argparse
from pathlib import Path

from motorscope.commands.arguments import add_spacing, tomogram_formats, tomogram_path
from motorscope.commands.console import Commands


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "view",
        help="open tomograms in napari, with the Motorscope panel",
        description="Open tomograms in napari, with the Motorscope panel docked.",
    )
    parser.last_lines = tomogram_formats
    parser.add_argument("files", nargs="*", type=tomogram_path, metavar="FILE", help="tomograms")
    parser.add_argument(
        "--queue",
        type=Path,
        metavar="DIR|LIST",
        help="open a folder of tomograms, or a text file with a path on each line, in the queue",
    )
    parser.add_argument(
        "--sample", action="store_true", help="open the simulated sample tomogram, too"
    )
    parser.add_argument("--detect", action="store_true", help="find motors at once")
    parser.add_argument(
        "--stage",
        type=int,
        metavar="N",
        choices=range(5),
        help="show the maps of this encoder stage after the detection: 0 (stem) to 4",
    )
    parser.add_argument(
        "--model", metavar="NAME|FILE", help="a model's name or file (default: your preference)"
    )
    add_spacing(parser)
    parser.add_argument(
        "--screenshot",
        type=Path,
        metavar="PNG",
        help="find motors, save a picture of the window, and close it",
    )
    parser.add_argument(
        "--picks", type=Path, metavar="CSV", help="find motors, save them, and close the window"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.plugin.launch import view

    view(
        arguments.files,
        model=arguments.model,
        spacing=arguments.spacing,
        detect=arguments.detect,
        stage=arguments.stage,
        sample=arguments.sample,
        queue=arguments.queue,
        screenshot=arguments.screenshot,
        picks=arguments.picks,
    )
    return 0
