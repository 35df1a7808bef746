"""A model card as JSON, checked key by key."""

import json
import types
import typing
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from motorscope.contract.card import ModelCard
from motorscope.errors import ConfigError, ModelError
from motorscope.files import replacing


def card_from_json(text: str, source: str) -> ModelCard:
    """Read a card from JSON; `source` is what errors call it, usually the file's path.

    Raises
    ------
    ModelError
        If it is not JSON, or a key is unknown, missing or of the wrong type; the message names key
        and source.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # no JSON, or no number that fits
        raise ModelError(f"The model card {source} is not valid JSON: {error}.") from error
    card = _read(ModelCard, value, "", source)
    assert isinstance(card, ModelCard)
    return card


def card_to_json(card: ModelCard) -> str:
    """Write a card as indented JSON that `card_from_json` reads back as the same card."""
    return json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n"


def read_card_file(path: Path) -> ModelCard:
    """Read a card file.

    Raises
    ------
    ModelError
        If it cannot be read, or see `card_from_json`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"The model card {path} cannot be read: {error}.") from error
    return card_from_json(text, str(path))


def write_card_file(card: ModelCard, path: Path) -> None:
    """Write a card file; an older one stays whole until the new one is."""
    with replacing(path, ModelError) as partial:
        partial.write_text(card_to_json(card), encoding="utf-8")


def _read(hint: Any, value: Any, key: str, source: str) -> Any:
    """Return `value` as the type `hint`, which is one of those that cards are made of."""
    if hint is Any:
        return value
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        (hint,) = (a for a in arguments if a is not type(None))
        return _read(hint, value, key, source)
    if is_dataclass(hint):
        return _read_dataclass(hint, value, key, source)
    if origin is tuple and isinstance(value, list):
        items = [arguments[0]] * len(value) if arguments[-1] is ... else list(arguments)
        if len(items) == len(value):
            return tuple(
                _read(item, v, f"{key}[{i}]", source)
                for i, (item, v) in enumerate(zip(items, value, strict=True))
            )
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    elif hint in (str, bool) and isinstance(value, hint):
        return value
    elif origin is typing.Literal and value in arguments:
        return value
    elif origin is dict and isinstance(value, dict):
        return value
    name = getattr(hint, "__name__", str(hint)) if origin is None else str(hint)
    if origin is typing.Literal:
        name = " or ".join(map(repr, arguments))
    raise ModelError(f"The model card {source}: '{key}' must be {name}, not {value!r}.")


def _read_dataclass(hint: Any, value: Any, key: str, source: str) -> Any:
    if not isinstance(value, dict):
        raise ModelError(
            f"The model card {source}: {key or 'the whole'} must be an object, not {value!r}."
        )
    hints = typing.get_type_hints(hint)
    prefix = f"{key}." if key else ""
    known = {f.name: f for f in fields(hint)}
    if unknown := sorted(set(value) - set(known)):
        raise ModelError(
            f"The model card {source} has the unknown key '{prefix}{unknown[0]}'; "
            f"known are {', '.join(known)}."
        )
    for name, f in known.items():
        if name not in value and f.default is MISSING and f.default_factory is MISSING:
            raise ModelError(f"The model card {source} lacks the key '{prefix}{name}'.")
    arguments = {name: _read(hints[name], v, prefix + name, source) for name, v in value.items()}
    try:
        return hint(**arguments)
    except (ConfigError, ModelError) as error:
        raise ModelError(f"The model card {source}: {error}") from error
