import builtins
import sys

import pytest
import torch
from torch import nn

from motorscope.contract import Architecture
from motorscope.errors import ModelError
from motorscope.network import ResNetEncoder3d, build_network
from motorscope.network.timm_parts import checkpointed, drop_path


@pytest.fixture
def broken_timm(monkeypatch):
    """What happens on import when torch and torchvision come from different builds."""
    real = builtins.__import__

    def fake(name, *args, **kwargs):
        if name.startswith("timm"):
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fake)
    for name in [n for n in sys.modules if n.split(".")[0] == "timm"]:
        monkeypatch.delitem(sys.modules, name)


def test_a_mismatched_installation_is_explained(broken_timm):
    with pytest.raises(
        ModelError, match=r"nms does not exist.*pip install .*torch torchvision timm"
    ):
        drop_path(0.2)
    with pytest.raises(ModelError, match="install them together"):
        checkpointed(nn.Identity(), nn.Identity(), torch.zeros(1))


def test_inference_needs_no_timm(broken_timm):
    network = build_network(Architecture(base_width=2, decoder_channels=(4,))).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 1, 32, 32, 32)).shape == (1, 1, 4, 4, 4)
    with pytest.raises(ModelError):
        ResNetEncoder3d(base_width=2, drop_path_rate=0.2)


def test_dropped_paths_drop_in_training_only():
    module = drop_path(0.5)
    x = torch.ones(64, 1)
    assert torch.equal(module.eval()(x), x)
    torch.manual_seed(0)
    kept = module.train()(x)
    assert set(kept.unique().tolist()) == {0.0, 2.0}
