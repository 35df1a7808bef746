import math
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from motorscope.contract import Architecture, write_card_file
from motorscope.errors import ModelError
from motorscope.network import (
    ResNetEncoder3d,
    build_network,
    list_models,
    load_model,
    read_card,
    save_model,
)
from motorscope.network.checkpoint import recognise_architecture
from motorscope.network.encoders import recognise_encoder
from motorscope.network.unet import outline_network


@pytest.fixture
def saved(network, card, tmp_path):
    return save_model(network, card, tmp_path)


def test_shipped_cards_are_valid():
    assert "byu2025-1st" in list_models()
    for name in list_models():
        card = read_card(name)
        assert card.name == name
        outline_network(card.architecture)


def test_opening_a_model_imports_no_compiler_and_no_timm():
    """They take seconds; another process, since some test before may have imported them."""
    script = (
        "import sys; from motorscope.network import load_model; load_model('built-in'); "
        "sys.exit(str({'timm', 'torchvision', 'torch._dynamo', 'sympy'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_reference_recipe():
    card = read_card("byu2025-1st")
    assert card.architecture == Architecture("r3d200", 1, 64, (256,), True, True)
    assert card.calibration.shift == pytest.approx(math.log(256))
    assert card.input.shape == (128, 672, 672)
    assert not card.input.antialias
    assert not card.input.rescale_8bit
    assert card.weights is None


def test_reference_without_weights_asks_for_them():
    with pytest.raises(ModelError, match="Give the checkpoint file"):
        load_model("byu2025-1st")


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_saved_models_come_back(network, card, saved, suffix):
    model = load_model(saved.with_suffix(suffix))
    assert model.card == replace(card, weights="small.safetensors", sha256=model.card.sha256)
    assert len(model.card.sha256) == 64
    assert not any(module.training for module in model.network.modules())
    assert model.output.stride == 4
    assert [spec.stride for spec in model.features] == [2, 4, 8, 16, 32]
    x = torch.randn(1, 1, 32, 64, 32)
    with torch.no_grad():
        assert torch.equal(model.network(x), network(x))


def test_half_precision_halves_the_file(network, card, tmp_path):
    folders = {}
    for storage in ("fp16", "fp32"):
        (tmp_path / storage).mkdir()
        folders[storage] = save_model(network, card, tmp_path / storage, storage)
    sizes = {s: p.with_suffix(".safetensors").stat().st_size for s, p in folders.items()}
    assert sizes["fp16"] < 0.7 * sizes["fp32"]
    model = load_model(folders["fp16"])
    assert all(p.dtype == torch.float32 for p in model.network.parameters())
    x = torch.randn(1, 1, 32, 32, 32)
    with torch.no_grad():
        expected = network(x)
        assert (model.network(x) - expected).abs().max() < 0.01 * expected.abs().max()


def test_what_half_precision_cannot_hold_is_not_saved(network, card, tmp_path):
    with torch.no_grad():
        network.seg_head.conv.weight[:] = 1e6
    with pytest.raises(ModelError, match=r"'seg_head\.conv\.weight' cannot be saved as fp16"):
        save_model(network, card, tmp_path, "fp16")
    assert list(tmp_path.iterdir()) == []


def test_auxiliary_head_can_be_left_out(network, card, tmp_path):
    small = replace(card, architecture=replace(card.architecture, auxiliary_head=False))
    model = load_model(save_model(network, small, tmp_path))
    assert model.network.aux_head is None


def test_a_card_of_another_architecture_is_not_saved(network, card, tmp_path):
    other = replace(card, architecture=replace(card.architecture, base_width=8))
    with pytest.raises(ModelError, match="another architecture"):
        save_model(network, other, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_such_folder(network, card, tmp_path):
    with pytest.raises(ModelError, match="cannot be written"):
        save_model(network, card, tmp_path / "absent")


def test_altered_weights_are_refused(saved):
    weights = saved.with_suffix(".safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256"):
        load_model(saved)


def test_missing_pieces_are_named(saved, tmp_path):
    with pytest.raises(ModelError, match=r"There is no model 'nonsense'; choose .*byu2025-1st"):
        load_model("nonsense")
    weights = saved.with_suffix(".safetensors")
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(weights.read_bytes())
    with pytest.raises(ModelError, match=r"needs its model card beside it, alone\.json"):
        load_model(alone)
    weights.unlink()
    with pytest.raises(ModelError, match=r"small\.safetensors .* missing"):
        load_model(saved)


def test_a_card_without_weights_takes_a_checkpoint(network, card, tmp_path):
    card_path, checkpoint = tmp_path / "c.json", tmp_path / "w.pt"
    torch.save({"state_dict": network.state_dict()}, checkpoint)
    write_card_file(card, card_path)
    with pytest.raises(ModelError, match="names no weights"):
        load_model(card_path)
    model = load_model(card_path, weights=checkpoint)
    assert torch.equal(model.network.seg_head.conv.bias, network.seg_head.conv.bias)


@pytest.fixture(scope="module")
def reference_checkpoint(tmp_path_factory):
    """A bare detector checkpoint as users of the reference have them, of the smaller backbone."""
    path = tmp_path_factory.mktemp("reference") / "r3d18_704_0_epoch400.pt"
    torch.manual_seed(0)
    torch.save(build_network(Architecture("r3d18")).state_dict(), path)
    return path


def test_bare_reference_checkpoints(reference_checkpoint):
    model = load_model(reference_checkpoint)
    assert model.card.name == "byu2025-1st"
    assert model.card.architecture == Architecture("r3d18")
    assert model.card.input == read_card("byu2025-1st").input
    assert load_model("byu2025-1st", reference_checkpoint).card == model.card
    state = torch.load(reference_checkpoint, weights_only=True)
    for name, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, state[name]), name
    with pytest.raises(ModelError, match="already is a file of weights"):
        load_model(reference_checkpoint, weights=reference_checkpoint)


def test_recognition_by_names_and_shapes():
    for backbone in ("r3d18", "r3d200"):
        wanted = Architecture(backbone, 2, 8, (16, 8, 4), auxiliary_head=False)
        with torch.device("meta"):
            network = build_network(wanted)
        assert recognise_architecture(network.state_dict()) == wanted
        assert recognise_encoder(network.encoder.state_dict()).backbone == backbone
        assert recognise_architecture(network.encoder.state_dict()) is None
    assert recognise_encoder({}) is None


def test_other_checkpoints_do_not_pass_for_the_reference(network, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(network.state_dict(), path)
    with pytest.raises(ModelError, match=r"other widths or channels"):
        load_model(path)
    torch.save(ResNetEncoder3d(base_width=4).state_dict(), path)
    with pytest.raises(ModelError, match="an encoder alone"):
        load_model(path)


def test_a_card_with_an_unknown_backbone_is_named_with_its_file(saved):
    saved.write_text(saved.read_text().replace('"r3d18"', '"r3d19"'))
    with pytest.raises(ModelError, match=r"small\.safetensors: There is no backbone 'r3d19'"):
        load_model(saved)


def test_a_card_with_impossible_widths_is_named_with_its_file(saved):
    saved.write_text(saved.read_text().replace('"base_width": 4', '"base_width": 4294967296'))
    with pytest.raises(ModelError, match=r"The card of .*small\.safetensors"):
        load_model(saved)
