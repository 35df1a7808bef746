"""The command line: each command reads its arguments, calls one function and reports."""

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motorscope import __version__
from motorscope.errors import MotorscopeError

if TYPE_CHECKING:
    from motorscope.detection import FileDone

# Heavy modules are imported by the commands that need them, so that --help answers at once.

Commands = Any  # argparse has no public name for what add_subparsers returns


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 2 after an error of ours, 130 after Ctrl-C."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except MotorscopeError as error:
        _say(f"motorscope: {error}")
        return 2
    except KeyboardInterrupt:
        _say("motorscope: stopped")
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="motorscope",
        description="Find bacterial flagellar motors in cryo-electron tomograms.",
    )
    parser.add_argument("--version", action="version", version=f"motorscope {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in _COMMANDS:
        add(commands)
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- detect -------------------------------------------------------------------------------------


def _add_detect(commands: Commands) -> None:
    parser = commands.add_parser(
        "detect",
        help="find motors in tomograms and write them to a CSV",
        description="Find motors in tomograms and write their positions to a CSV, with no display.",
        epilog="A file that fails does not stop the others; what failed is said at the end, "
        "and the exit status is then 2.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="tomograms")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="CSV", help="where the picks go"
    )
    parser.add_argument(
        "--model",
        default="built-in",
        metavar="NAME|FILE",
        help="a model's name or a file of weights (default: built-in)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="least calibrated probability of a pick, 0 to 1 (default: the model's)",
    )
    parser.add_argument(
        "--spacing",
        type=float,
        metavar="Å",
        help="voxel spacing, for files that do not say it or say it wrongly",
    )
    parser.add_argument(
        "--heatmap",
        type=Path,
        metavar="OUT",
        help="write the heatmap to this MRC file, or to this folder for several tomograms",
    )
    parser.add_argument(
        "--device", default="auto", help="auto, cuda, cuda:1, mps or cpu (default: auto)"
    )
    parser.add_argument(
        "--precision", default="auto", help="auto, fp32, fp16 or bf16 (default: auto)"
    )
    parser.add_argument(
        "--flips",
        action="store_true",
        help="average over mirror images: a little better, four times slower",
    )
    parser.set_defaults(run=_detect)


def _detect(arguments: argparse.Namespace) -> int:
    from motorscope.detection import FilesRequest, check_files, detect_files, run_to_end
    from motorscope.network import load_model

    request = FilesRequest(
        paths=arguments.files,
        output=arguments.output,
        threshold=arguments.threshold,
        spacing=arguments.spacing,
        heatmap=arguments.heatmap,
        device=arguments.device,
        precision=arguments.precision,
        flips=arguments.flips,
    )
    check_files(request)
    model = load_model(arguments.model)
    done = run_to_end(detect_files(request, model), _reporter())
    return _summary(done, arguments.output)


def _reporter() -> Callable[[object], None]:
    """Return a function that shows messages on stderr, in one changing line on a terminal."""
    from motorscope.detection import FileDone, FileStarted, Notice, Progress

    line = _Line()

    def report(message: object) -> None:
        if isinstance(message, FileStarted):
            line.head = f"[{message.number}/{message.total}] {message.path.name}"
        elif isinstance(message, Progress):
            text = f"{message.what}, {message.done} of {message.total}"
            if message.seconds_left is not None:
                text += f", {message.seconds_left:.0f} s left"
            line.show(text)
        elif isinstance(message, Notice):
            line.keep(message.text)
        elif isinstance(message, FileDone):
            line.keep(_outcome(message))

    return report


def _outcome(done: "FileDone") -> str:
    if done.error is not None:
        return "failed"
    found = f"{done.picks} motor{'' if done.picks == 1 else 's'}"
    best = "" if done.best is None else f", best candidate {done.best:.3f}"
    return f"{found}{best}, {done.seconds:.1f} s"


def _summary(done: "list[FileDone]", output: Path) -> int:
    failed = [file for file in done if file.error is not None]
    worked = len(done) - len(failed)
    if worked:
        picks = sum(file.picks for file in done)
        _say(f"{picks} picks of {worked} tomogram{'' if worked == 1 else 's'} in {output}")
    for file in failed:
        _say(f"motorscope: {file.error}")
    return 2 if failed else 0


class _Line:
    """A line on stderr that is written over on a terminal and thinned out elsewhere."""

    _SECONDS = 15.0

    def __init__(self) -> None:
        self.head = ""
        self._terminal = sys.stderr.isatty()
        self._last = float("-inf")

    def show(self, text: str) -> None:
        """Show passing news."""
        if self._terminal:
            print(f"\r\x1b[K{self.head}: {text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last > self._SECONDS:
            self._last = time.monotonic()
            _say(f"{self.head}: {text}")

    def keep(self, text: str) -> None:
        """Show news that stay."""
        clear = "\r\x1b[K" if self._terminal else ""
        _say(f"{clear}{self.head}: {text}")


# --- simulate -----------------------------------------------------------------------------------


def _add_simulate(commands: Commands) -> None:
    parser = commands.add_parser(
        "simulate",
        help="make synthetic tomograms with known motors",
        description="Make synthetic tomograms: NAME.mrc files, truth.csv with their motors, and "
        "tomograms.csv, which lists them all. The same settings and seed give the same files.",
    )
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
        "--overwrite", action="store_true", help="replace an earlier simulation in DIR"
    )
    parser.set_defaults(run=_simulate)


def _simulate(arguments: argparse.Namespace) -> int:
    made = _simulate_set(arguments) if arguments.set is not None else _simulate_any(arguments)
    for name, motors in made:
        _say(f"{name}: {motors} motor{'' if motors == 1 else 's'}")
    return 0


def _simulate_set(arguments: argparse.Namespace) -> Iterator[tuple[str, int]]:
    from motorscope.evaluate.sets import evaluation_set
    from motorscope.simulation import simulate_plans

    for option in ("count", "seed", "config", "shape", "spacing"):
        if getattr(arguments, option) is not None:
            raise MotorscopeError(f"--set says what to simulate; leave out --{option}.")
    return simulate_plans(arguments.out, evaluation_set(arguments.set), arguments.overwrite)


def _simulate_any(arguments: argparse.Namespace) -> Iterator[tuple[str, int]]:
    from dataclasses import replace

    from motorscope.simulation import SimulationConfig, simulate_folder

    config = SimulationConfig()
    if arguments.config is not None:
        config = SimulationConfig.from_toml(arguments.config)
    if arguments.shape is not None:
        config = replace(config, shape=tuple(arguments.shape))
    if arguments.spacing is not None:
        config = replace(config, spacing=arguments.spacing)
    count = 1 if arguments.count is None else arguments.count
    seed = 0 if arguments.seed is None else arguments.seed
    return simulate_folder(arguments.out, count, seed, config, overwrite=arguments.overwrite)


# --- evaluate -----------------------------------------------------------------------------------


def _add_evaluate(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="compare picks with a truth",
        description="Compare picks with the true motors: F2 by the rules of the BYU competition, "
        "precision, recall, average precision, distances, calibration, and all of it by group.",
        epilog="Only the best pick of a tomogram counts for F2. For a whole precision–recall curve "
        "give picks of low scores too (motorscope detect --threshold 0.01) and the threshold here.",
    )
    parser.add_argument("picks", type=Path, metavar="PICKS.csv", help="what was found")
    parser.add_argument("truth", type=Path, metavar="TRUTH.csv", help="what is there")
    parser.add_argument(
        "--tomograms",
        type=Path,
        metavar="DIR|CSV",
        help="the tomograms that were searched, those without motors too: their folder, or a CSV "
        "with a column 'tomogram' (default: tomograms.csv beside the truth, if there is one)",
    )
    parser.add_argument(
        "--threshold", type=float, metavar="T", help="leave out picks of lower scores"
    )
    parser.add_argument(
        "--radius",
        type=float,
        default=1000.0,
        metavar="Å",
        help="distance within which a motor counts as found (default: 1000, the competition's)",
    )
    parser.add_argument(
        "--plots", type=Path, metavar="DIR", help="write tables (CSV) and plots (PNG, SVG) here"
    )
    parser.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> int:
    from motorscope.evaluate import format_report, read_evaluation, score_picks, write_report

    if not arguments.radius > 0:
        raise MotorscopeError(f"--radius must be a positive number of Å, not {arguments.radius:g}.")
    if arguments.threshold is not None and math.isnan(arguments.threshold):
        raise MotorscopeError("--threshold must be a number, not nan.")
    data = read_evaluation(arguments.picks, arguments.truth, arguments.tomograms)
    scores = score_picks(data.found, data.truth, arguments.radius, arguments.threshold)
    if arguments.plots is not None:
        write_report(arguments.plots, data, scores)
    print(format_report(data, scores))
    if arguments.plots is not None:
        print(f"\nTables and plots are in {arguments.plots}.")
    return 0


# --- convert ------------------------------------------------------------------------------------


def _add_convert(commands: Commands) -> None:
    parser = commands.add_parser(
        "convert",
        help="turn a file of coordinates into one of another program",
        description="Turn a file of coordinates into one of another program. Suffix and content "
        "tell the formats, or --from and --to. Rejected picks go into our own CSV only.",
        epilog="Formats: csv (ours), labels and submission (the BYU competition's), relion5, "
        "relion4, star (x, y, z in voxels), dynamo, imod, portal (CryoET Data Portal), copick, "
        "json and npy (z, y, x in voxels). Those of one tomogram a file can be read from a folder "
        "and written to one.",
    )
    parser.add_argument("source", type=Path, metavar="IN", help="a file, or a folder of files")
    parser.add_argument("target", type=Path, metavar="OUT", help="a file, or a folder that exists")
    parser.add_argument("--from", dest="from_format", metavar="FORMAT", help="the format of IN")
    parser.add_argument("--to", dest="to_format", metavar="FORMAT", help="the format of OUT")
    parser.add_argument(
        "--spacing",
        type=float,
        metavar="Å",
        help="the tomogram's voxel spacing, where IN does not say it",
    )
    parser.add_argument(
        "--binning",
        type=float,
        default=1.0,
        metavar="N",
        help="how many voxels that IN counts in fit into one of the tomogram's along an axis "
        "(default: 1)",
    )
    parser.add_argument(
        "--shape",
        type=int,
        nargs=3,
        metavar=("Z", "Y", "X"),
        help="the tomogram's number of voxels, for formats that count from its middle",
    )
    parser.set_defaults(run=_convert)


def _convert(arguments: argparse.Namespace) -> int:
    from motorscope.picks.convert import convert

    counts = convert(
        arguments.source,
        arguments.target,
        from_format=arguments.from_format,
        to_format=arguments.to_format,
        spacing=arguments.spacing,
        binning=arguments.binning,
        shape=None if arguments.shape is None else tuple(arguments.shape),
    )
    tomograms = f"{len(counts)} tomogram{'' if len(counts) == 1 else 's'}"
    _say(f"{sum(counts.values())} picks of {tomograms} in {arguments.target}")
    return 0


# --- train --------------------------------------------------------------------------------------


def _add_train(commands: Commands) -> None:
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
    parser.set_defaults(run=_train)


def _train(arguments: argparse.Namespace) -> int:
    from motorscope.training import read_config, train

    config = read_config(arguments.config)
    out = arguments.out if arguments.out is not None else Path("runs") / config.name
    _say(f"The model: {train(config, out, resume=arguments.resume)}")
    return 0


_COMMANDS: tuple[Callable[[Commands], None], ...] = (
    _add_detect,
    _add_evaluate,
    _add_simulate,
    _add_train,
    _add_convert,
)


if __name__ == "__main__":
    sys.exit(main())
