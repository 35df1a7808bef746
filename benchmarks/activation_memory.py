"""How much memory a network takes while it computes a window, beside what is estimated.

    python benchmarks/activation_memory.py

Each network is measured in a fresh process, on Linux, with random weights. What a network takes
whatever the window, such as reordered weights, is in the figures too, and shows with small windows.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

NETWORKS = [
    ("r3d18", 24, (64, 48)),
    ("r3d18", 16, (128,)),
    ("r3d18", 64, (256, 128)),
    ("r3d18", 16, (128, 64, 32)),
    ("r3d18", 16, (128, 64, 32, 24)),
    ("r3d200", 64, (256,)),
    ("r3d200", 32, (64, 48, 32)),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=192, help="of the window, in voxels")
    parser.add_argument("--only", type=int, help="of the networks, by its number")
    arguments = parser.parse_args()
    if arguments.only is not None:
        measure(*NETWORKS[arguments.only], arguments.side)
        return
    for number in range(len(NETWORKS)):
        command = [sys.executable, __file__, "--side", str(arguments.side), "--only", str(number)]
        subprocess.run(command, check=True)


def measure(backbone: str, width: int, decoder: tuple[int, ...], side: int) -> None:
    import numpy as np
    import torch

    from motorscope.contract import Architecture
    from motorscope.detection.forward.predictor import Predictor
    from motorscope.detection.forward.watch import Watch
    from motorscope.detection.tiling.mirrors import PLAIN
    from motorscope.detection.tiling.plan import activation_bytes
    from motorscope.network import build_network

    architecture = Architecture(
        backbone=backbone, base_width=width, decoder_channels=decoder, align_corners=False
    )
    network = build_network(architecture).eval()
    predictor = Predictor(network, torch.device("cpu"), torch.float32, PLAIN, Watch())
    block = np.random.default_rng(0).random((side,) * 3, dtype=np.float32)
    predictor(block[:32, :32, :32].copy())
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = resident("VmRSS")
    predictor(block)
    taken = (resident("VmHWM") - before) / block.size + 4  # the input is there before
    estimate = activation_bytes(architecture, torch.float32)
    print(f"{backbone} of width {width}, decoder {decoder}: ", end="")
    print(f"{taken:.1f} bytes a voxel, estimated {estimate:.1f}", flush=True)


def resident(what: str) -> int:
    found = re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()
