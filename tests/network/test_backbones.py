"""Backbones are a registry: its entries are built, recognized and configured."""

import pytest
import torch

from motorscope.contract import Architecture
from motorscope.detection.tiling.plan import activation_bytes
from motorscope.errors import ConfigError, ModelError
from motorscope.network.checkpoint import recognise_backbone
from motorscope.network.resnet import BACKBONES, BasicBlock, ResNetEncoder3d, expansion_of
from motorscope.network.unet import outline_network
from motorscope.training.settings.config import NetworkConfig


@pytest.fixture(autouse=True)
def _made_up(monkeypatch):
    monkeypatch.setitem(BACKBONES, "r3d10", (BasicBlock, (1, 1, 1, 1)))


@pytest.mark.parametrize("name", ["r3d10", *BACKBONES])
def test_each_is_built_recognised_and_configured(name):
    with torch.device("meta"):
        encoder = ResNetEncoder3d(name, base_width=4)
    assert recognise_backbone(encoder.state_dict()) == name
    assert NetworkConfig(backbone=name).backbone == name
    outline = outline_network(Architecture(backbone=name, base_width=4)).encoder
    assert outline.feature_specs[-1].channels == 4 * 8 * expansion_of(name)


def test_memory_is_that_of_its_blocks_whatever_its_name():
    def needed(name):
        return activation_bytes(Architecture(backbone=name, base_width=64), torch.float32)

    assert needed("r3d10") == needed("r3d34") == needed("r3d18")
    assert needed("r3d50") == needed("r3d101") == needed("r3d200") > needed("r3d34")


def test_unknown_one_is_refused_with_those_that_there_are():
    with pytest.raises(ModelError, match=r"no backbone 'r3d19'.+r3d34.+r3d10"):
        activation_bytes(Architecture(backbone="r3d19"), torch.float32)
    with pytest.raises(ConfigError, match="r3d101"):
        NetworkConfig(backbone="r3d19")
