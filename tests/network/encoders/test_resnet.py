"""The encoder against the definition it is made from."""

import math
from weakref import ref

import pytest
import torch
import torch.nn.functional as F

from motorscope.contract import FeatureSpec
from motorscope.errors import ModelError
from motorscope.network import ResNetEncoder3d

DEPTHS = {"r3d18": (2, 2, 2, 2), "r3d200": (3, 24, 36, 3)}
CONVS = {"r3d18": 2, "r3d200": 3}


def on_meta(backbone, **kwargs):
    with torch.device("meta"):
        return ResNetEncoder3d(backbone, **kwargs).eval()


def by_definition(backbone, state, x):
    """The encoder in evaluation mode as a formula over its state dict."""

    def norm(x, name):
        mean, var, weight, bias = (
            state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, var, weight, bias, eps=1e-5)

    def block(x, name, stride):
        y = x
        for i in range(1, CONVS[backbone] + 1):
            weight = state[f"{name}.conv{i}.weight"]
            strided = i == (1 if backbone == "r3d18" else 2)
            y = F.conv3d(y, weight, stride=stride if strided else 1, padding=weight.shape[-1] // 2)
            y = norm(y, f"{name}.bn{i}")
            if i < CONVS[backbone]:
                y = y.relu()
        shortcut = state.get(f"{name}.downsample.0.weight")
        if shortcut is not None:
            x = norm(F.conv3d(x, shortcut, stride=stride), f"{name}.downsample.1")
        return (x + y).relu()

    x = norm(F.conv3d(x, state["conv1.weight"], stride=2, padding=3), "bn1").relu()
    features = [x]
    x = F.max_pool3d(x, 3, 2, 1)
    for layer, depth in enumerate(DEPTHS[backbone], start=1):
        for i in range(depth):
            x = block(x, f"layer{layer}.{i}", stride=2 if layer > 1 and i == 0 else 1)
        features.append(x)
    return features


def names_by_definition(backbone):
    def norm(name):
        parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        return {f"{name}.{part}" for part in parts}

    names = {"conv1.weight"} | norm("bn1")
    for layer, depth in enumerate(DEPTHS[backbone], start=1):
        for block in range(depth):
            name = f"layer{layer}.{block}"
            for i in range(1, CONVS[backbone] + 1):
                names |= {f"{name}.conv{i}.weight"} | norm(f"{name}.bn{i}")
            if block == 0 and (layer > 1 or backbone == "r3d200"):
                names |= {f"{name}.downsample.0.weight"} | norm(f"{name}.downsample.1")
    return names


@pytest.mark.parametrize("backbone", ["r3d18", "r3d200"])
def test_outputs_equal_the_definition(backbone):
    torch.manual_seed(0)
    encoder = ResNetEncoder3d(backbone, base_width=4).double().eval()
    for name, buffer in encoder.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.5, 0.5)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    x = torch.randn(2, 1, 33, 48, 29, dtype=torch.float64)
    with torch.no_grad():
        features = encoder.forward_features(x)
        expected = by_definition(backbone, encoder.state_dict(), x)
        assert torch.equal(encoder(x), features[-1])
    for feature, wanted in zip(features, expected, strict=True):
        assert wanted.std() > 0
        torch.testing.assert_close(feature, wanted)


@pytest.mark.parametrize("backbone", ["r3d18", "r3d200"])
def test_state_dict_has_the_published_names(backbone):
    assert set(on_meta(backbone).state_dict()) == names_by_definition(backbone)


@pytest.mark.parametrize(("backbone", "millions"), [("r3d18", 33.16), ("r3d200", 126.56)])
def test_number_of_parameters(backbone, millions):
    count = sum(p.numel() for p in on_meta(backbone).parameters())
    assert round(count / 1e6, 2) == millions


