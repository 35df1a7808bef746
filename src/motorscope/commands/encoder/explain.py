"""Show which voxels make the network's answer at a point."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from motorscope.commands.arguments import (
    add_density,
    add_device,
    add_model,
    add_output,
    add_spacing,
    check_output,
    tomogram_path,
)
from motorscope.commands.console import Commands, Line, say

if TYPE_CHECKING:
    from motorscope.contract.attribution import Attribution, Deletion

FIGURE_SUFFIXES = (".png", ".svg", ".pdf")


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "explain",
        help="show which voxels make the network's answer at a point",
        description="Write a map of the voxels that speak for a motor (positive) or against one "
        "(negative) at a point of a tomogram, in place by its header's origin.",
        epilog="Positions are in Å in the tomogram's own coordinates, as in the picks that detect "
        "writes. hirescam and gradients take seconds; integrated and occlusion take longer and "
        'need captum (pip install "napari-motorscope[inspect]").',
    )
    parser.add_argument("file", type=tomogram_path, metavar="FILE", help="a tomogram")
    parser.add_argument(
        "--at",
        type=float,
        nargs=3,
        required=True,
        metavar=("Z", "Y", "X"),
        help="the point, in Å",
    )
    parser.add_argument(
        "--method",
        default="hirescam",
        metavar="METHOD",
        help="hirescam, gradients, integrated or occlusion (default: hirescam)",
    )
    add_output(parser, "MAP", "NAME.mrc or NAME.zarr")
    parser.add_argument(
        "--figure",
        type=Path,
        metavar="FILE",
        help="draw the map over the tomogram's slices, as .png or .svg",
    )
    parser.add_argument(
        "--deletion",
        action="store_true",
        help="test the map: how far the score falls when what it marks is replaced, as CSV on "
        "stdout",
    )
    add_model(parser)
    add_spacing(parser)
    add_density(parser)
    parser.add_argument(
        "--steps", type=int, default=16, metavar="N", help="of integrated gradients (default: 16)"
    )
    parser.add_argument(
        "--block",
        type=float,
        default=400.0,
        metavar="Å",
        help="side of what occlusion covers at once (default: 400)",
    )
    parser.add_argument(
        "--reach",
        type=float,
        default=600.0,
        metavar="Å",
        help="how far from the point occlusion covers (default: 600)",
    )
    add_device(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.tomogram import format_to_write

    format_to_write(arguments.output)
    for path, suffixes in ((arguments.output, ()), (arguments.figure, FIGURE_SUFFIXES)):
        if path is not None:
            check_output(path, arguments.overwrite, [arguments.file], suffixes)

    from motorscope.contract import RunSettings
    from motorscope.contract.attribution import AttributionRequest, DeletionRequest
    from motorscope.detection import run_to_end
    from motorscope.inspection.attribution.deletion import deletion_test
    from motorscope.inspection.attribution.explain import attribute
    from motorscope.inspection.attribution.figure import check_matplotlib, write_figure
    from motorscope.inspection.attribution.methods import method_of
    from motorscope.network import load_model
    from motorscope.tomogram import map_label, open_tomogram, write_volume

    method_of(arguments.method)
    if arguments.figure is not None:
        check_matplotlib()
    tomogram = open_tomogram(arguments.file, arguments.spacing, arguments.density)
    model = load_model(arguments.model)
    request = AttributionRequest(
        tomogram=tomogram,
        model=model,
        at=tuple(arguments.at),
        method=arguments.method,
        steps=arguments.steps,
        block=arguments.block,
        reach=arguments.reach,
        settings=RunSettings(device=arguments.device),
    )
    line = Line()
    line.head = tomogram.name
    found = run_to_end(attribute(request), line.tell)
    assert found is not None  # nothing cancels it
    write_volume(arguments.output, found.values, found.grid, label=map_label(arguments.method))
    line.keep(_answer(found))
    if arguments.figure is not None:
        write_figure(arguments.figure, request, found)
        line.keep(f"figure in {arguments.figure}")
    if arguments.deletion:
        test = run_to_end(
            deletion_test(DeletionRequest.of(model, found, request.settings)), line.tell
        )
        assert test is not None
        line.keep(f"replacing what the map marks takes {100 * test.fall:.0f} % of the score")
        print(_table(test), end="")
    say(f"Map of {model.card.name}, {arguments.method}, in {arguments.output}")
    return 0


def _answer(found: "Attribution") -> str:
    return (
        f"score {found.score:.3f} (without flips) at {_point(found.target)}; the map is highest at "
        f"{_point(found.maximum)}, {found.seconds:.1f} s"
    )


def _point(place: tuple[float, float, float]) -> str:
    return "z {:.0f} y {:.0f} x {:.0f} Å".format(*place)


def _table(test: "Deletion") -> str:
    rows = [f"{0:g},0,{test.score:.4f}"]
    for radius, voxels, score in zip(test.radii, test.voxels, test.scores, strict=True):
        rows.append(f"{radius:g},{voxels},{score:.4f}")
    return "\n".join(["radius_angstrom,voxels,score", *rows, ""])
