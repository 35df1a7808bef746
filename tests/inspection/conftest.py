from dataclasses import replace

import numpy as np
import pytest
import torch

from motorscope.contract import Architecture
from motorscope.network import Model, build_network, read_card
from motorscope.tomogram import InputRecipe, Tomogram, VoxelGrid


@pytest.fixture
def model():
    """A small network with two decoder stages."""
    torch.manual_seed(5)
    architecture = Architecture(base_width=4, decoder_channels=(8, 6), align_corners=False)
    card = replace(
        read_card("byu2025-1st"),
        name="small",
        architecture=architecture,
        input=InputRecipe(spacing=16.0, rescale_8bit=False),
        window=(128, 128, 128),
        context=(32, 32, 32),
    )
    return Model(card=card, network=build_network(architecture).eval())


@pytest.fixture
def make_tomogram():
    def make(values, spacing=(16.0, 16.0, 16.0), origin=(0.0, 0.0, 0.0), path=None):
        return Tomogram(values, VoxelGrid(values.shape, spacing, origin), "test", path)

    return make


@pytest.fixture
def tomogram(make_tomogram):
    values = np.random.default_rng(0).normal(size=(70, 100, 130)).astype(np.float32)
    return make_tomogram(values, origin=(100.0, -50.0, 7.0))
