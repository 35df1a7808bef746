import copy
import functools
import io
import pickle

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from motorscope.contract import Architecture
from motorscope.errors import ModelError
from motorscope.network import (
    ResNetEncoder3d,
    WeightsMismatch,
    build_network,
    load_encoder_weights,
    load_weights,
)


def weights_of(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def holds(module, state):
    return all(torch.equal(t, state[n]) for n, t in module.state_dict().items())


@pytest.fixture
def other(small):
    """The same architecture with other weights."""
    torch.manual_seed(99)
    return build_network(small)


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda state: state, id="bare"),
        pytest.param(lambda state: {"state_dict": state, "epoch": 3}, id="state_dict"),
        pytest.param(lambda state: {"model": state}, id="model"),
        pytest.param(lambda state: {"model_state_dict": state, "loss": 0.5}, id="model_state_dict"),
        pytest.param(lambda state: {"ema": state, "optimizer": {"lr": 1.0}}, id="ema"),
        pytest.param(lambda state: {"model": {"state_dict": state}}, id="nested"),
        pytest.param(
            lambda state: {
                "n_averaged": torch.tensor(5),
                **{f"module.{n}": t for n, t in state.items()},
            },
            id="averaged model",
        ),
        pytest.param(
            lambda state: {"state_dict": {f"module._orig_mod.{n}": t for n, t in state.items()}},
            id="prefixes",
        ),
    ],
)
def test_wrappers_and_prefixes(network, other, tmp_path, wrap):
    path = tmp_path / "weights.pt"
    torch.save(wrap(network.state_dict()), path)
    report = load_weights(other, path)
    assert holds(other, network.state_dict())
    assert set(report.loaded) == set(network.state_dict())
    assert report.dropped == report.adapted == ()


def test_averaged_weights_are_preferred(network, other, tmp_path):
    path = tmp_path / "weights.pt"
    averaged = {n: t + 1 for n, t in network.state_dict().items()}
    torch.save({"model": network.state_dict(), "model_ema": averaged}, path)
    load_weights(other, path)
    assert holds(other, averaged)


