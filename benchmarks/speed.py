"""How long a detection takes, how much memory, and how that compares; writes docs/speed.md.

    ./do bench                                       # all sizes and networks: hours
    ./do bench --short                               # a part of it: some minutes on a quiet machine
    ./do bench --sizes 48x160x160 --networks built-in --output /tmp/speed.md

Every row is a process of its own (`speed_child.py`), and rows of one table are run in turns in one
call, so that ratios hold on other machines. The tomogram is a simulated one with motors, for memory
noise. A competitor's row counts only if it has the same picks. The page says how busy the machine
was.
"""

import argparse
import datetime
import itertools
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speed_machine import Machine, this_machine

SIZES = ("128x512x512", "192x448x448", "300x960x928")
NETWORKS = ("built-in", "r3d18", "r3d200")
WAYS = ("cold", "one-look", "warm", "monai", "monai-plan")
SAME_PLACE, SAME_SCORE = 1.0, 0.05
"""How far picks may be apart, in heatmap voxels, and their scores."""


@dataclass(frozen=True)
class Case:
    """What one table is about: a size, a network, and the ways to detect that it compares."""

    size: str
    network: str
    ways: tuple[str, ...] = WAYS


SHORT = (
    Case("192x448x448", "built-in"),
    Case("64x256x256", "r3d200", ("cold", "warm", "monai", "monai-plan")),
    Case("300x960x928", "built-in", ("cold", "one-look")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few cases, each once")
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="ZxYxX")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    parser.add_argument("--only-tables", action="store_true", help="neither memory nor the viewer")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--spacing", type=float, default=13.1, help="of the tomograms, in Å")
    parser.add_argument("--folder", type=Path, help="where to keep the tomograms for another time")
    parser.add_argument("--output", type=Path, default=Path("docs/speed.md"))
    arguments = parser.parse_args()

    cases: Sequence[Case] = SHORT
    repeats = 1
    if not arguments.short:
        pairs = itertools.product(arguments.sizes, arguments.networks)
        cases = [Case(size, network, tuple(arguments.ways)) for size, network in pairs]
        repeats = arguments.repeats
    machine = this_machine()
    tables = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        for case in cases:
            tomogram = simulated(folder, case.size, arguments.spacing)
            model = model_named(case.network, Path(temporary))
            runs = in_turns(case.ways, tomogram, model, repeats)
            tables.append(table(case.size, arguments.spacing, case.network, model, runs, machine))
            print(tables[-1], flush=True)
        arguments.output.write_text(page(machine, tables, repeats), encoding="utf-8")
        if not arguments.only_tables:
            add_section("viewer_speed.py", folder, arguments.output)
            less = ["--ways", "first-look", "flips"] if arguments.short else []
            add_section("memory_by_size.py", folder, arguments.output, *less)


def add_section(script: str, folder: Path, page: Path, *options: str) -> None:
    """Let another benchmark write its section of the page."""
    command = [sys.executable, str(Path(__file__).with_name(script)), "--folder", str(folder)]
    subprocess.run([*command, "--output", str(page), *options], check=True)


def simulated(folder: Path, size: str, spacing: float) -> Path:
    """Return a simulated tomogram of a size, which is made if it is not there."""
    path = folder / size
    if not path.exists():
        command = [sys.executable, "-m", "motorscope.cli", "simulate", "--out", str(path)]
        command += ["--shape", *size.split("x"), "--spacing", str(spacing)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(path.glob("*.mrc"))


def model_named(network: str, folder: Path) -> str:
    """Return the name or the file of a model; those that are not built in have random weights."""
    if network == "built-in":
        return network
    import torch

    from motorscope.contract import Architecture, Calibration, ModelCard
    from motorscope.network import build_network, save_model
    from motorscope.tomogram import InputRecipe

    torch.manual_seed(0)
    architecture = Architecture(backbone=network, align_corners=False)
    card = ModelCard(
        name=f"random-{network}",
        description="Random weights, for measuring.",
        architecture=architecture,
        input=InputRecipe(spacing=18.0),
        calibration=Calibration(shift=20.0),
        window=(512, 512, 512),
        context=(64, 64, 64),
        default_threshold=0.5,
        minimum_distance=500.0,
        training_data="none",
        licence="BSD-3-Clause",
    )
    return str(save_model(build_network(architecture), card, folder))


def in_turns(
    ways: Sequence[str], tomogram: Path, model: str, repeats: int
) -> dict[str, list[dict]]:
    """Run each way `repeats` times, one after the other, so that a slow hour slows all of them."""
    runs: dict[str, list[dict]] = {way: [] for way in ways}
    child = Path(__file__).with_name("speed_child.py")
    for _ in range(repeats):
        for way in ways:
            command = [sys.executable, str(child), way, str(tomogram), model]
            answer = subprocess.run(command, capture_output=True, text=True)
            if answer.returncode:
                raise SystemExit(f"{' '.join(command)} failed:\n{answer.stderr}")
            runs[way].append(json.loads(answer.stdout.splitlines()[-1]))
    return runs


def table(
    size: str,
    spacing: float,
    network: str,
    model: str,
    runs: dict[str, list[dict]],
    machine: Machine,
) -> str:
    """Return a section of the page."""
    ours = runs.get("cold") or runs.get("warm")
    base = median(runs["cold"], "seconds") if "cold" in runs else None
    lines = [
        f"### {size} voxels, {network}",
        "",
        "| | seconds | CPU seconds | peak memory, MiB | times as long as ours | same picks |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for way, made in runs.items():
        same = agree(ours[0]["picks"], made[0]["picks"], voxel_of(model)) if ours else None
        # A look without mirror images is no competitor: its scores are others.
        ratio = (
            f"{median(made, 'seconds') / base:.2f}"
            if base and (same or way == "one-look")
            else "void"
        )
        lines.append(
            f"| {SAID[way]} | {median(made, 'seconds'):.1f} | {median(made, 'cpu'):.1f} | "
            f"{median(made, 'peak_mb'):.0f} | {ratio} | {'yes' if same else 'no'}, "
            f"{len(made[0]['picks'])} |"
        )
    if "warm" in runs:
        first, everything = median(runs["warm"], "first"), median(runs["warm"], "all")
        precision = runs["warm"][0]["precision"]
        lines += ["", f"Warm, in {precision}: first part of the heatmap after {first:.1f} s, "]
        lines[-1] += f"all points after {everything:.1f} s."
    if "cold" in runs:
        lines += ["", work(size, spacing, model, runs["cold"], machine)]
    return "\n".join(lines)


SAID = {
    "cold": "`motorscope detect`, from the command's start",
    "one-look": "the same without mirror images (`--no-flips`)",
    "warm": "first 64³ voxels and then the same, in one process (seconds of both)",
    "monai": "MONAI's sliding window, 128³, overlap 0.5, eager fp32",
    "monai-plan": "MONAI's sliding window with our windows and folded network",
}


def work(size: str, spacing: float, model: str, runs: list[dict], machine: Machine) -> str:
    """Say how much is computed, how much is needed, and how fast that is."""
    from motorscope.detection.tiling.plan import padded_shape
    from motorscope.network import load_model
    from motorscope.tomogram import VoxelGrid, prepared_grid

    loaded = load_model(model)
    shape = tuple(int(side) for side in size.split("x"))
    prepared = prepared_grid(VoxelGrid(shape, (spacing,) * 3), loaded.card.input)
    needed = float(np.prod(padded_shape(prepared.shape, loaded.network.alignment)))
    flop = flop_a_voxel(loaded.network)
    done = runs[0]["voxels"] * flop
    rate = done / median(runs, "seconds") / 1e9
    return (
        f"The network needs {flop / 1e3:.2f} kFLOP a voxel, {needed * flop / 1e12:.2f} TFLOP for "
        f"one pass; {done / 1e12:.2f} are done, {runs[0]['voxels'] / needed:.2f} times as many. "
        f"Over the whole command that is {rate:.0f} GFLOP/s, {rate / machine.peak:.0%} of this "
        "machine's fp32 matrix product."
    )


def flop_a_voxel(network: object) -> float:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # Of what is computed without gradients oneDNN does a part, which the counter does not know.
    with FlopCounterMode(display=False) as counter, torch.enable_grad():
        network(torch.zeros(1, network.encoder.in_channels, 64, 64, 64))
    return counter.get_total_flops() / 64**3


def voxel_of(model: str) -> float:
    from motorscope.network import load_model

    loaded = load_model(model)
    return loaded.output.stride * (loaded.card.input.spacing or 1.0)


def agree(ours: list[list[float]], theirs: list[list[float]], voxel: float) -> bool:
    """Tell whether two lists of picks (z, y, x, score) are the same."""
    if len(ours) != len(theirs):
        return False
    left = [np.array(row) for row in theirs]
    for row in ours:
        near = [r for r in left if np.abs(r[:3] - row[:3]).max() <= SAME_PLACE * voxel]
        if not near or abs(near[0][3] - row[3]) > SAME_SCORE:
            return False
        left = [r for r in left if r is not near[0]]
    return True


def median(runs: list[dict], name: str) -> float:
    return statistics.median(run[name] for run in runs)


def page(machine: Machine, tables: list[str], repeats: int) -> str:
    import torch

    busy = machine.load > 0.3 * machine.cores
    warning = (
        f"**Other programs were running ({machine.load:.0f} at a time on {machine.cores} cores): "
        "the seconds are far too long, and even ratios are rough.** Measure anew on a quiet "
        "machine.\n\n"
    )
    return (
        "# How fast it is\n\nWritten by `./do bench` "
        f"({datetime.date.today():%d %B %Y}, Python {platform.python_version()}, "
        f"PyTorch {torch.__version__}).\n\n{warning if busy else ''}"
        f"{machine.cores} cores of {machine.processor}, whose fp32 matrix product reaches "
        f"{machine.peak:.0f} GFLOP/s. Medians of {repeats}, in turns. Peak memory is that of the "
        "process without the mapped tomogram. All but the built-in network have random weights. "
        "A row with other picks than ours counts for nothing.\n\n" + "\n\n".join(tables) + "\n"
    )


if __name__ == "__main__":
    main()
