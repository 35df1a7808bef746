"""Make synthetic tomograms."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from motorscope.commands.console import Commands, say
from motorscope.errors import MotorscopeError


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "simulate",
        help="make synthetic tomograms with known motors",
        description="Make synthetic tomograms, truth.csv with their motors, and tomograms.csv, "
        "which lists them all. The same settings and seed give the same tomograms.",
    )
    parser.last_lines = _formats
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where they go")
    parser.add_argument(
        "--set",
        metavar="NAME",
        help="the tomograms that models are measured on, standard or hard, instead of the options "
        "from --count to --spacing",
    )
    parser.add_argument("--count", type=int, metavar="N", help="how many (default: 1)")
    parser.add_argument("--seed", type=int, metavar="S", help="default: 0")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as TOML")
    parser.add_argument("--shape", type=int, nargs=3, metavar=("Z", "Y", "X"), help="voxels")
    parser.add_argument("--spacing", type=float, metavar="Å", help="voxel size")
    parser.add_argument(
        "--format", default="mrc", metavar="NAME", help="what to write them as (default: mrc)"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an earlier simulation in DIR"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.tomogram.formats import writable_by_name

    arguments.suffix = writable_by_name(arguments.format).suffixes[0]
    made = _simulate_set(arguments) if arguments.set is not None else _simulate_any(arguments)
    for name, motors in made:
        say(f"{name}: {motors} motor{'' if motors == 1 else 's'}")
    return 0


def _simulate_set(arguments: argparse.Namespace) -> Iterator[tuple[str, int]]:
    from motorscope.evaluate.sets import evaluation_set
    from motorscope.simulation import simulate_plans

    for option in ("count", "seed", "config", "shape", "spacing"):
        if getattr(arguments, option) is not None:
            raise MotorscopeError(f"--set says what to simulate; leave out --{option}.")
    plans = evaluation_set(arguments.set)
    return simulate_plans(arguments.out, plans, arguments.overwrite, arguments.suffix)


def _simulate_any(arguments: argparse.Namespace) -> Iterator[tuple[str, int]]:
    from dataclasses import replace

    from motorscope.simulation import (
        SimulationConfig,
        read_simulation_config,
        simulate_folder,
    )

    config = SimulationConfig()
    if arguments.config is not None:
        config = read_simulation_config(arguments.config)
    if arguments.shape is not None:
        config = replace(config, shape=tuple(arguments.shape))
    if arguments.spacing is not None:
        config = replace(config, spacing=arguments.spacing)
    count = 1 if arguments.count is None else arguments.count
    seed = 0 if arguments.seed is None else arguments.seed
    return simulate_folder(
        arguments.out, count, seed, config, arguments.overwrite, arguments.suffix
    )


def _formats() -> str:
    from motorscope.tomogram.formats import writable

    return f"Formats: {', '.join(form.name for form in writable())}."
