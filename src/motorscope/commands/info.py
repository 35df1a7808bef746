"""Tell what there is to work with."""

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version

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
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit status."""
    from motorscope.detection import available_devices, choose_device, choose_precision
    from motorscope.network import list_models

    print(f"motorscope {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(", ".join(f"{name} {_version(name)}" for name in _PACKAGES))
    print("\nDevices, the first of which is taken:")
    for name in available_devices():
        print(f"  {name}: {choose_precision('auto', choose_device(name))}")
    print("\nModels:")
    for model in list_models():
        print(f"  {model}")
    return 0


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
