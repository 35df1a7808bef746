"""Arguments that several commands have, and what is checked of them before anything is computed."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from motorscope.commands.console import say
from motorscope.errors import ConfigError


def tomogram_path(text: str) -> Path:
    """Read where a tomogram is: a path, or an address or a number, whose shortcut is made."""
    if "://" not in text and not text.lower().startswith("portal:"):
        return Path(text)
    from motorscope.tomogram import located

    return located(text, say)


def tomogram_formats() -> str:
    """Return what tomograms can be, for the end of a command's help."""
    from motorscope.tomogram.formats import titles

    return (
        f"Tomograms are {titles()}; an address (https://SERVER/NAME.zarr) or portal:NUMBER, a "
        "tomogram of the CryoET Data Portal, can be given as well."
    )


def add_model(
    parser: argparse.ArgumentParser, what: str = "a model's name or a file of weights"
) -> None:
    """Add ``--model``; `what` says what can be given."""
    parser.add_argument(
        "--model", default="built-in", metavar="NAME|FILE", help=f"{what} (default: built-in)"
    )


def add_spacing(parser: argparse.ArgumentParser) -> None:
    """Add ``--spacing``."""
    parser.add_argument(
        "--spacing",
        type=float,
        metavar="Å",
        help="voxel spacing, for files that do not say it or say it wrongly",
    )


def add_density(parser: argparse.ArgumentParser) -> None:
    """Add ``--density``."""
    parser.add_argument(
        "--density",
        choices=["dark", "bright"],
        help="how membranes and other dense things look in the tomograms, if it is not found "
        "rightly by itself",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument(
        "--device", default="auto", help="auto, cuda, cuda:1, mps or cpu (default: auto)"
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add ``--precision``."""
    parser.add_argument(
        "--precision", default="auto", help="auto, fp32, fp16 or bf16 (default: auto)"
    )


def add_flips(parser: argparse.ArgumentParser) -> None:
    """Add ``--flips`` and ``--no-flips``."""
    parser.add_argument(
        "--flips",
        action=argparse.BooleanOptionalAction,
        help="whether to average over mirror images, wherever they can make a motor (default: as "
        "the model was measured)",
    )


def add_output(parser: argparse.ArgumentParser, metavar: str, what: str) -> None:
    """Add ``--output``, which has to be given; `what` says what goes there."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar=metavar, help=what)


def whole_numbers(text: str) -> tuple[int, ...]:
    """Read ``N,N,…``."""
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"give whole numbers with commas between, such as 5,17, not '{text}'"
        ) from None


def check_output(
    path: Path, overwrite: bool, inputs: Sequence[Path], suffixes: Sequence[str] = ()
) -> None:
    """Make sure that a file can be written.

    Raises
    ------
    ConfigError
        If its suffix is none of `suffixes` (where there are some), its folder does not exist, it is
        an input, or it exists and may not be replaced.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise ConfigError(f"{path} cannot be written; let its name end in {suffixes[0]}.")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"The folder of {path} does not exist; make it or choose another.")
    if any(path.resolve() == source.resolve() for source in inputs):
        raise ConfigError(f"{path} is also an input and would be overwritten; choose another.")
    if path.exists() and not overwrite:
        raise ConfigError(
            f"{path} exists already; choose another name, or allow it with --overwrite."
        )
