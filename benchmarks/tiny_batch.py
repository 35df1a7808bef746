"""A small network and tomograms of noise, for trials of batches."""

from pathlib import Path

import numpy as np


def make_model(folder: Path) -> Path:
    """Write a small network with random weights; return its card."""
    import torch

    from motorscope.contract import Architecture
    from motorscope.network import build_network, save_model
    from tiny_model import tiny_card

    torch.manual_seed(0)
    architecture = Architecture(base_width=4, decoder_channels=(8,), auxiliary_head=False)
    card = tiny_card(architecture)
    return save_model(build_network(architecture), card, folder)


def make_tomograms(folder: Path, count: int) -> None:
    from motorscope.tomogram import VoxelGrid, write_mrc

    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        data = rng.integers(0, 127, size=(32, 96, 96)).astype(np.int8)
        write_mrc(folder / f"tomogram_{number}.mrc", data, VoxelGrid(data.shape, (16.0,) * 3))