@pytest.mark.parametrize(
    ("backbone", "channels"),
    [("r3d18", (64, 64, 128, 256, 512)), ("r3d200", (64, 256, 512, 1024, 2048))],
)
def test_feature_shapes_of_the_reference_window(backbone, channels):
    encoder = on_meta(backbone)
    features = encoder.forward_features(torch.empty(1, 1, 64, 672, 672, device="meta"))
    sides = [(32, 336, 336), (16, 168, 168), (8, 84, 84), (4, 42, 42), (2, 21, 21)]
    assert [tuple(f.shape) for f in features] == [
        (1, c, *s) for c, s in zip(channels, sides, strict=True)
    ]
    assert encoder.channels == channels


def test_feature_specs():
    assert on_meta("r3d200").feature_specs == (
        FeatureSpec("stem", 64, 2, 0.0),
        FeatureSpec("layer1", 256, 4, 0.0),
        FeatureSpec("layer2", 512, 8, 0.0),
        FeatureSpec("layer3", 1024, 16, 0.0),
        FeatureSpec("layer4", 2048, 32, 0.0),
    )


@pytest.mark.parametrize("backbone", ["r3d18", "r3d200"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_features_are_centred_on_multiples_of_the_stride(backbone, axis):
    """With symmetric kernels, a point at ``stride * i`` makes a map symmetric about voxel i."""
    encoder = ResNetEncoder3d(backbone, base_width=1).double().eval()
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv3d):
            side = module.kernel_size[0]
            tent = 1.0 + side // 2 - (torch.arange(side) - side // 2).abs()
            kernel = tent[:, None, None] * tent[None, :, None] * tent[None, None, :]
            fan_in = module.in_channels * kernel.sum()
            module.weight.data[:] = kernel / fan_in
    for spec in encoder.feature_specs:
        # Long enough on one axis that the response never meets the volume's ends.
        reach = 8 if backbone == "r3d18" or spec.stride < 16 else 60
        length, centre = (2 * reach + 1) * spec.stride, reach
        shape = [1, 1, 1]
        shape[axis] = length
        x = torch.zeros(1, 1, *shape, dtype=torch.float64)
        x.view(-1)[spec.stride * centre + round(spec.offset)] = 1.0
        stage = [s.name for s in encoder.feature_specs].index(spec.name)
        with torch.no_grad():
            response = encoder.forward_features(x, stages=stage + 1)[stage].sum(1).flatten()
        assert response.argmax() == centre
        assert response[centre] > response[centre - 1]
        torch.testing.assert_close(
            response[centre - 6 : centre], response[centre + 1 : centre + 7].flip(0)
        )


def test_drop_path_rises_linearly_to_its_rate():
    encoder = on_meta("r3d18", drop_path_rate=0.35)
    rates = [
        getattr(block.drop_path, "drop_prob", 0.0)
        for layer in (encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4)
        for block in layer
    ]
    assert rates == pytest.approx([0.05 * i for i in range(8)])


def test_shallow_stages_do_not_compute_deep_ones():
    encoder = ResNetEncoder3d(base_width=2).eval()
    ran = []
    encoder.layer3.register_forward_hook(lambda *_: ran.append("layer3"))
    features = encoder.forward_features(torch.zeros(1, 1, 32, 32, 32), stages=3)
    assert len(features) == 3
    assert ran == []


def test_stem_options():
    encoder = on_meta("r3d18", in_channels=2, stem_stride=(1, 2, 2), stem_dilation=(2, 1, 1))
    feature = encoder.forward_features(torch.empty(1, 2, 32, 32, 64, device="meta"), stages=1)[0]
    assert tuple(feature.shape) == (1, 64, 32, 16, 32)
    assert encoder.strides[-1] == (16, 32, 32)
    with pytest.raises(ModelError, match="no single stride"):
        _ = encoder.feature_specs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"backbone": "r3d999"}, "choose r3d18 or r3d34"), ({"base_width": 0}, "at least 1")],
)
def test_impossible_encoders(arguments, said):
    with pytest.raises(ModelError, match=said):
        ResNetEncoder3d(**arguments)


