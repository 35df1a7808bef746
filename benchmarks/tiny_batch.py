"""A small network and tomograms of noise, for trials of batches."""

from pathlib import Path

import numpy as np


def make_model(folder: Path) -> Path:
    """Write a small network with random weights; return its card."""
    import torch

    from motorscope.contract import Architecture, Calibration, ModelCard
    from motorscope.network import build_network, save_model
    from motorscope.tomogram import InputRecipe

    torch.manual_seed(0)
    architecture = Architecture(base_width=4, decoder_channels=(8,), auxiliary_head=False)
    card = ModelCard(
        name="tiny",
        description="",
        architecture=architecture,
        input=InputRecipe(spacing=16.0),
        calibration=Calibration(),
        window=(64, 64, 64),
        context=(0, 0, 0),
        default_threshold=0.5,
        minimum_distance=200.0,
        training_data="none",
        licence="BSD-3-Clause",
    )
    return save_model(build_network(architecture), card, folder)


def make_tomograms(folder: Path, count: int) -> None:
    from motorscope.tomogram import VoxelGrid, write_mrc

    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        data = rng.integers(0, 127, size=(32, 96, 96)).astype(np.int8)
        write_mrc(folder / f"tomogram_{number}.mrc", data, VoxelGrid(data.shape, (16.0,) * 3))
