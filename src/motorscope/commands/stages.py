"""What the commands that look into a network share: their arguments and how they speak."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motorscope.commands.console import Line

if TYPE_CHECKING:
    from motorscope.inspection import StageRequest
    from motorscope.network import EncoderModel, Model
    from motorscope.tomogram import Tomogram


def add_stage_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which stage of which model, and how it is computed."""
    parser.add_argument(
        "--stage",
        required=True,
        metavar="NAME",
        help="stem, layer1 to layer4, decoder1 and on, or logits",
    )
    parser.add_argument(
        "--model",
        default="built-in",
        metavar="NAME|FILE",
        help="a model's name, or a file of weights of a detector or of an encoder alone "
        "(default: built-in)",
    )
    parser.add_argument(
        "--spacing",
        type=float,
        metavar="Å",
        help="voxel spacing, for files that do not say it or say it wrongly",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that exists")
    parser.add_argument(
        "--device", default="auto", help="auto, cuda, cuda:1, mps or cpu (default: auto)"
    )
    parser.add_argument(
        "--precision", default="auto", help="auto, fp32, fp16 or bf16 (default: auto)"
    )


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


class Progressing:
    """Shows progress and notices."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def __call__(self, message: object) -> None:
        """Show a message."""
        from motorscope.contract import Notice, Progress

        if isinstance(message, Progress):
            self._line.show(f"{message.what}, {100 * message.done // max(message.total, 1)} %")
        elif isinstance(message, Notice):
            self._line.keep(message.text)


def check_output(path: Path, overwrite: bool, inputs: Sequence[Path]) -> None:
    """Raise an error if a file cannot be written, is an input, or may not be replaced."""
    from motorscope.errors import ConfigError

    if not path.absolute().parent.is_dir():
        raise ConfigError(f"The folder of {path} does not exist; make it or choose another.")
    if any(path.resolve() == source.resolve() for source in inputs):
        raise ConfigError(f"{path} is also an input and would be overwritten; choose another.")
    if path.exists() and not overwrite:
        raise ConfigError(f"{path} exists already; choose another name, or allow --overwrite.")
