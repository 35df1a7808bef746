import csv
import warnings

import pytest
import torch

from motorscope.errors import ConfigError, ModelError
from motorscope.network import load_model
from motorscope.training.config import TrainConfig
from motorscope.training.config_file import from_table
from motorscope.training.loop import Hardware
from motorscope.training.train import new_network, train

CPU = Hardware(accelerator="cpu", devices=1)


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
        train(small(), out, hardware=CPU)
    return out


def test_a_run_ends_in_a_model_that_loads(folder):
    model = load_model(folder / "tiny.json")
    assert model.card.input.spacing == 16.0
    assert model.card.architecture.base_width == 4
    assert "simulated" in model.card.training_data.lower()
    assert model.card.metrics["tomograms"] == 2
    assert (folder / "tiny.safetensors").stat().st_size < 1e6
    with (folder / "validation.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["2"]


def test_a_run_can_start_from_a_model(folder):
    config = small(start_from=str(folder / "tiny.json"))
    network = new_network(config, None)
    saved = load_model(folder / "tiny.json").network.state_dict()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, saved[name], msg=name)
    with pytest.raises(ConfigError, match="another network"):
        new_network(small(start_from=str(folder / "tiny.json"), base_width=6), None)
    with pytest.raises(ModelError):
        new_network(small(start_from=str(folder / "absent.json")), None)
