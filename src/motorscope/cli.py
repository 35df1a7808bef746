"""The command line."""

import argparse
import sys
from collections.abc import Sequence

from motorscope import __version__
from motorscope.commands import convert, detect, evaluate, simulate, train, view
from motorscope.commands.console import say
from motorscope.errors import MotorscopeError


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 2 after an error of ours, 130 after Ctrl-C."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except MotorscopeError as error:
        say(f"motorscope: {error}")
        return 2
    except KeyboardInterrupt:
        say("motorscope: stopped")
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="motorscope",
        description="Find bacterial flagellar motors in cryo-electron tomograms.",
    )
    parser.add_argument("--version", action="version", version=f"motorscope {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (view, detect, evaluate, simulate, train, convert):
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
