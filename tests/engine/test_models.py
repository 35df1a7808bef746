"""The models that can be chosen."""

import pytest
import torch

from motorscope.contract import ModelRef
from motorscope.engine import models
from motorscope.engine.models import ModelCache, open_model, take_inventory
from motorscope.errors import ModelError
from motorscope.network import load_model, save_model


def test_inventory_lists_what_is_shipped_default_first():
    found = take_inventory("byu2025-1st")
    names = [option.choice.name for option in found.options]
    assert names[0] == "byu2025-1st"
    assert "built-in" in names
    first = found.options[0]
    assert not first.ready
    assert [spec.stride for spec in first.stages] == [2, 4, 8, 16, 32]
    assert found.devices[0] == ("auto", "Automatic")
    assert ("cpu", "CPU") in found.devices


def test_stages_are_those_of_the_loaded_network():
    option = next(each for each in take_inventory().options if each.choice.name == "built-in")
    assert option.ready
    assert option.stages == load_model("built-in").features


def test_default_that_is_a_file_is_offered_and_a_broken_one_left_out(tmp_path, model):
    save_model(model.network, model.card, tmp_path)
    path = str(tmp_path / "tiny.json")
    assert take_inventory(path).options[0].label == "tiny.json (file)"
    assert take_inventory(str(tmp_path / "absent.json")).options[0].choice.name in (
        "built-in",
        "byu2025-1st",
    )


def test_cache_loads_once_and_forgets_the_model_before(monkeypatch, model):
    loaded = []

    def load(name, weights=None):
        loaded.append(name)
        return model

    monkeypatch.setattr("motorscope.network.load_to_inspect", load)
    cache = ModelCache()
    for name in ("a", "a", "b", "a"):
        cache.load(ModelRef(name))
    assert loaded == ["a", "b", "a"]


def test_an_encoder_alone_is_offered_as_one_and_refused_where_a_detector_is_wanted(tmp_path, model):
    path = tmp_path / "kinetics.pt"
    torch.save({"state_dict": model.network.encoder.state_dict()}, path)
    cache, ref = ModelCache(), ModelRef(str(path))
    option = open_model(cache, ref)
    assert not option.detects
    assert option.stages == model.features
    with pytest.raises(ModelError, match="without a detector"):
        cache.load(ref)


def test_model_file_is_opened(tmp_path, model):
    save_model(model.network, model.card, tmp_path)
    option = open_model(ModelCache(), ModelRef(str(tmp_path / "tiny.safetensors")))
    assert option.ready
    assert option.card.name == "tiny"
    assert option.stages == model.features


def test_absent_model_is_an_error_of_a_person(tmp_path):
    with pytest.raises(ModelError, match="absent"):
        open_model(ModelCache(), ModelRef(str(tmp_path / "absent.json")))
    assert models.ModelCache()._last is None
