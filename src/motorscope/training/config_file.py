"""Training configurations from TOML files and the command line, checked key by key."""

import dataclasses
import difflib
import math
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from motorscope.errors import ConfigError, ModelError
from motorscope.network import read_card
from motorscope.training.config import TrainConfig

Table = Mapping[str, Any]
T = TypeVar("T")


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
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The configuration {path} cannot be read: {error.strerror or error}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not a TOML file: {error}.") from error
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


def overlaid(below: Table, above: Table) -> dict[str, Any]:
    """Return nested tables joined; where both have a value, that of `above` counts."""
    joined = dict(below)
    for key, value in above.items():
        under = joined.get(key)
        nested = isinstance(value, Mapping) and isinstance(under, Mapping)
        joined[key] = overlaid(typing.cast("Table", under), value) if nested else value
    return joined


def from_table(kind: type[T], table: Table, where: str = "") -> T:
    """Make a frozen dataclass from a mapping, its nested tables included.

    Raises
    ------
    ConfigError
        If a key is unknown or a value does not fit; the message names the key with its path.
    """
    hints = typing.get_type_hints(kind)
    names = [entry.name for entry in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for key in table:
        if key not in names:
            raise ConfigError(f"unknown key {where}{key}; {_advice(key, where, names)}")
    values = {key: _convert(hints[key], value, f"{where}{key}") for key, value in table.items()}
    try:
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"{where}{error}") from error


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


def _advice(key: str, where: str, names: list[str]) -> str:
    """Say which key was meant: one of the same table, or of the same name in another."""
    near = difflib.get_close_matches(key, names, n=1)
    if near:
        return f"did you mean {where}{near[0]}?"
    elsewhere = [path for path in _paths(TrainConfig) if path.rpartition(".")[2] == key]
    if elsewhere:
        return f"did you mean {' or '.join(elsewhere)}?"
    return f"there can be {', '.join(names)}."


def _paths(kind: type, where: str = "") -> Iterator[str]:
    for name, hint in typing.get_type_hints(kind).items():
        yield f"{where}{name}"
        if dataclasses.is_dataclass(hint):
            yield from _paths(typing.cast("type", hint), f"{where}{name}.")


def _convert(hint: Any, value: Any, where: str) -> Any:
    """Return a TOML value as the annotated type, or say which key does not fit."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return from_table(typing.cast("type", hint), value, f"{where}.")
    if origin in (types.UnionType, typing.Union):
        # Only "something or None" occurs, and TOML has no None.
        return _convert(arguments[0], value, where)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list):
        if arguments[-1] is Ellipsis:
            return tuple(_convert(arguments[0], part, where) for part in value)
        if len(arguments) == len(value):
            pairs = zip(arguments, value, strict=True)
            return tuple(_convert(part_hint, part, where) for part_hint, part in pairs)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value)
    if hint in (int, str, bool) and type(value) is hint:
        return value
    wanted = " or ".join(map(repr, arguments)) if origin is Literal else _describe(hint)
    raise ConfigError(f"{where} must be {wanted}, not {value!r}.")


def _describe(hint: Any) -> str:
    if typing.get_origin(hint) is tuple:
        arguments = typing.get_args(hint)
        count = "" if arguments[-1] is Ellipsis else f"{len(arguments)} "
        return f"a list of {count}values ({_describe(arguments[0])} each)"
    return {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}.get(
        hint, "a table"
    )
