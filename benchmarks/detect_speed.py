"""How long a detection takes and how much memory, for networks of several widths.

Runs the command line's way, from a file on disk to a CSV, in a fresh process each time, with random
weights: speed and memory do not depend on what a network has learned.

    python benchmarks/detect_speed.py --widths 16 24 32 --repeats 3

Prints the median of each width, its share of the time limit and of the memory limit, and its ratio
to the first width. Ratios are worth more than seconds: they hold on other machines too. CPU seconds
hold on a busy machine: divided by its cores they are about what a quiet one takes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SECONDS_LIMIT = 90.0
MEMORY_LIMIT_MB = 4096.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=int, nargs=3, default=(300, 960, 928))
    parser.add_argument("--spacing", type=float, default=13.1, help="of the tomogram, in Å")
    parser.add_argument("--widths", type=int, nargs="+", default=(16, 24, 32))
    parser.add_argument("--decoder", type=int, nargs="+", default=(128,))
    parser.add_argument("--context", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        tomogram = Path(folder) / "tomogram.mrc"
        write_noise(tomogram, tuple(arguments.shape), arguments.spacing)
        first = None
        for width in arguments.widths:
            model = save_random_model(
                Path(folder), width, tuple(arguments.decoder), arguments.context
            )
            runs = [
                run_once(tomogram, model, Path(folder) / "picks.csv", arguments.device)
                for _ in range(arguments.repeats)
            ]
            seconds = statistics.median(run["seconds"] for run in runs)
            peak = statistics.median(run["peak_mb"] for run in runs)
            network = statistics.median(run["network_s"] for run in runs)
            cpu = statistics.median(run["cpu_s"] for run in runs)
            first = first or cpu
            print(
                f"base width {width:3d}: {seconds:6.1f} s from start to end "
                f"({seconds / SECONDS_LIMIT:4.0%} of the limit), {network:6.1f} s in the network; "
                f"{cpu:6.1f} CPU seconds ({cpu / first:4.2f}x); "
                f"peak {peak:5.0f} MB ({peak / MEMORY_LIMIT_MB:4.0%})",
                flush=True,
            )


def write_noise(path: Path, shape: tuple[int, int, int], spacing: float) -> None:
    """Write 8-bit noise, section by section."""
    import mrcfile

    rng = np.random.default_rng(0)
    with mrcfile.new_mmap(path, shape, mrc_mode=0) as mrc:
        for section in mrc.data:
            section[:] = rng.normal(0, 30, size=shape[1:]).clip(-128, 127).astype(np.int8)
        mrc.voxel_size = spacing


def save_random_model(folder: Path, width: int, decoder: tuple[int, ...], context: int) -> Path:
    """Save a network with random weights and a card like the built-in model's."""
    from motorscope.contract import Architecture, Calibration, ModelCard
    from motorscope.network import build_network, save_model
    from motorscope.tomogram import InputRecipe

    architecture = Architecture(
        base_width=width, decoder_channels=decoder, auxiliary_head=False, align_corners=False
    )
    card = ModelCard(
        name=f"random-{width}",
        description="Random weights, for measuring.",
        architecture=architecture,
        input=InputRecipe(spacing=16.0),
        calibration=Calibration(shift=5.0),
        window=(512, 512, 512),
        context=(context, context, context),
        default_threshold=0.5,
        minimum_distance=500.0,
        training_data="none",
        licence="BSD-3-Clause",
    )
    return save_model(build_network(architecture), card, folder)


def run_once(tomogram: Path, model: Path, output: Path, device: str) -> dict[str, float]:
    """Run the command line in a fresh process; return seconds and the peak of resident memory."""
    began = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tomogram), str(model), str(output), device],
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return {**figures, "seconds": time.perf_counter() - began}


# The peak of getrusage counts what the parent had before the fork; /proc counts this program only.
_CHILD = """
import json, re, resource, sys
from pathlib import Path
from motorscope import cli
tomogram, model, output, device = sys.argv[1:]
import motorscope.detection.run as run
import time
spent = [0.0]
class Timed(run.Predictor):
    def __call__(self, block):
        began = time.perf_counter()
        try:
            return super().__call__(block)
        finally:
            spent[0] += time.perf_counter() - began
run.Predictor = Timed
status = cli.main(["detect", tomogram, "--model", model, "-o", output, "--device", device])
try:
    text = Path("/proc/self/status").read_text()
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", text)[1]) / 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"peak_mb": peak, "network_s": spent[0], "cpu_s": time.process_time()}))
sys.exit(status)
"""


if __name__ == "__main__":
    main()
