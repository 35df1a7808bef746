from dataclasses import replace

import pytest
import torch

from motorscope.contract import Architecture, ModelCard
from motorscope.network import build_network, read_card


@pytest.fixture
def small() -> Architecture:
    return Architecture(base_width=4, decoder_channels=(8, 6), align_corners=False)


@pytest.fixture
def network(small):
    """A small network whose batch norms are no identities, in evaluation mode."""
    torch.manual_seed(1)
    network = build_network(small)
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.2, 1.5)
    return network.eval()


@pytest.fixture
def card(small) -> ModelCard:
    return replace(read_card("byu2025-1st"), name="small", architecture=small)
