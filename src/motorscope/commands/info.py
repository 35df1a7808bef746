"""Tell what there is to work with."""

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from motorscope import __version__
from motorscope.commands.console import Commands

_PACKAGES = ("torch", "timm", "napari", "numpy", "PyQt6", "PySide6")


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "info",
        help="tell versions, devices, precision and models",
        description="Tell versions, devices, the precision chosen on each and why, and the models; "
        "put it into a report of something that went wrong.",
    )
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="where the folders of your own trainings are (default: runs)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.detection import available_devices, choose_device, choose_precision
    from motorscope.network import find_models, list_models
    from motorscope.plugin.settings import preferences

    print(f"motorscope {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(", ".join(f"{name} {_version(name)}" for name in _PACKAGES))
    print("\nDevices, the first of which is taken:")
    for name in available_devices():
        print(f"  {name}: {choose_precision('auto', choose_device(name))}")
    print("\nModels:")
    models = [*list_models(), *map(str, find_models(arguments.runs))]
    for model in models:
        print(f"  {model}")
    preferred = preferences().model
    if preferred not in models:
        print(f"  {preferred} (in your preferences)")
    return 0


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
