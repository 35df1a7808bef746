"""Configurations from files, and what is refused."""

from pathlib import Path

import pytest

from motorscope.errors import ConfigError
from motorscope.simulation import SimulationConfig, read_simulation_config
from motorscope.tables import from_table


def test_toml_with_a_table(tmp_path: Path) -> None:
    path = tmp_path / "some.toml"
    path.write_text('[simulation]\nshape = [64, 96, 96]\nspacing = 13\nspecies = ["vibrio"]\n')
    config = read_simulation_config(path)
    assert (config.shape, config.spacing, config.species) == ((64, 96, 96), 13.0, ("vibrio",))


@pytest.mark.parametrize(
    "values",
    [
        {"colour": 1},
        {"spacing": "wide"},
        {"spacing": -1},
        {"snr": [0.3]},
        {"snr": [0.3, 0.1]},
        {"snr": [0.0, 0.1]},
        {"shape": [64.5, 96, 96]},
        {"shape": [64, 96]},
        {"species": ["wombat"]},
        {"species": []},
        {"borders": 1.5},
        {"back_projection": 1},
        {"motor_counts": [0, 0]},
        {"motor_counts": [1] * 21},
    ],
)
def test_impossible_settings_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        from_table(SimulationConfig, values)


@pytest.mark.parametrize("content", [None, b"spacing = = 3", b"\xff\xfe"])
def test_unreadable_files_are_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "some.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"some\.toml"):
        read_simulation_config(path)
