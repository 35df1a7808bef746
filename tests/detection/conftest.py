"""Small models and tomograms for the detection room."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from motorscope.contract import Architecture, ModelCard
from motorscope.network import Model, build_network
from motorscope.tomogram import Tomogram, VoxelGrid


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model(make_card: Callable[..., ModelCard]) -> Model:
    """The smallest real network, with random weights that give a lively heatmap."""
    architecture = Architecture(
        base_width=4, decoder_channels=(8,), auxiliary_head=False, align_corners=False
    )
    card = make_card(architecture, window=(512, 512, 512), context=(64, 64, 64))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = build_network(architecture)
    with torch.no_grad():
        # Blocks hardly add to their shortcuts, so that the context holds nearly all that counts.
        for name, parameter in network.named_parameters():
            if name.endswith("bn2.weight"):
                parameter.fill_(0.02)
        # Some output of either sign everywhere, so that the heatmap has peaks.
        network.seg_head.conv.weight.mul_(20)
    return Model(card=card, network=network.eval())


@pytest.fixture(scope="session")
def tomogram() -> Tomogram:
    """Noise whose prepared sides are no multiples of 32."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(50, 290, 120)).astype(np.float32)
    return Tomogram(data, VoxelGrid(data.shape, (16.0, 16.0, 16.0), (100.0, 0.0, -50.0)), "noise")