def test_safetensors(network, other, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(network.state_dict(), path)
    load_weights(other, path)
    assert holds(other, network.state_dict())


def test_the_old_pickle_format(network, other, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    load_weights(other, path)
    assert holds(other, network.state_dict())


def kinetics_checkpoint(encoder, in_channels=3):
    """What the published encoder files hold."""
    state = {f"module.{n}": t for n, t in weights_of(encoder).items()}
    width = encoder.conv1.out_channels
    state["module.conv1.weight"] = torch.randn(width, in_channels, 7, 7, 7)
    state["module.fc.weight"] = torch.zeros(1039, encoder.channels[-1])
    state["module.fc.bias"] = torch.zeros(1039)
    optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [50, 100, 150])
    return {
        "epoch": 200,
        "arch": "resnet-18",
        "state_dict": state,
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
    }


@pytest.mark.parametrize("in_channels", [1, 2, 3])
def test_published_encoder_files(tmp_path, in_channels):
    path = tmp_path / "r3d18_KM_200ep.pth"
    content = kinetics_checkpoint(ResNetEncoder3d(base_width=4, in_channels=3))
    torch.save(content, path)
    encoder = ResNetEncoder3d(base_width=4, in_channels=in_channels).eval()
    report = load_encoder_weights(encoder, path)
    assert set(report.dropped) == {"fc.weight", "fc.bias"}
    assert report.adapted == (("conv1.weight",) if in_channels != 3 else ())
    assert "fc.weight" in str(report)
    # A grey picture in all channels looks the same to both stems.
    stem = content["state_dict"]["module.conv1.weight"]
    grey = torch.randn(1, 1, 9, 9, 9)
    expected = torch.conv3d(grey.repeat(1, 3, 1, 1, 1), stem)
    found = torch.conv3d(grey.repeat(1, in_channels, 1, 1, 1), encoder.conv1.weight)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    if in_channels != 3:
        wanted = stem.sum(1, keepdim=True).expand(-1, in_channels, -1, -1, -1) / in_channels
        torch.testing.assert_close(encoder.conv1.weight.data, wanted)


def test_encoder_of_a_detector(network, tmp_path, small):
    path = tmp_path / "detector.pt"
    torch.save(network.state_dict(), path)
    encoder = ResNetEncoder3d(base_width=small.base_width)
    report = load_encoder_weights(encoder, path)
    assert holds(encoder, network.encoder.state_dict())
    assert "seg_head.conv.bias" in report.dropped
    assert len(report.loaded) + len(report.dropped) == len(network.state_dict())


def test_other_backbone_is_named(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(ResNetEncoder3d("r3d200", base_width=2).state_dict(), path)
    with pytest.raises(ModelError, match=r"weights\.pt holds .* r3d200, but the encoder is r3d18"):
        load_encoder_weights(ResNetEncoder3d("r3d18", base_width=2), path)


def test_mismatches_are_listed_and_nothing_is_loaded(network, other, tmp_path):
    path = tmp_path / "weights.pt"
    state = weights_of(network)
    del state["seg_head.conv.bias"]
    state["extra.weight"] = torch.zeros(1)
    state["aux_head.conv.weight"] = torch.zeros(2, 3)
    torch.save(state, path)
    before = weights_of(other)
    with pytest.raises(WeightsMismatch) as caught:
        load_weights(other, path)
    assert caught.value.missing == ("seg_head.conv.bias",)
    assert caught.value.unexpected == ("extra.weight",)
    assert caught.value.wrong_shape == (("aux_head.conv.weight", (2, 3), (1, 32, 3, 3, 3)),)
    for said in ("weights.pt", "seg_head.conv.bias", "extra.weight", "(2, 3)", "(1, 32, 3, 3, 3)"):
        assert said in str(caught.value)
    assert holds(other, before)


def test_hundreds_of_mismatches_stay_readable(network, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"some.weight": torch.zeros(1)}, path)
    with pytest.raises(WeightsMismatch) as caught:
        load_weights(network, path)
    assert len(caught.value.missing) > 100
    assert len(str(caught.value)) < 800
    assert "and" in str(caught.value)


def test_auxiliary_head_is_left_out_where_the_network_has_none(network, small, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(network.state_dict(), path)
    plain = build_network(Architecture(base_width=4, decoder_channels=(8, 6), auxiliary_head=False))
    report = load_weights(plain, path)
    assert report.dropped == ("aux_head.conv.weight", "aux_head.conv.bias")


def test_absent_batch_counters_become_zero(network, other, tmp_path):
    path = tmp_path / "weights.pt"
    state = {n: t for n, t in network.state_dict().items() if not n.endswith("batches_tracked")}
    torch.save(state, path)
    for name, buffer in other.named_buffers():
        if name.endswith("batches_tracked"):
            buffer.fill_(7)
    load_weights(other, path)
    assert all(b == 0 for n, b in other.named_buffers() if n.endswith("batches_tracked"))


def test_weights_that_are_no_numbers(network, other, tmp_path):
    path = tmp_path / "weights.pt"
    state = weights_of(network)
    state["seg_head.conv.bias"][0] = torch.nan
    torch.save(state, path)
    before = weights_of(other)
    with pytest.raises(ModelError, match=r"not all finite numbers \(seg_head\.conv\.bias\)"):
        load_weights(other, path)
    assert holds(other, before)


class Dangerous:
    def __reduce__(self):
        return (print, ("this must never run",))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (Dangerous(), "print"),
        (np.float64(0.5), "numpy"),
        (functools.partial(int, "1"), "functools.partial"),
        (io.BytesIO(b"x"), "BytesIO"),
    ],
    ids=["function", "numpy", "partial", "object"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_pickles_that_need_more_are_refused_by_name(
    network, tmp_path, capsys, content, named, zipped
):
    path = tmp_path / "weights.pt"
    torch.save(
        {"state_dict": network.state_dict(), "config": content},
        path,
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(ModelError, match=rf"weights\.pt was refused.*{named}"):
        load_weights(network, path)
    assert "must never run" not in capsys.readouterr().out


def test_plain_pickles_are_refused(network, tmp_path):
    path = tmp_path / "config.pkl"
    path.write_bytes(pickle.dumps(Dangerous()))
    with pytest.raises(ModelError, match=r"config\.pkl"):
        load_weights(network, path)


@pytest.mark.parametrize(
    "content",
    [{}, {"epoch": 3}, [1, 2], torch.zeros(3), {"state_dict": {"epoch": 1}}, "text"],
    ids=["empty", "numbers", "list", "tensor", "no tensors", "text"],
)
def test_what_is_no_state_dict(network, tmp_path, content):
    path = tmp_path / "weights.pt"
    torch.save(content, path)
    with pytest.raises(ModelError, match=r"weights\.pt holds no state dict"):
        load_weights(network, path)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"\x00", b"PK\x03\x04rubbish", b"{}", b"text\n" * 9])
def test_what_is_no_checkpoint(network, tmp_path, suffix, content):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"weights\.(pt is damaged|safetensors is not a whole)"):
        load_weights(network, path)


@pytest.fixture(scope="module")
def tiny_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    encoder = ResNetEncoder3d(base_width=1)
    torch.save(encoder.state_dict(), folder / "new.pt")
    torch.save(encoder.state_dict(), folder / "old.pt", _use_new_zipfile_serialization=False)
    save_file(encoder.state_dict(), folder / "native.safetensors")
    return encoder, {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(["new.pt", "old.pt", "native.safetensors"]), part=st.floats(0, 0.999))
def test_truncated_files(tiny_files, tmp_path, name, part):
    encoder, contents = tiny_files
    path = tmp_path / name
    path.write_bytes(contents[name][: int(part * len(contents[name]))])
    target = copy.deepcopy(encoder)
    with pytest.raises(ModelError, match=name):
        load_encoder_weights(target, path)


def test_absent_file(network, tmp_path):
    with pytest.raises(ModelError, match="There is no file"):
        load_weights(network, tmp_path / "absent.pt")
