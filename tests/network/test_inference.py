import copy

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from motorscope.contract import Architecture
from motorscope.network import build_network, fuse_for_inference


@pytest.mark.parametrize("backbone", ["r3d18", "r3d200"])
def test_fused_copy_gives_the_same_logits(backbone):
    torch.manual_seed(0)
    network = build_network(
        Architecture(backbone=backbone, base_width=4, decoder_channels=(8, 4))
    ).eval()
    for name, tensor in network.state_dict().items():
        if ".bn" in name or ".norm." in name or ".downsample.1." in name:
            if name.endswith("running_mean"):
                tensor.uniform_(-0.3, 0.3)
            elif name.endswith(("running_var", "weight")):
                tensor.uniform_(0.7, 1.3)
    before = copy.deepcopy(network.state_dict())
    fused = fuse_for_inference(network)
    x = torch.randn(1, 1, 32, 64, 64)
    with torch.no_grad():
        expected = network(x)
        scale = expected.abs().max()
        assert (fused(x) - expected).abs().max() < 1e-4 * scale
    assert not any(isinstance(m, nn.BatchNorm3d) for m in fused.modules())
    assert not fused.training
    assert not any(p.requires_grad for p in fused.parameters())
    assert fused.output_spec == network.output_spec
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(p.requires_grad for p in network.parameters())


def test_copy_has_only_what_is_folded_in_memory_of_its_own(network):
    fused = fuse_for_inference(network)
    own = {each.data_ptr() for each in network.parameters()}
    new = [name for name, each in fused.named_parameters() if each.data_ptr() not in own]
    folded = [
        f"{place}.{conv}.{kind}".lstrip(".")
        for place, module in fused.named_modules()
        for conv, _ in getattr(module, "folds", ())
        for kind in ("weight", "bias")
    ]
    flat = [name for name, each in fused.named_parameters() if each.ndim < 5]
    assert set(new) & set(flat) == set(folded) & set(flat)
    assert set(folded) <= set(new)


def test_a_network_in_training_is_folded_with_its_running_statistics(network):
    x = torch.randn(1, 1, 32, 32, 32)
    with torch.no_grad():
        expected = network(x)
        fused = fuse_for_inference(network.train())
        torch.testing.assert_close(fused(x), expected, atol=1e-4, rtol=1e-4)
    assert network.training


class Called(TorchDispatchMode):
    """Notes which of PyTorch's functions are called."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch has no oneDNN here")
def test_onednn_computes_the_convolutions_of_a_small_volume():
    """PyTorch takes a slow way of its own there, if it is not told."""
    network = build_network(Architecture(base_width=4, decoder_channels=(8,), auxiliary_head=False))
    convolutions = sum(isinstance(m, nn.Conv3d) for m in network.modules())
    with torch.inference_mode(), Called() as called:
        fuse_for_inference(network)(torch.zeros(1, 1, 32, 32, 32))
    # All but the stem, whose kernel PyTorch gives to oneDNN by itself.
    assert called.names.count("mkldnn_convolution.default") == convolutions - 1
