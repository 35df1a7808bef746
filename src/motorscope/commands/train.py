"""Train a model."""

import argparse
from pathlib import Path

from motorscope.commands.console import Commands, say


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "train",
        help="train a model",
        description="Train a model as a configuration says. The folder gets NAME.json and "
        "NAME.safetensors, which --model takes, log.csv, validation.csv and a checkpoint.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG.toml", help="what to train, and how")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the run's folder (default: runs/NAME)"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.training import read_config, train

    config = read_config(arguments.config)
    out = arguments.out if arguments.out is not None else Path("runs") / config.name
    say(f"The model: {train(config, out, resume=arguments.resume)}")
    return 0
