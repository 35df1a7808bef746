from pathlib import Path

import pytest

from motorscope import cli
from motorscope.network import read_card


def test_a_bad_config_ends_with_one_sentence(tmp_path, capsys):
    config = tmp_path / "bad.toml"
    config.write_text("[data]\nspacnig = 16")
    assert cli.main(["train", str(config), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "data.spacnig" in said
    assert str(config) in said
    assert not (tmp_path / "run").exists()


@pytest.fixture
def called(monkeypatch):
    """Take the place of the training; hold what it was called with."""
    import motorscope.training

    said = {}

    def fake(config, out, resume, tell):
        said.update(config=config, out=out, resume=resume)
        return motorscope.training.Trained(out / "small.json", None)

    monkeypatch.setattr(motorscope.training, "train", fake)
    return said


@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_the_command_hands_on_what_it_was_told(tmp_path, called, options):
    config = tmp_path / "small.toml"
    config.write_text("name = 'small'\n[optimiser]\nbatch = 3")
    out = ["--out", str(tmp_path / "here"), "--steps", "5"]
    assert cli.main(["train", str(config), *out, *options]) == 0
    assert called["out"] == tmp_path / "here"
    assert called["resume"] == bool(options)
    assert called["config"].name == "small"
    assert called["config"].optimiser.batch == 3
    assert called["config"].optimiser.steps == 5


def test_without_a_configuration_a_model_is_taught_further(called, start_model):
    options = ["--from", str(start_model), "--held-out", "0.4", "--spacing", "13.1"]
    data = ["--tomograms", "my folder", "--picks", "my.csv"]
    assert cli.main(["train", *data, *options]) == 0
    config = called["config"]
    assert called["out"] == Path("runs/fine-tuned")
    assert config.network.start_from == str(start_model)
    assert config.network.architecture() == read_card(start_model).architecture
    assert (config.data.tomograms, config.data.picks) == ("my folder", "my.csv")
    assert (config.data.held_out, config.data.tomogram_spacing) == (0.4, 13.1)
    assert config.data.scenes > 0
    assert cli.main(["train", *data]) == 0
    assert called["config"].network.start_from == "built-in"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "a configuration, or --tomograms and --picks"),
        (["--tomograms", "x"], "a configuration, or --tomograms and --picks"),
        (["--tomograms", "x", "--picks", "y", "--steps", "0"], "optimiser.steps"),
        (["--tomograms", "x", "--picks", "y", "--held-out", "1"], "data.held_out"),
        (["--tomograms", "x", "--picks", "y", "--spacing", "-3"], "data.tomogram_spacing"),
        (["--tomograms", "x", "--picks", "y", "--from", "z"], "no model 'z'"),
        (["--tomograms", "x", "--picks", "y"], "there is no folder x"),
        (["absent.toml"], "absent.toml cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path, monkeypatch, capsys, options, said):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *options]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert len(captured.err.splitlines()) == 1
