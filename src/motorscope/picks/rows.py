"""The rows of a table of picks: their columns, the words that these know, and how they are made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

ORIGINS = ("model", "user", "alike")
STATUSES = ("candidate", "accepted", "rejected")
COLUMNS = ("id", "z", "y", "x", "score", "origin", "status")
DETAILS = ("note", "who", "when", "model", "model_sha256")
MOST_ID = 2**62
"""Ids are below it, so that there are always some for new picks."""

# pandas has two types for text, according to its version.
_TEXT: Any = pd.Series([], dtype="str").dtype


def make_rows(
    first_id: int,
    positions: ArrayLike,
    scores: ArrayLike | float,
    origin: str | Sequence[str],
    status: str | Sequence[str],
    details: Mapping[str, str],
) -> pd.DataFrame:
    """Return rows of new picks; see `PickTable.from_positions`.

    Raises
    ------
    ValueError
        If the origin, the status or the name of a detail is not one of the known ones.
    """
    for name in details:
        check("detail", name, DETAILS)
    places = np.asarray(positions, dtype=float).reshape(-1, 3)
    count = len(places)
    columns = {
        "id": np.arange(first_id, first_id + count, dtype=np.int64),
        "z": places[:, 0].copy(),
        "y": places[:, 1].copy(),
        "x": places[:, 2].copy(),
        "score": np.broadcast_to(np.asarray(scores, dtype=float), count).copy(),
        "origin": _words("origin", origin, ORIGINS, count),
        "status": _words("status", status, STATUSES, count),
    }
    notes = {name: texts([details.get(name, "")] * count) for name in DETAILS}
    return pd.DataFrame(columns | notes, copy=False)


def _words(name: str, words: str | Sequence[str], allowed: Iterable[str], count: int) -> Any:
    listed = [words] * count if isinstance(words, str) else list(words)
    for word in {words} if isinstance(words, str) else set(listed):
        check(name, word, allowed)
    return texts(listed)


def fixed(column: NDArray[Any]) -> NDArray[Any]:
    """Return a view of a column that cannot be written to."""
    view = column.view()
    view.flags.writeable = False
    return view


def texts(words: list[Any]) -> Any:
    """Return a column of text."""
    return pd.array(words, dtype=_TEXT)


def check(what: str, value: str, allowed: Iterable[str]) -> None:
    """Raise ``ValueError`` if a word is not one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{what} must be one of {', '.join(allowed)}, not {value!r}")
