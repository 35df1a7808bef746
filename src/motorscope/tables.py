"""Settings from TOML files to frozen dataclasses, checked key by key."""

import dataclasses
import difflib
import math
import os
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from motorscope.errors import ConfigError

Table = Mapping[str, Any]
T = TypeVar("T")


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    ConfigError
        If the file cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"The configuration {path} cannot be read ({reason}).") from error
    except (ValueError, RecursionError) as error:  # no text, no TOML, or no number that fits
        raise ConfigError(f"{path} is not a TOML file: {error}.") from error


def overlaid(below: Table, above: Table) -> dict[str, Any]:
    """Return nested tables joined; where both have a value, that of `above` counts."""
    joined = dict(below)
    for key, value in above.items():
        under = joined.get(key)
        nested = isinstance(value, Mapping) and isinstance(under, Mapping)
        joined[key] = overlaid(typing.cast("Table", under), value) if nested else value
    return joined


def from_table(kind: type[T], table: Table) -> T:
    """Make a frozen dataclass from a mapping, its nested tables included.

    What the mapping does not say keeps its default.

    Raises
    ------
    ConfigError
        If a key is unknown or a value does not fit; the message names the key with its path.
    """
    return _made(kind, table, "", tuple(_paths(kind)))


def _made(kind: type[T], table: Table, where: str, known: tuple[str, ...]) -> T:
    """Make the dataclass at the path `where`; `known` are the paths of all keys there are."""
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in hints:
            raise ConfigError(f"unknown key {where}{key}; {_advice(key, where, known)}")
    values = {
        key: _convert(hints[key], value, f"{where}{key}", known) for key, value in table.items()
    }
    try:
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"{where}{error}") from error


def _advice(key: str, where: str, known: tuple[str, ...]) -> str:
    """Say which key was meant: one of the same table, or of the same name in another."""
    names = [path.removeprefix(where) for path in known if path.startswith(where)]
    names = [name for name in names if "." not in name]
    near = difflib.get_close_matches(key, names, n=1)
    if near:
        return f"did you mean {where}{near[0]}?"
    elsewhere = [path for path in known if path.rpartition(".")[2] == key]
    if elsewhere:
        return f"did you mean {' or '.join(elsewhere)}?"
    return f"there can be {', '.join(names)}."


def _paths(kind: type, where: str = "") -> Iterator[str]:
    for name, hint in typing.get_type_hints(kind).items():
        yield f"{where}{name}"
        if dataclasses.is_dataclass(hint):
            yield from _paths(typing.cast("type", hint), f"{where}{name}.")


def _convert(hint: Any, value: Any, where: str, known: tuple[str, ...]) -> Any:
    """Return a TOML value as the annotated type, or say which key does not fit."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return _made(typing.cast("type", hint), value, f"{where}.", known)
    if origin in (types.UnionType, typing.Union):
        # Only "something or None" occurs, and TOML has no None.
        return _convert(arguments[0], value, where, known)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list):
        if arguments[-1] is Ellipsis:
            return tuple(_convert(arguments[0], part, where, known) for part in value)
        if len(arguments) == len(value):
            pairs = zip(arguments, value, strict=True)
            return tuple(_convert(part_hint, part, where, known) for part_hint, part in pairs)
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
