"""What a channel adds to the score, against the network itself with that channel changed."""

import threading

import numpy as np
import pytest
import torch

from motorscope.contract import RunSettings
from motorscope.detection import run_to_end
from motorscope.errors import ModelError
from motorscope.inspection.attribution import effects as module
from motorscope.inspection.attribution.crop import cut_crop
from motorscope.inspection.attribution.effects import channel_effects
from motorscope.network import EncoderModel

CPU = RunSettings(device="cpu")


def measured(tomogram, model, stage, means, **settings):
    at = tuple(tomogram.grid.to_world((30, 50, 60)))
    return run_to_end(channel_effects(tomogram, model, stage, at, means, CPU, **settings))


@pytest.mark.parametrize("at_once", [1, 2**20])
@pytest.mark.parametrize("stage", ["stem", "layer2", "layer4", "decoder1"])
def test_effects_are_those_of_the_whole_network(model, tomogram, stage, at_once, monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    network = model.network
    part = {
        "stem": network.encoder.relu,
        "layer2": network.encoder.layer2,
        "layer4": network.encoder.layer4,
        "decoder1": network.decoder.blocks[0],
    }[stage]
    count = next(tap.channels for tap in model.taps if tap.name == stage)
    means = np.linspace(-1, 2, count)
    found = measured(tomogram, model, stage, means)
    crop = cut_crop(tomogram, model, tuple(tomogram.grid.to_world((30, 50, 60))))
    x = torch.from_numpy(crop.values)[None, None]
    heatmap = crop.map_grid(crop.output.stride, crop.output.offset)
    voxel = tuple(np.round(heatmap.to_voxels(found.target)).astype(int))
    assert len(found.without) == count
    for channel in {0, count // 2, count - 1}:

        def change(_, __, y, channel=channel):
            y = y.clone()
            y[:, channel] = float(means[channel])
            return y

        with part.register_forward_hook(change), torch.no_grad(), plain_stem(network):
            expected = float(network(x)[(0, 0, *voxel)])
        assert found.logits_without[channel] == pytest.approx(expected, rel=1e-3, abs=1e-3)
        assert abs(found.logit - expected) > 1e-3 or stage == "layer4"
    np.testing.assert_allclose(found.effect, found.score - found.without)


class plain_stem:
    """The stem as a whole, so that a hook sees it."""

    def __init__(self, network):
        self.encoder = network.encoder

    def __enter__(self):
        self.encoder._pooled_stem = lambda x: self.encoder.maxpool(
            self.encoder.relu(self.encoder.bn1(self.encoder.conv1(x)))
        )

    def __exit__(self, *_):
        del self.encoder._pooled_stem


def test_it_can_be_cancelled_in_the_network(model, tomogram):
    cancel = threading.Event()
    model.network.encoder.layer3.register_forward_hook(lambda *_: cancel.set())
    assert measured(tomogram, model, "layer2", np.zeros(8), cancel=cancel) is None


def test_an_encoder_alone_has_no_score(model, tomogram):
    encoder = EncoderModel(model.card, model.network.encoder)
    with pytest.raises(ModelError, match="without a detector"):
        measured(tomogram, encoder, "layer2", np.zeros(8))
    with pytest.raises(ModelError, match="no stage 'layer7'"):
        measured(tomogram, model, "layer7", np.zeros(8))
