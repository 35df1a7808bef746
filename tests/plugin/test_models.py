"""The models that can be chosen."""

import pytest

from motorscope.contract import ModelRef
from motorscope.errors import ModelError
from motorscope.network import load_model, save_model
from motorscope.plugin import models
from motorscope.plugin.models import ModelShelf, open_model, survey


def test_survey_lists_what_is_shipped_default_first():
    found = survey("byu2025-1st")
    names = [option.choice.name for option in found.options]
    assert names[0] == "byu2025-1st"
    assert "built-in" in names
    first = found.options[0]
    assert not first.ready
    assert [spec.stride for spec in first.stages] == [2, 4, 8, 16, 32]
    assert found.devices[0] == ("auto", "Automatic")
    assert ("cpu", "CPU") in found.devices


def test_stages_are_those_of_the_loaded_network():
    option = next(each for each in survey().options if each.choice.name == "built-in")
    assert option.ready
    assert option.stages == load_model("built-in").features


def test_default_that_is_a_file_is_offered_and_a_broken_one_left_out(tmp_path, spot_model):
    save_model(spot_model.network, spot_model.card, tmp_path)
    path = str(tmp_path / "spots.json")
    assert survey(path).options[0].label == "spots.json (file)"
    assert survey(str(tmp_path / "absent.json")).options[0].choice.name in (
        "built-in",
        "byu2025-1st",
    )


def test_shelf_loads_once_and_forgets_the_model_before(monkeypatch, spot_model):
    loaded = []

    def load(name, weights=None):
        loaded.append(name)
        return spot_model

    monkeypatch.setattr("motorscope.network.load_model", load)
    shelf = ModelShelf()
    for name in ("a", "a", "b", "a"):
        shelf.load(ModelRef(name))
    assert loaded == ["a", "b", "a"]


def test_model_file_is_opened(tmp_path, spot_model):
    save_model(spot_model.network, spot_model.card, tmp_path)
    option = open_model(ModelShelf(), ModelRef(str(tmp_path / "spots.safetensors")))
    assert option.ready
    assert option.card.name == "spots"
    assert option.stages == spot_model.features


def test_absent_model_is_an_error_of_a_person(tmp_path):
    with pytest.raises(ModelError, match="absent"):
        open_model(ModelShelf(), ModelRef(str(tmp_path / "absent.json")))
    assert models.ModelShelf()._last is None
