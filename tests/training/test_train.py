import csv
import dataclasses
import warnings
from pathlib import Path

import pandas as pd
import pytest
import torch

from motorscope.errors import ConfigError, ModelError
from motorscope.network import ResNetEncoder3d, build_network, load_model, read_card
from motorscope.picks import PickTable
from motorscope.tables import from_table
from motorscope.training.data.scenes import ScenePool
from motorscope.training.fitting.hardware import Hardware
from motorscope.training.fitting.loop import fit
from motorscope.training.measuring.validation import Findings, examine
from motorscope.training.saving import Validation
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.config_file import fine_tuning, read_config
from motorscope.training.train import mix_in_start, new_network, train

CPU = Hardware(accelerator="cpu", devices=1)
CONFIGS = Path(__file__).parents[2] / "configs"


def small(**network):
    return from_table(
        TrainConfig,
        {
            "name": "tiny",
            "network": {"base_width": 4, "decoder_channels": [8], **network},
            "data": {
                "crops": [[32, 32, 32]],
                "scenes": 2,
                "scene_shape": [32, 64, 64],
                "workers": 0,
            },
            "optimiser": {"steps": 2, "batch": 2},
            "validation": {
                "tomograms": 1,
                "final_tomograms": 2,
                "shape": [32, 64, 64],
                "every": 2,
            },
        },
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        trained = train(small(), out, hardware=CPU)
    assert trained.card == out / "tiny.json"
    assert trained.comparison is None
    return out


def test_a_run_ends_in_a_model_that_loads(folder):
    model = load_model(folder / "tiny.json")
    assert model.card.input.spacing == 16.0
    assert model.card.architecture.base_width == 4
    assert "simulated" in model.card.training_data.lower()
    assert model.card.metrics["tomograms"] == 2
    assert model.card.metrics["threshold"] == pytest.approx(model.card.default_threshold, rel=0.01)
    assert "F2" in model.card.metrics["threshold_from"]
    assert (folder / "tiny.safetensors").stat().st_size < 1e6
    with (folder / "validation.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["2"]


def test_a_run_can_start_from_a_model(folder):
    config = small(start_from=str(folder / "tiny.json"))
    network = new_network(config)
    saved = load_model(folder / "tiny.json").network.state_dict()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, saved[name], msg=name)
    with pytest.raises(ConfigError, match="another network"):
        new_network(small(start_from=str(folder / "tiny.json"), base_width=6))
    with pytest.raises(ModelError):
        new_network(small(start_from=str(folder / "absent.json")))


def test_a_model_taught_further_is_compared_with_the_one_before(
    labelled_folder, start_model, tmp_path
):
    motor = PickTable.from_positions([[160.0, 176.0, 248.0]], status="accepted")
    wrong = PickTable.from_positions([[80.0, 80.0, 80.0]], status="rejected")
    folder, picks = labelled_folder(a=motor, b=motor, c=motor, d=wrong, e=None, f=None)
    config = fine_tuning(
        {
            "network": {"start_from": str(start_model)},
            "data": {
                "tomograms": str(folder), "picks": str(picks), "held_out": 0.34, "scenes": 1,
                "scene_shape": [32, 64, 64], "crops": [[32, 32, 32]], "workers": 0,
            },
            "optimiser": {"steps": 2, "batch": 2},
            "validation": {"final_tomograms": 1, "shape": [32, 64, 64]},
        }
    )  # fmt: skip
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        trained = train(config, tmp_path / "run", hardware=CPU, tell=said.append)
    assert "6 tomograms, 3 of them free of motors; 3 motors, 1 rejected and" in said[0]
    names = {one.name for one in trained.comparison.after.tomograms}
    assert names == {one.name for one in trained.comparison.before.tomograms}
    assert len(names & set("abc")) == 1
    assert len(names & set("def")) == 1
    table = pd.read_csv(tmp_path / "run" / "held-out.csv")
    assert list(table["model"]) == ["before", "after"]
    assert list(table["motors"]) == [1, 1]
    parts = pd.read_csv(tmp_path / "run" / "split.csv").set_index("tomogram")["part"]
    assert set(parts.index[parts == "held out"]) == names
    card = load_model(trained.card).card
    assert card.name == "fine-tuned"
    assert card.metrics["held_out"]["tomograms"] == 2
    assert "4 tomograms of its maker with 2 motors, and simulated ones" in card.training_data
    assert "went on from the model start" in card.training_data


@pytest.mark.parametrize("flips", [False, True])
def test_a_model_is_measured_with_flips_where_the_configuration_says_so(
    tmp_path, monkeypatch, flips
):
    measured = []

    def watched(model, tomograms):
        measured.append(model.card.flips)
        return examine(model, tomograms)

    monkeypatch.setattr("motorscope.training.saving.examine", watched)
    config = small()
    config = dataclasses.replace(
        config, validation=dataclasses.replace(config.validation, flips=flips)
    )
    validation = Validation(config, tmp_path, "none")
    validation.save(build_network(config.network.architecture()), 1)
    assert measured == [flips]
    assert read_card(tmp_path / "tiny.json").flips is flips


@pytest.mark.parametrize(("alarm", "raised"), [(0.9, True), (0.02, False)])
def test_the_threshold_is_never_below_what_motor_free_sections_score(
    tmp_path, monkeypatch, alarm, raised
):
    motors = PickTable.from_positions([[0, 0, 0], [0, 0, 5000]], [0.99, 0.98])
    found = Findings({"a": motors}, {"a": PickTable.from_positions(motors.positions)})
    monkeypatch.setattr("motorscope.training.saving.examine", lambda *_: found)
    monkeypatch.setattr("motorscope.training.saving.alarm_score", lambda *_: alarm)
    base = small()
    config = dataclasses.replace(
        base, validation=dataclasses.replace(base.validation, sections=1, false_alarms=0.07)
    )
    card = Validation(config, tmp_path, "none").save(
        build_network(config.network.architecture()), 1
    )
    assert card.metrics["threshold"] == card.default_threshold
    assert (card.default_threshold == alarm) is raised
    assert card.default_threshold >= alarm
    assert card.metrics["threshold_from"].startswith("what 7%") is raised
    assert card.metrics["recall"] == (0.0 if raised else 1.0)


def test_an_encoder_starts_from_the_published_form_of_weights(tmp_path):
    published = ResNetEncoder3d("r3d18", in_channels=3)  # of the reference's width
    state = {f"module.{name}": tensor.half() for name, tensor in published.state_dict().items()}
    state["module.fc.weight"], state["module.fc.bias"] = torch.zeros(1039, 512), torch.zeros(1039)
    assert state["module.conv1.weight"].shape == (64, 3, 7, 7, 7)
    path = tmp_path / "r3d18_KM_200ep.pth"
    torch.save({"epoch": 200, "arch": "resnet-18", "state_dict": state}, path)
    network = {"base_width": 64, "encoder_weights": str(path)}
    config = small(**network)
    network = new_network(config)
    loaded = network.encoder.state_dict()
    for name, tensor in published.state_dict().items():
        if name != "conv1.weight":
            torch.testing.assert_close(loaded[name], tensor.half().to(tensor.dtype), msg=name)
    stem = published.conv1.weight.half().float().sum(1, keepdim=True)
    torch.testing.assert_close(loaded["conv1.weight"], stem, atol=1e-3, rtol=1e-3)
    options = dataclasses.replace(config.optimiser, steps=1, batch=2, learning_rate=1e-6)
    config = dataclasses.replace(config, optimiser=options)
    source = ScenePool(tmp_path / "scenes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        averaged = fit(network, source, config, tmp_path / "run", hardware=CPU)
    weight = averaged.encoder.layer4[1].conv2.weight
    name = "layer4.1.conv2.weight"
    torch.testing.assert_close(weight, published.state_dict()[name], atol=1e-3, rtol=0.01)
    with pytest.raises(ModelError, match="r3d18"):
        new_network(small(backbone="r3d200", encoder_weights=str(path)))


def test_the_full_network_of_the_reference_is_built_from_its_configuration():
    config = read_config(CONFIGS / "r3d200.toml")
    architecture = config.network.architecture()
    with torch.device("meta"):
        network = build_network(
            architecture, config.network.drop_path_rate, config.network.checkpointing
        )
    assert network.encoder.backbone == "r3d200"
    assert network.encoder.channels == (64, 256, 512, 1024, 2048)
    weights = sum(tensor.numel() for tensor in network.encoder.parameters())
    assert weights / 1e6 == pytest.approx(126.56, abs=0.1)
    assert network.encoder.backbone == "r3d200"


def test_a_share_of_the_start_stays_in_the_finished_model(start_model):
    config = small(start_from=str(start_model), start_share=0.25)
    network = new_network(config)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        for value in network.state_dict().values():
            value.add_(1)
    mix_in_start(network, config)
    for name, value in network.state_dict().items():
        change = 0.75 if value.is_floating_point() else 1
        torch.testing.assert_close(value, before[name] + change)


def test_training_ends_with_the_share_of_the_start(start_model, tmp_path):
    def trained(share):
        config = small(start_from=str(start_model), start_share=share)
        unmeasured = dataclasses.replace(config.validation, tomograms=0, final_tomograms=0)
        train(
            dataclasses.replace(config, validation=unmeasured), tmp_path / str(share), hardware=CPU
        )
        return load_model(tmp_path / str(share) / "tiny.json").network.state_dict()

    start = load_model(start_model).network.state_dict()
    alone, mixed = trained(0.0), trained(0.5)
    assert any(not torch.equal(alone[name], start[name]) for name in start)
    for name, value in mixed.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (start[name] + alone[name]) / 2, rtol=2e-3, atol=1e-6)


def test_an_impossible_share_of_the_start_is_refused(start_model):
    with pytest.raises(ConfigError, match=r"start_share must be 0 where start_from names no model"):
        small(start_share=0.5)
    with pytest.raises(ConfigError, match=r"start_share must be in \[0, 1\)"):
        small(start_from=str(start_model), start_share=1.0)
