"""Encoders are a registry: one that is registered is built, recognized, configured and run."""

import threading
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from motorscope.contract import Architecture, DetectionRequest, RunSettings
from motorscope.detection import detect, run_to_end
from motorscope.detection.tiling.plan import activation_bytes
from motorscope.errors import ConfigError, ModelError
from motorscope.inspection.stage import Block, StageRequest, stage_blocks
from motorscope.network import (
    build_network,
    fuse_for_inference,
    load_model,
    load_to_inspect,
    save_model,
)
from motorscope.network.encoders import (
    FAMILIES,
    Encoder,
    Family,
    Features,
    backbones,
    build_encoder,
    features_of,
    recognise_encoder,
)
from motorscope.network.encoders.base import Folds, initialise
from motorscope.network.encoders.blocks import BasicBlock
from motorscope.network.encoders.resnet import BACKBONES
from motorscope.network.unet import outline_network
from motorscope.tomogram import Tomogram, VoxelGrid
from motorscope.training.settings.config import NetworkConfig


class Halving(nn.Sequential):
    """A convolution of stride 2 and its norm."""

    folds: Folds = (("0", "1"),)


class Plain(Encoder):
    """Three halvings, and nothing of a residual network."""

    stem = "halvings.0.0.weight"
    stages = ("half", "quarter", "eighth")

    def __init__(self, architecture):
        super().__init__()
        self.backbone, self.in_channels = "plain3", architecture.in_channels
        self.channels = _features(architecture).channels
        self.checkpointing = False
        widths = (self.in_channels, *self.channels)
        self.halvings = nn.ModuleList(
            Halving(nn.Conv3d(a, b, 3, 2, 1, bias=False), nn.BatchNorm3d(b), nn.ReLU())
            for a, b in pairwise(widths)
        )
        initialise(self)

    @property
    def strides(self):
        return ((2, 2, 2), (4, 4, 4), (8, 8, 8))

    @property
    def steps(self):
        return tuple((each,) for each in self.halvings)

    def receptive_radius(self, stages=None):
        return 2 ** (3 if stages is None else stages) - 1


def _features(architecture):
    return Features(tuple(architecture.base_width * n for n in (1, 2, 4)), (2, 4, 8))


def _recognise(state):
    weight = state.get(Plain.stem)
    return weight if weight is None else Architecture("plain3", weight.shape[1], weight.shape[0])


@pytest.fixture(autouse=True)
def _made_up(monkeypatch):
    monkeypatch.setitem(BACKBONES, "r3d10", (BasicBlock, (1, 1, 1, 1)))
    plain = Family({"plain3": None}, lambda arch, *_: Plain(arch), _features, _recognise)
    monkeypatch.setattr("motorscope.network.encoders.FAMILIES", [*FAMILIES, plain])


@pytest.mark.parametrize("name", ["r3d10", "plain3", *backbones()])
def test_each_is_built_recognised_and_configured(name):
    wanted = Architecture(name, in_channels=2, base_width=4)
    with torch.device("meta"):
        encoder = build_encoder(wanted)
    assert recognise_encoder(encoder.state_dict()) == wanted
    assert NetworkConfig(backbone=name).backbone == name
    outline = outline_network(wanted).encoder
    features = features_of(wanted)
    assert features.channels == tuple(spec.channels for spec in outline.feature_specs)
    assert features.strides == tuple(spec.stride for spec in outline.feature_specs)
    assert outline.alignment == features.strides[-1]


@pytest.mark.parametrize("name", ["plain3", "r3d18", "r3d50"])
def test_all_batch_norms_are_folded(name):
    network = build_network(Architecture(name, base_width=2, decoder_channels=(4,)))
    fused = fuse_for_inference(network)
    assert not [each for each in fused.modules() if isinstance(each, nn.BatchNorm3d)]


def test_model_of_a_new_family_detects_and_shows_its_stages(make_card, tmp_path):
    torch.set_num_threads(1)
    architecture = Architecture(
        "plain3", base_width=2, decoder_channels=(4,), auxiliary_head=False, align_corners=False
    )
    card = make_card(architecture, name="plain", window=(512, 512, 512), context=(8, 8, 8))
    network = build_network(architecture).eval()
    loaded = load_model(save_model(network, card, tmp_path))
    grid = VoxelGrid((20, 40, 30), (16.0, 16.0, 16.0))
    tomogram = Tomogram(np.random.default_rng(0).normal(size=grid.shape).astype("f4"), grid, "a")
    settings = RunSettings("cpu", "fp32", flips=True)
    found = run_to_end(detect(DetectionRequest(tomogram, loaded, settings=settings)))
    assert found.heatmap.shape == (10, 20, 15)
    assert np.isfinite(found.heatmap).all()

    request = StageRequest(tomogram, loaded, "quarter", settings=settings)
    (block,) = [
        each for each in stage_blocks(request, threading.Event()) if isinstance(each, Block)
    ]
    assert block.values.shape == (4, 5, 10, 8)

    torch.save(network.encoder.state_dict(), tmp_path / "bare.pt")
    bare = load_to_inspect(tmp_path / "bare.pt")
    assert [spec.name for spec in bare.taps] == ["half", "quarter", "eighth"]


def test_memory_is_that_of_its_features_whatever_its_name():
    def needed(name):
        return activation_bytes(Architecture(backbone=name, base_width=64), torch.float32)

    assert needed("r3d10") == needed("r3d34") == needed("r3d18")
    assert needed("r3d50") == needed("r3d101") == needed("r3d200") > needed("r3d34")


def test_unknown_one_is_refused_with_those_that_there_are():
    with pytest.raises(ModelError, match=r"no backbone 'r3d19'.+r3d34.+r3d10.+plain3"):
        activation_bytes(Architecture(backbone="r3d19"), torch.float32)
    with pytest.raises(ConfigError, match="r3d101"):
        NetworkConfig(backbone="r3d19")