class Saved:
    """Counts the bytes that autograd keeps for the backward pass, each storage once."""

    def __init__(self):
        self.storages = {}

    def pack(self, tensor):
        self.storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    @property
    def total(self):
        return sum(self.storages.values())


def test_checkpointing_changes_memory_and_nothing_else():
    results = {}
    for checkpointing in (False, True):
        torch.manual_seed(3)
        encoder = ResNetEncoder3d(base_width=4, drop_path_rate=0.5, checkpointing=checkpointing)
        x = torch.randn(2, 1, 32, 64, 64, requires_grad=True)
        torch.manual_seed(4)  # for the dropped paths
        saved = Saved()
        with torch.autograd.graph.saved_tensors_hooks(saved.pack, lambda tensor: tensor):
            features = encoder.forward_features(x)
        kept = saved.total
        sum(math.prod((i + 1, 1)) * f.square().mean() for i, f in enumerate(features)).backward()
        gradients = [p.grad for p in encoder.parameters()]
        results[checkpointing] = (kept, features, [x.grad, *gradients], list(encoder.buffers()))
    plain, saving = results[False], results[True]
    assert saving[0] < 0.5 * plain[0]
    for a, b in zip(plain[1:], saving[1:], strict=True):
        for left, right in zip(a, b, strict=True):
            torch.testing.assert_close(left, right)


@pytest.mark.parametrize("stages", [1, 2, 3, 4, 5])
def test_receptive_radius_is_where_the_input_begins_to_matter(stages):
    encoder = ResNetEncoder3d(base_width=1).double().eval()
    for parameter in encoder.parameters():
        parameter.data.abs_().add_(0.1)
    stride, radius = encoder.strides[stages - 1][0], encoder.receptive_radius(stages)
    reach = radius // stride + 2
    x = torch.zeros(1, 1, 1, 1, (2 * reach + 1) * stride, dtype=torch.float64)
    x += torch.rand(x.shape, dtype=torch.float64)
    x.requires_grad_()
    encoder.forward_features(x, stages)[-1][..., reach].sum().backward()
    seen = x.grad.flatten().nonzero().flatten()
    centre = reach * stride
    assert centre - radius <= seen.min()
    assert seen.max() <= centre + radius
    # Pooling passes on one of three voxels only, so some of the outermost may not matter.
    assert seen.max() - seen.min() >= 2 * (radius - 4)


@pytest.mark.parametrize("sides", [(32, 32, 32), (64, 32, 96), (35, 20, 41)])
def test_the_stem_in_slabs_is_the_whole_stem(sides):
    """Inference does without the whole stem where nobody asks for it."""
    encoder = ResNetEncoder3d("r3d18", base_width=4).eval()
    x = torch.randn(2, 1, *sides)
    whole = [feature.detach() for feature in encoder.forward_features(x)]
    with torch.inference_mode():
        in_slabs = encoder.forward_features(x, first=1)
    for feature, expected in zip(in_slabs, whole[1:], strict=True):
        torch.testing.assert_close(feature, expected, atol=1e-4, rtol=1e-4)


def test_what_a_layer_was_given_is_freed_before_the_layer_ends():
    encoder = ResNetEncoder3d(base_width=4).eval()
    given, alive = [], []
    encoder.layer2[0].register_forward_pre_hook(lambda module, x: given.append(ref(x[0])))
    encoder.layer2[1].register_forward_pre_hook(lambda module, x: alive.append(given[0]()))
    with torch.inference_mode():
        encoder.forward_features(torch.zeros(1, 1, 32, 32, 32), first=3)
    assert alive == [None]


def test_a_hook_on_a_layer_is_called():
    encoder = ResNetEncoder3d(base_width=4).eval()
    seen = []
    encoder.layer2.register_forward_hook(lambda module, x, y: seen.append(y.shape[1]))
    with torch.inference_mode():
        encoder.forward_features(torch.zeros(1, 1, 32, 32, 32), first=3)
    assert seen == [8]
