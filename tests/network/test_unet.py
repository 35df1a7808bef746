import itertools

import pytest
import torch

from motorscope.contract import Architecture, FeatureSpec
from motorscope.errors import ModelError
from motorscope.network import ResNetEncoder3d, UNet3d, build_network
from motorscope.network.unet import outline_network


def on_meta(**kwargs):
    return outline_network(Architecture(**kwargs)).eval()


@pytest.mark.parametrize(("backbone", "millions"), [("r3d18", 42.36), ("r3d200", 183.18)])
def test_reference_network(backbone, millions):
    network = on_meta(backbone=backbone)
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 2) == millions
    window = torch.empty(1, 1, 64, 672, 672, device="meta")
    logits = network.forward_with_auxiliary(window)
    assert tuple(logits.main.shape) == (1, 1, 8, 84, 84)
    assert tuple(logits.auxiliary.shape) == (1, 1, 4, 42, 42)
    decoded = network.decoder(network.encoder.forward_features(window))
    assert tuple(decoded.shape) == (1, 256, 4, 42, 42)
    assert network.output_spec == FeatureSpec("heatmap", 1, 8, 3.5)


def test_state_dict_has_the_reference_names():
    network = on_meta(backbone="r3d18")
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    block = "decoder.blocks.0"
    expected = {f"{block}.upsample.deconv.weight", f"{block}.upsample.deconv.bias"}
    for conv in ("conv1", "conv2"):
        expected |= {f"{block}.{conv}.conv.weight"}
        expected |= {f"{block}.{conv}.norm.{part}" for part in norm}
    expected |= {
        f"{head}.conv.{part}" for head in ("seg_head", "aux_head") for part in ("weight", "bias")
    }
    expected |= {f"backbone.{name}" for name in network.encoder.state_dict()}
    assert set(network.state_dict()) == expected


def test_a_new_network_is_initialised():
    network = build_network(Architecture(base_width=4, decoder_channels=(8, 4)))
    assert network.training
    for name, tensor in network.state_dict().items():
        assert torch.isfinite(tensor).all(), name
    for name, buffer in network.named_buffers():
        expected = 1 if name.endswith("running_var") else 0
        assert (buffer == expected).all(), name


@pytest.mark.parametrize("stages", [1, 2, 3, 4])
def test_each_decoder_stage_doubles_the_resolution(stages):
    network = on_meta(base_width=4, decoder_channels=(16, 12, 8, 6)[:stages])
    stride = 16 >> stages
    y = network(torch.empty(2, 1, 32, 64, 96, device="meta"))
    assert tuple(y.shape) == (2, 1, 32 // stride, 64 // stride, 96 // stride)
    assert network.output_spec == FeatureSpec("heatmap", 1, stride, (stride - 1) / 2)


@pytest.mark.parametrize("channels", [(), (8, 8, 8, 8, 8), (8, 0)])
def test_impossible_decoders(channels):
    with pytest.raises(ModelError, match="one to 4 stages"):
        UNet3d(ResNetEncoder3d(base_width=2), decoder_channels=channels)


def test_no_auxiliary_head(network):
    plain = UNet3d(network.encoder, decoder_channels=(8,), auxiliary_head=False).eval()
    x = torch.randn(1, 1, 32, 32, 32)
    with torch.no_grad():
        logits = plain.forward_with_auxiliary(x)
        assert torch.equal(logits.main, plain(x))
    assert logits.auxiliary is None
    assert not any(name.startswith("aux_head") for name in plain.state_dict())


def test_auxiliary_head_leaves_the_main_logits_alone(network):
    x = torch.randn(1, 1, 32, 32, 64)
    with torch.no_grad():
        assert torch.equal(network.forward_with_auxiliary(x).main, network(x))


def test_sides_that_do_not_fit_are_named(network):
    with pytest.raises(ModelError, match=r"\(64, 50, 32\); pad them to \(64, 64, 32\)"):
        network(torch.zeros(1, 1, 64, 50, 32))
    with pytest.raises(
        ModelError, match=r"\(n, 1, z, y, x\), not one of shape \(1, 3, 32, 32, 32\)"
    ):
        network(torch.zeros(1, 3, 32, 32, 32))


def test_heatmap_geometry_does_not_depend_on_the_window_without_aligned_corners(network):
    """Far from the cuts, a shifted window gives the shifted map."""
    torch.manual_seed(0)
    x = torch.randn(1, 1, 32, 32, 1024)
    stride = network.output_spec.stride
    with torch.no_grad():
        whole, part = network(x), network(x[..., 64:992])
    inner = part[..., 400 // stride : 528 // stride]
    torch.testing.assert_close(
        inner, whole[..., 464 // stride : 592 // stride], atol=1e-4, rtol=1e-4
    )


def test_all_weights_learn():
    network = build_network(Architecture(base_width=4, decoder_channels=(8, 4)), 0.1, True)
    logits = network.forward_with_auxiliary(torch.randn(2, 1, 64, 64, 64))
    assert logits.auxiliary is not None
    (logits.main.square().mean() + logits.auxiliary.square().mean()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_width_scales_every_channel():
    wide, narrow = on_meta(base_width=64), on_meta(base_width=16)
    for a, b in itertools.zip_longest(wide.encoder.channels, narrow.encoder.channels):
        assert a == 4 * b
