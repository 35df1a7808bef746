"""What the commands that look into a network share: their arguments, and the request."""

import argparse
from typing import TYPE_CHECKING

from motorscope.commands.arguments import (
    add_density,
    add_device,
    add_model,
    add_precision,
    add_spacing,
)

if TYPE_CHECKING:
    from motorscope.inspection import StageRequest
    from motorscope.network import EncoderModel, Model
    from motorscope.tomogram import Tomogram


def add_stage_arguments(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add which stage of which model, and how it is computed; `default` says what none means."""
    parser.add_argument(
        "--stage",
        required=default is None,
        metavar="NAME",
        help="stem, layer1 to layer4, decoder1 and on, or logits"
        + (f" (default: {default})" if default else ""),
    )
    add_model(parser, "a model's name, or a file of weights of a detector or of an encoder alone")
    add_spacing(parser)
    add_density(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a file that exists")
    add_device(parser)
    add_precision(parser)


def stage_request(
    arguments: argparse.Namespace,
    tomogram: "Tomogram",
    model: "Model | EncoderModel",
    box: list[float] | None = None,
) -> "StageRequest":
    """Return what the arguments ask for; a stage that there is none of is an error."""
    from motorscope.contract import RunSettings
    from motorscope.inspection import StageRequest

    region = None if box is None else ((box[0], box[1], box[2]), (box[3], box[4], box[5]))
    request = StageRequest(
        tomogram=tomogram,
        model=model,
        stage=arguments.stage,
        region=region,
        settings=RunSettings(device=arguments.device, precision=arguments.precision),
    )
    _ = request.spec
    return request
