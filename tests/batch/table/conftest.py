"""A small network whose heatmap has peaks."""

from collections.abc import Callable

import pytest
import torch

from motorscope.contract import Architecture, ModelCard
from motorscope.network import Model, build_network


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model(make_card: Callable[..., ModelCard]) -> Model:
    architecture = Architecture(
        base_width=4, decoder_channels=(8,), auxiliary_head=False, align_corners=False
    )
    card = make_card(architecture, window=(512, 512, 512), context=(64, 64, 64))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = build_network(architecture)
    with torch.no_grad():
        network.seg_head.conv.weight.mul_(20)  # some output of either sign everywhere
    return Model(card=card, network=network.eval())
