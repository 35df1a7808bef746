"""Training configurations from TOML files and the command line, checked key by key."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from motorscope.errors import ConfigError, ModelError
from motorscope.network import read_card
from motorscope.tables import Table, from_table, overlaid, read_toml
from motorscope.training.settings.config import TrainConfig


def read_config(path: Path | str, options: Table | None = None) -> TrainConfig:
    """Read a training configuration from a TOML file.

    Parameters
    ----------
    options
        Values, in tables like those of the file, that go before the file's.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, has an unknown key, or a value is of the wrong kind
        or impossible.
    ModelError
        If the model to start from must be asked for its architecture and cannot be read.
    """
    table = read_toml(path)
    try:
        return make_config(overlaid(table, options or {}))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def fine_tuning(options: Table) -> TrainConfig:
    """Return how a model is taught further, ``fine-tune.toml``, with some values changed.

    Raises
    ------
    ConfigError
        If a value is of the wrong kind or impossible.
    ModelError
        If the model to start from cannot be read.
    """
    recipe = files("motorscope.training") / "fine-tune.toml"
    return make_config(overlaid(tomllib.loads(recipe.read_text(encoding="utf-8")), options))


def make_config(table: Table) -> TrainConfig:
    """Make a configuration of nested tables; see `read_config`.

    What ``[network]``, ``data.spacing`` and ``validation.flips`` do not say is that of the model
    in ``network.start_from``, if there is one.
    """
    network = table.get("network", {})
    start_from = network.get("start_from") if isinstance(network, Mapping) else None
    if isinstance(start_from, str):
        table = _completed(table, start_from)
    return from_table(TrainConfig, table)


def _completed(table: Table, start_from: str) -> Table:
    """Return tables with what they do not say of network, input and flips taken from a model."""
    network, data, validation = (
        said if isinstance(said := table.get(key, {}), Mapping) else {}
        for key in ("network", "data", "validation")
    )
    sized = {"backbone", "base_width", "decoder_channels"} <= set(network)
    needed = not sized or "spacing" not in data
    if not needed and "flips" in validation:
        return table
    try:
        return overlaid(_of_model(start_from), table)
    except ModelError:
        if needed:
            raise
        return table  # a bare checkpoint has no card; that a model is absent is said when it loads


def _of_model(name: str) -> Table:
    """Return what a model's card says of the network, its input, and how it was measured."""
    card = read_card(name)
    network = card.architecture
    table: dict[str, Any] = {
        "network": {
            "backbone": network.backbone,
            "base_width": network.base_width,
            "decoder_channels": list(network.decoder_channels),
        },
        "data": {},
        "validation": {"flips": card.flips},
    }
    if card.input.spacing is not None:
        table["data"]["spacing"] = card.input.spacing
    return table
