"""Which files hold coordinates that we read: a look inside, because suffixes are everybody's."""

import csv
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.picks.csv import COLUMNS
from motorscope.picks.formats import FORMATS, Format

_ENOUGH = 65536
"""Bytes that tell a format."""

_WHOLE = 20_000_000
"""Bytes of a JSON file that is read to its end for a look: more is no list of motors."""

_TABLE_COLUMNS = 26
"""What a Dynamo table has at least."""


def coordinate_format(path: str | os.PathLike[str]) -> Format | None:
    """Return the format of a file of coordinates, or ``None`` for any other file; never raises."""
    try:
        return _format(Path(path))
    except Exception:  # whatever a strange file does to a parser: it is not ours
        return None


def _format(path: Path) -> Format | None:
    suffix = path.suffix.lower()
    candidates = [each for each in FORMATS if suffix in each.suffixes]
    if not candidates or not path.is_file():
        return None
    with path.open("rb") as file:
        start = file.read(_ENOUGH)
    for candidate in candidates:
        if candidate.recognises(start) and _LOOKS.get(candidate.name, _yes)(path, start):
            return candidate
    return None


def _yes(path: Path, start: bytes) -> bool:
    return True


def _is_own(path: Path, start: bytes) -> bool:
    return set(COLUMNS) <= _header(start)


def _is_competition(path: Path, start: bytes) -> bool:
    return {"tomo_id", "Motor axis 0", "Motor axis 1", "Motor axis 2"} <= _header(start)


def _is_ours_by_napari(path: Path, start: bytes) -> bool:
    """Whether napari saved one of our layers; other people's points are its own reader's."""
    return {"id", "score", "origin", "status"} <= _header(start)


def _header(start: bytes) -> set[str]:
    line = start.decode("utf-8-sig").splitlines()[0]
    return {name.strip() for name in next(csv.reader([line]))}


def _is_plain_star(path: Path, start: bytes) -> bool:
    return all(
        re.search(rb"^_" + axis + rb"\s", start, re.MULTILINE) for axis in (b"x", b"y", b"z")
    )


def _is_table(path: Path, start: bytes) -> bool:
    if not start:  # as of a tomogram without motors; its name is in the file beside it
        return path.with_suffix(".doc").is_file()
    words = start.splitlines()[0].split()
    return len(words) >= _TABLE_COLUMNS and all(np.isfinite([float(word) for word in words]))


def _is_portal(path: Path, start: bytes) -> bool:
    if not start:
        return True  # a list without points
    place = json.loads(start.splitlines()[0])["location"]
    return all(isinstance(place[axis], int | float) for axis in "xyz")


def _is_json(path: Path, start: bytes) -> bool:
    content = _json(path)
    return isinstance(content, dict) and all(_are_points(points) for points in content.values())


def _is_copick(path: Path, start: bytes) -> bool:
    content = _json(path)
    one_set = {"pickable_object_name", "points"} <= content.keys()
    return one_set or isinstance(content.get("pickable_objects"), list)


def _json(path: Path) -> Any:
    if path.stat().st_size > _WHOLE:
        return None
    return json.loads(path.read_text(encoding="utf-8-sig"))


def _are_points(points: Any) -> bool:
    return isinstance(points, list) and all(
        isinstance(point, list) and len(point) == 3 and all(_is_number(each) for each in point)
        for point in points
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_array(path: Path, start: bytes) -> bool:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return array.ndim == 2 and array.shape[1] == 3 and array.dtype.kind in "iuf"


_LOOKS: dict[str, Callable[[Path, bytes], bool]] = {
    "csv": _is_own,
    "labels": _is_competition,
    "submission": _is_competition,
    "star": _is_plain_star,
    "dynamo": _is_table,
    "portal": _is_portal,
    "json": _is_json,
    "copick": _is_copick,
    "npy": _is_array,
    "napari": _is_ours_by_napari,
}
"""A closer look at formats whose beginning says little."""
