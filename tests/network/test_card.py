import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.contract import (
    Architecture,
    Calibration,
    ModelCard,
    card_from_json,
    card_to_json,
    read_card_file,
    write_card_file,
)
from motorscope.errors import ModelError
from motorscope.tomogram.recipe import InputRecipe

text = st.text(max_size=20)
sides = st.integers(1, 40).map(lambda n: 32 * n)
inputs = st.one_of(
    st.builds(
        InputRecipe,
        spacing=st.floats(0.5, 900),
        antialias=st.booleans(),
        density=st.sampled_from([None, "dark", "bright"]),
    ),
    st.builds(InputRecipe, shape=st.tuples(*[st.integers(1, 2000)] * 3)),
)
cards = st.builds(
    ModelCard,
    name=st.from_regex(r"[a-z0-9][a-zA-Z0-9 _.-]{0,20}", fullmatch=True),
    description=text,
    architecture=st.builds(
        Architecture,
        backbone=st.sampled_from(["r3d18", "r3d200"]),
        base_width=st.integers(1, 64),
        decoder_channels=st.lists(st.integers(1, 300), min_size=1, max_size=4).map(tuple),
        align_corners=st.booleans(),
    ),
    input=inputs,
    calibration=st.builds(Calibration, shift=st.floats(-9, 9), scale=st.floats(0.1, 9)),
    window=st.tuples(sides, sides, sides),
    context=st.tuples(*[st.integers(0, 15)] * 3),
    default_threshold=st.floats(0, 1),
    minimum_distance=st.floats(0, 1e4),
    training_data=text,
    licence=text,
    flips=st.booleans(),
    weights=st.none() | st.just("some.safetensors"),
    sha256=st.none() | st.just("0" * 64),
    metrics=st.dictionaries(text, st.floats(0, 1) | text, max_size=3),
)


@given(cards)
def test_a_card_survives_json(card):
    assert card_from_json(card_to_json(card), "memory") == card


def as_dict(card):
    return json.loads(card_to_json(card))


def test_files(card, tmp_path):
    path = tmp_path / "small.json"
    write_card_file(card, path)
    assert read_card_file(path) == card
    assert [p.name for p in tmp_path.iterdir()] == ["small.json"]


def set_key(content, key, value):
    *parents, last = key.split(".")
    for parent in parents:
        content = content[parent]
    content[last] = value


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("name", 3, "'name' must be str, not 3"),
        ("name", "../elsewhere", "name must do as a file's name"),
        ("description", None, "'description' must be str, not None"),
        ("architecture", [], "architecture must be an object"),
        ("architecture.base_width", 4.5, "'architecture.base_width' must be int, not 4.5"),
        ("architecture.base_width", True, "'architecture.base_width' must be int, not True"),
        ("architecture.decoder_channels", 256, "'architecture.decoder_channels' must be"),
        ("architecture.decoder_channels", [8, "8"], "'architecture.decoder_channels[1]' must be"),
        ("architecture.align_corners", 1, "'architecture.align_corners' must be bool"),
        ("input.percentiles", [1, 2, 3], "'input.percentiles' must be"),
        ("input.spacing", "16", "'input.spacing' must be float, not '16'"),
        ("input.shape", [1, 2], "'input.shape' must be"),
        ("input.spacing", 16, "either a spacing"),
        ("input.density", "grey", "'input.density' must be 'dark' or 'bright', not 'grey'"),
        ("window", [64, 64, 50], "multiples of 32"),
        ("context", [16, 2, 336], "leaves nothing of the window"),
        ("default_threshold", 1.5, "must be a probability"),
        ("flips", 1, "'flips' must be bool, not 1"),
        ("minimum_distance", -1, "must not be negative"),
        ("weights", "../other.safetensors", "must name a file beside the card"),
        ("metrics", [1], "'metrics' must be"),
    ],
)
def test_wrong_values_are_named_with_their_file(card, tmp_path, key, value, said):
    content = as_dict(card)
    set_key(content, key, value)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError) as caught:
        read_card_file(path)
    assert "broken.json" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["colour", "architecture.depth", "input.gamma"])
def test_unknown_keys(card, key):
    content = as_dict(card)
    set_key(content, key, 1)
    with pytest.raises(ModelError, match=f"here.json has the unknown key '{key}'"):
        card_from_json(json.dumps(content), "here.json")


@pytest.mark.parametrize("key", ["name", "calibration", "licence"])
def test_missing_keys(card, key):
    content = as_dict(card)
    del content[key]
    with pytest.raises(ModelError, match=f"lacks the key '{key}'"):
        card_from_json(json.dumps(content), "here.json")


def test_a_card_from_before_flips_is_of_a_model_measured_without(card):
    content = as_dict(card)
    del content["flips"]
    assert card_from_json(json.dumps(content), "here.json").flips is False


def test_what_is_no_card(tmp_path):
    with pytest.raises(ModelError, match="not valid JSON"):
        card_from_json("{", "here.json")
    for value in ("[" * 100_000, "9" * 5000):
        with pytest.raises(ModelError, match=r"here\.json is not valid JSON"):
            card_from_json(f'{{"name": {value}', "here.json")
    with pytest.raises(ModelError, match="must be an object"):
        card_from_json("[1]", "here.json")
    with pytest.raises(ModelError, match="cannot be read"):
        read_card_file(tmp_path / "absent.json")


def test_failing_to_write_leaves_the_old_card(card, tmp_path, monkeypatch):
    path = tmp_path / "small.json"
    write_card_file(card, path)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(ModelError, match="no space left"):
        write_card_file(replace(card, description="new"), path)
    assert read_card_file(path) == card
    assert len(list(tmp_path.iterdir())) == 1
