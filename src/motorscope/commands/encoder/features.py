"""Save what a stage of the network sees."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motorscope.commands.arguments import add_output, check_output, tomogram_path, whole_numbers
from motorscope.commands.console import Commands, Line, say
from motorscope.commands.encoder.stages import add_stage_arguments, stage_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from motorscope.inspection import Basis, StageCache, StageFacts, StageRequest
    from motorscope.tomogram import VoxelGrid


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "features",
        help="save feature maps of a stage of the network",
        description="Save feature maps of a stage of the network as MRC or OME-Zarr, in their "
        "place in the tomogram. One map is a volume; several are a stack of volumes.",
        epilog="Principal components are those of the basis that is kept with the model, if there "
        "is one, so that they mean the same in every tomogram; else those of this tomogram.",
    )
    parser.add_argument("file", type=tomogram_path, metavar="FILE", help="a tomogram")
    add_output(parser, "OUT", "NAME.mrc or NAME.zarr")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--channels",
        type=whole_numbers,
        metavar="N,N,…",
        help="these channels, counted from 0 (default: all)",
    )
    what.add_argument(
        "--pca", type=int, metavar="K", help="the K principal components with the most variance"
    )
    what.add_argument(
        "--stat",
        choices=("mean", "max", "std"),
        help="mean, maximum or standard deviation over all channels",
    )
    parser.add_argument(
        "--box",
        type=float,
        nargs=6,
        metavar=("Z", "Y", "X", "Z", "Y", "X"),
        help="two corners in Å of the part to look at, in the tomogram's own coordinates",
    )
    parser.add_argument(
        "--basis",
        type=Path,
        metavar="FILE",
        help="the basis of the principal components: used if the file exists, else written",
    )
    add_stage_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.errors import ConfigError
    from motorscope.inspection import StageCache, stage_facts
    from motorscope.inspection.export import cut, write_maps
    from motorscope.network import load_to_inspect
    from motorscope.tomogram import format_to_write, map_label, open_tomogram

    check_output(arguments.output, arguments.overwrite, [arguments.file])
    format_to_write(arguments.output)
    if arguments.basis is not None and arguments.pca is None:
        raise ConfigError("--basis is for principal components; give --pca 3 too.")
    tomogram = open_tomogram(arguments.file, arguments.spacing, arguments.density)
    model = load_to_inspect(arguments.model)
    request = stage_request(arguments, tomogram, model, arguments.box)
    say(_facts(stage_facts(request)))
    data, grid, names = _maps(arguments, request, StageCache.default(), Line())
    data, grid = cut(data, grid, arguments.box)
    label = map_label(f"{request.stage} of {model.card.name}")
    write_maps(arguments.output, data, grid, names, label)
    size = " × ".join(str(side) for side in grid.shape)
    spacing = " × ".join(f"{s:g}" for s in grid.known_spacing())
    count = f"{len(names)} maps" if len(names) > 1 else names[0]
    say(f"{request.stage}: {count}, {size} voxels of {spacing} Å (z, y, x) in {arguments.output}")
    return 0


def _facts(facts: "StageFacts") -> str:
    """Return what is known of a stage before it is computed."""
    spec = facts.spec
    voxel, sees = (" × ".join(f"{s:.4g}" for s in sides) for sides in (facts.spacing, facts.sees))
    return (
        f"{spec.name}: {spec.channels} channels, stride {spec.stride}; voxels of {voxel} Å, each "
        f"of which sees {sees} Å at most; {facts.bytes / 1e6:.1f} MB"
    )


def _maps(
    arguments: argparse.Namespace, request: "StageRequest", cache: "StageCache", line: Line
) -> "tuple[Any, VoxelGrid, list[str]]":
    """Return the wanted maps, their grid and their names."""
    from motorscope.detection import run_to_end
    from motorscope.inspection import Across, Assemble, Project, open_stage, reduce_stage

    line.head = request.tomogram.name
    show = line.tell
    spec, grid = request.spec, request.grid
    if arguments.stat is not None:
        across = Across(arguments.stat)
        run_to_end(reduce_stage(request, [across], cache), show)
        return across.result(), grid, [f"{arguments.stat} over {spec.channels} channels"]
    if arguments.pca is not None:
        basis = _basis(arguments, request, cache, show)
        project = Project(basis.axes, basis.mean)
        run_to_end(reduce_stage(request, [project], cache), show)
        shares = [f"{100 * share:.1f} %" for share in basis.explained]
        say(f"{request.stage}: the components explain {', '.join(shares)} of the variance")
        return project.result(), grid, [f"component {n}" for n in range(len(basis.axes))]
    if arguments.channels is not None:
        _check_channels(arguments.channels, request)
        some = Assemble(channels=arguments.channels)
        run_to_end(reduce_stage(request, [some], cache), show)
        return some.result(), grid, [f"channel {n}" for n in arguments.channels]
    entry = run_to_end(open_stage(request, cache), show)
    assert entry is not None  # nobody cancels
    return entry.maps, grid, [f"channel {n}" for n in range(spec.channels)]


def _basis(
    arguments: argparse.Namespace,
    request: "StageRequest",
    cache: "StageCache",
    show: "Callable[[object], None]",
) -> "Basis":
    """Return the basis that is kept in a file or with the model, or fit one to this tomogram."""
    from dataclasses import replace

    from motorscope.detection import run_to_end
    from motorscope.inspection import fit_basis, kept_basis, load_basis, open_stage, save_basis

    path, fingerprint = arguments.basis, request.model.fingerprint
    if path is not None and path.exists():
        basis = load_basis(path, request.stage, fingerprint)
        return basis.first(arguments.pca)
    kept = None if path is not None else kept_basis(arguments.model, request.stage, fingerprint)
    if kept is not None and arguments.pca <= len(kept.axes):
        return kept.first(arguments.pca)
    # All of the tomogram, so that colors do not depend on the box.
    entry = run_to_end(open_stage(replace(request, region=None), cache), show)
    assert entry is not None  # nobody cancels
    basis = fit_basis([entry.moments], request.stage, fingerprint, arguments.pca)
    if path is not None:
        save_basis(basis, path)
    else:
        say(
            f"{request.stage}: no basis is kept with the model, so the components are those of "
            "this tomogram alone"
        )
    return basis


def _check_channels(channels: tuple[int, ...], request: "StageRequest") -> None:
    from motorscope.errors import ConfigError

    last = request.spec.channels - 1
    for channel in channels:
        if not 0 <= channel <= last:
            raise ConfigError(
                f"{request.stage} has the channels 0 to {last}; there is no {channel}."
            )
