import dataclasses
from pathlib import Path

import pytest

from motorscope.contract import write_card_file
from motorscope.errors import ConfigError, ModelError
from motorscope.network import read_card
from motorscope.tables import from_table
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.config_file import make_config, read_config


def write(tmp_path, text):
    path = tmp_path / "run.toml"
    path.write_text(text)
    return path


def test_an_empty_file_is_the_default(tmp_path):
    assert read_config(write(tmp_path, "")) == TrainConfig()


def test_values_arrive_where_they_belong(tmp_path):
    text = """
    name = "small"
    seed = 3
    [network]
    decoder_channels = [32]
    [data]
    spacing = 20
    crops = [[32, 64, 64]]
    [augmentation]
    gamma = [1, 1.5]
    """
    config = read_config(write(tmp_path, text))
    assert config.network.decoder_channels == (32,)
    assert config.data.spacing == 20.0
    assert config.data.crops == ((32, 64, 64),)
    assert config.augmentation.gamma == (1.0, 1.5)
    assert config.network.architecture().align_corners is False


def test_a_config_survives_a_round_trip_through_a_table():
    config = TrainConfig(name="again", seed=9)
    table = dataclasses.asdict(config)

    def listed(value):
        if isinstance(value, dict):
            return {key: listed(part) for key, part in value.items() if part is not None}
        return [listed(part) for part in value] if isinstance(value, tuple) else value

    assert from_table(TrainConfig, listed(table)) == config


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sede = 1", "sede"),
        ("[data]\ncorp = [32, 32, 32]", "data.corp"),
        ("[data]\ncrops = [[32, 32]]", "data.crops"),
        ("[data]\ncrops = [[33, 32, 32]]", "data.crops"),
        ("[data]\nspacing = -1", "spacing"),
        ("[data]\nmotor_share = 0.9", "motor_share"),
        ("[data]\ntomograms = 'here'", "picks"),
        ("[data]\nscenes = 0", "scenes"),
        ("[optimiser]\nsteps = 1.5", "optimiser.steps"),
        ("[optimiser]\nsteps = true", "optimiser.steps"),
        ("[optimiser]\nlearning_rate = 'fast'", "optimiser.learning_rate"),
        ("[optimiser]\nschedule = 'cosine'", "onecycle"),
        ("[optimiser]\ncycles = 0", "optimiser.cycles"),
        ("[optimiser]\nsteps = 3\ncycles = 4", "to the number of steps, 3"),
        ("[optimiser]\ncycles = 2\ncycle_share = 1.0", "optimiser.cycle_share"),
        ("[optimiser]\ncycle_share = 0.5", "0 where there is one cycle"),
        ("[augmentation]\ninvert = 2", "invert"),
        ("[augmentation]\ngamma = [2, 1]", "gamma"),
        ("[network]\nbackbone = 'r3d19'", "r3d200"),
        ("network = 3", "network"),
        ("name = '../x'", "name"),
        ("= 3", "not a TOML file"),
        ("[data]\nspacnig = 16", "did you mean data.spacing?"),
        ("[data]\nsteps = 16", "did you mean optimiser.steps?"),
        ("[training]\nsteps = 16", "there can be name, seed, network"),
        ("[network]\ntomograms = 'x'", "did you mean data.tomograms or validation.tomograms?"),
        ("[optimiser]\nlearning_rate = nan", "optimiser.learning_rate must be a number"),
        (
            "[data]\ncrops = [[32, 32, 32]]\n[optimiser]\nbatch = 1",
            "optimiser.batch must be at least 2",
        ),
        ("[data]\nheld_out = 1", "data.held_out must be in [0, 1)"),
        ("[validation]\nflips = 1", "validation.flips must be true or false"),
        ("[logging]\ntensorboard = 'yes'", "logging.tensorboard must be true or false"),
    ],
)
def test_a_bad_file_is_named_with_its_key(tmp_path, text, said):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        read_config(path)
    assert str(path) in str(raised.value)
    assert said in str(raised.value)


def test_what_the_command_line_says_goes_before_the_file(tmp_path):
    path = write(tmp_path, "[optimiser]\nsteps = 5\nbatch = 3")
    config = read_config(path, {"optimiser": {"steps": 7}, "seed": 2})
    assert (config.optimiser.steps, config.optimiser.batch, config.seed) == (7, 3, 2)


def test_a_network_that_goes_on_from_a_model_is_like_it():
    card = read_card("built-in")
    config = make_config({"network": {"start_from": "built-in", "drop_path_rate": 0.0}})
    assert config.network.architecture() == card.architecture
    assert config.data.spacing == card.input.spacing
    assert config.network.drop_path_rate == 0.0
    other = make_config({"network": {"start_from": "built-in", "base_width": 8}})
    assert other.network.base_width == 8  # what is said counts, and is refused later
    with pytest.raises(ModelError, match=r"absent\.json"):
        make_config({"network": {"start_from": "absent.json"}})


def test_a_model_that_goes_on_from_one_is_measured_like_it(start_model, tmp_path):
    card = dataclasses.replace(read_card(start_model), flips=True)
    write_card_file(card, tmp_path / "flipped.json")
    network = {"start_from": str(tmp_path / "flipped.json")}
    assert make_config({"network": network}).validation.flips is True
    other = make_config({"network": network, "validation": {"flips": False}})
    assert other.validation.flips is False
    whole = {"backbone": "r3d18", "base_width": 4, "decoder_channels": [8]}
    config = make_config({"network": network | whole, "data": {"spacing": 16.0}})
    assert config.validation.flips is True
    assert make_config({"network": {"start_from": str(start_model)}}).validation.flips is False


def test_a_file_that_says_all_of_its_network_needs_no_model_to_be_read():
    text = {"start_from": "absent.json", "backbone": "r3d18", "base_width": 4}
    table = {"network": text | {"decoder_channels": [8]}, "data": {"spacing": 16.0}}
    assert make_config(table).validation.flips is False
    with pytest.raises(ConfigError, match="validation must be a table"):
        make_config(table | {"validation": 3})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        read_config(tmp_path / "absent.toml")


CONFIGS = Path(__file__).parents[3] / "configs"
BUILT_IN = "built-in", "built-in-further"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_configurations_in_the_repository_are_valid(path):
    others = {"fine-tune": "fine-tuned", "built-in-further": "built-in"}
    assert read_config(path).name == others.get(path.stem, path.stem)


def test_fine_tuning_mixes_in_what_the_built_in_model_learned_from():
    shipped, further = (
        read_config(CONFIGS / f"{name}.toml") for name in ("built-in-further", "fine-tune")
    )
    assert further.simulation == shipped.simulation
    assert further.loss == shipped.loss
    assert further.pictures.sections > 0
    assert further.augmentation.invert == shipped.augmentation.invert
    assert further.augmentation.rescale == shipped.augmentation.rescale


def test_both_steps_of_the_built_in_model_have_one_network_loss_and_measure():
    """What may differ is where it starts, how long it goes on, and what it sees how often."""
    first, further = (read_config(CONFIGS / f"{name}.toml") for name in BUILT_IN)
    assert further.network.start_from is not None
    assert dataclasses.replace(further.network, start_from=None) == first.network
    for part in ("seed", "name", "loss", "validation"):
        assert getattr(further, part) == getattr(first, part), part
    assert dataclasses.replace(further.augmentation, thick_share=0.0) == first.augmentation
    assert further.pictures.drawing == first.pictures.drawing
    assert further.data.crops == first.data.crops
