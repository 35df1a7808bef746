"""Train a model."""

import argparse
from pathlib import Path
from typing import Any

from motorscope.commands.console import Commands, say
from motorscope.errors import MotorscopeError


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "train",
        help="train a model, or teach one further",
        description="Train a model as a configuration says, or teach one further with tomograms "
        "and picks of your own: motorscope train --tomograms DIR --picks PICKS.csv. The folder "
        "gets NAME.json and NAME.safetensors, which --model takes, log.csv, validation.csv and a "
        "checkpoint; with tomograms held out also held-out.csv, the scores before and after.",
    )
    parser.add_argument(
        "config",
        type=Path,
        nargs="?",
        metavar="CONFIG.toml",
        help="what to train, and how; options go before what it says",
    )
    parser.add_argument(
        "--from",
        dest="start_from",
        metavar="NAME|FILE",
        help="the model to go on from (default: built-in, or what the configuration says)",
    )
    parser.add_argument(
        "--tomograms",
        metavar="DIR",
        help="a folder of tomograms to learn from; those without picks count as free of motors",
    )
    parser.add_argument(
        "--picks",
        metavar="CSV",
        help="their picks: accepted ones are motors, rejected ones are not, and what is undecided "
        "is left out; or the competition's train_labels.csv",
    )
    parser.add_argument(
        "--spacing",
        type=float,
        metavar="Å",
        help="their voxel spacing, where neither they nor the picks say it, or wrongly",
    )
    parser.add_argument("--steps", type=int, metavar="N", help="steps of training")
    parser.add_argument(
        "--held-out",
        type=float,
        metavar="SHARE",
        help="share of the tomograms on which the model is only measured, before and after",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the run's folder (default: runs/NAME)"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.training import fine_tuning, format_comparison, read_config, train

    options = _options(arguments)
    if arguments.config is not None:
        config = read_config(arguments.config, options)
    elif arguments.tomograms is None or arguments.picks is None:
        raise MotorscopeError(
            "motorscope train needs a configuration, or --tomograms and --picks to learn from."
        )
    else:
        config = fine_tuning(options)
    out = arguments.out if arguments.out is not None else Path("runs") / config.name
    trained = train(config, out, resume=arguments.resume, tell=say)
    if trained is not None:
        if trained.comparison is not None:
            print(format_comparison(trained.comparison), flush=True)
        say(f"The model: {trained.card}")
    return 0


def _options(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return what the options say, in the tables of a configuration."""
    tables = {
        "network": {"start_from": arguments.start_from},
        "data": {
            "tomograms": arguments.tomograms,
            "picks": arguments.picks,
            "tomogram_spacing": arguments.spacing,
            "held_out": arguments.held_out,
        },
        "optimiser": {"steps": arguments.steps},
    }
    return {
        table: said
        for table, keys in tables.items()
        if (said := {key: value for key, value in keys.items() if value is not None})
    }
