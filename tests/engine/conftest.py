"""A tiny model in a file, and a tomogram that takes it several windows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from motorscope.contract import Architecture, ModelCard, ModelRef
from motorscope.network import Model, build_network, load_model, save_model
from motorscope.tomogram import Tomogram, VoxelGrid

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model_file(
    make_card: Callable[..., ModelCard], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the card of a network with random weights."""
    architecture = Architecture(
        base_width=2, decoder_channels=(4,), auxiliary_head=False, align_corners=False
    )
    torch.manual_seed(0)
    network = build_network(architecture).eval()
    card = make_card(architecture, window=(64, 64, 64), context=(8, 8, 8))
    return save_model(network, card, tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def ref(model_file: Path) -> ModelRef:
    return ModelRef(str(model_file))


@pytest.fixture(scope="session")
def model(model_file: Path) -> "Model":

    return load_model(model_file)


@pytest.fixture(scope="session")
def tomogram() -> Tomogram:
    data = np.random.default_rng(0).normal(size=(32, 96, 96)).astype(np.float32)
    return Tomogram(data, VoxelGrid(data.shape, (16.0,) * 3), "noise")
