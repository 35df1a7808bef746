"""The command line."""

import argparse
import os
import sys
from collections.abc import Sequence

from motorscope import __version__
from motorscope.commands import (
    batch,
    convert,
    detect,
    evaluate,
    info,
    report,
    simulate,
    train,
    view,
)
from motorscope.commands.console import Parser, say
from motorscope.commands.encoder import alike, channels, explain, features
from motorscope.errors import MotorscopeError
from motorscope.threads import wait_asleep

_CLOSED_PIPE = 141
"""What a shell says of a program that SIGPIPE ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 2 after an error of ours, 130 after Ctrl-C.

    Without a command it prints the help.
    """
    wait_asleep()
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
        if arguments.run is None:
            parser.print_help()
            return 0
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output, such as head, has had enough. Nothing is left to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
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
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    parser.set_defaults(run=None)
    shown = (
        view, detect, batch, report, evaluate, simulate, train, convert, features, channels, alike,
        explain, info,
    )  # fmt: skip
    for command in shown:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
