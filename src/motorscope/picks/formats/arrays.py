"""Plain lists of z, y, x in voxels: a NumPy array for one tomogram, JSON for several by name."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.errors import PicksError
from motorscope.files import replacing
from motorscope.picks.files import read_text, write_text
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawSets,
    json_in,
    only_set,
    picks_from_voxels,
    picks_of_tomograms,
    to_write,
    voxels_to_write,
)
from motorscope.tomogram.grid import VoxelGrid


def read_array(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read an array ``(n, 3)``.

    Raises
    ------
    PicksError
        If the array has another shape, or the spacing is unknown.
    """
    # Mapped, so that a header that claims more than the file holds takes no memory.
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in "iuf":
        raise PicksError(
            f"{path} holds an array of shape {array.shape} and type {array.dtype}; points are "
            "numbers "
            "of shape (n, 3)."
        )
    return {path.stem: picks_from_voxels(path, array / binning, grid)}


def write_array(path: Path, sets: PickSets, binning: float) -> None:
    """Write an array ``(n, 3)``.

    Raises
    ------
    PicksError
        If the spacing is unknown, or there are several tomograms.
    """
    table, grid = only_set(path, sets, "NumPy array")
    voxels = voxels_to_write(path, to_write(table), grid) * binning
    with replacing(path, PicksError) as temporary, temporary.open("wb") as file:
        np.save(file, voxels)


def read_json(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read an object with a list of points for each tomogram's name.

    Raises
    ------
    PicksError
        If it is not such an object, or the spacing is unknown.
    """
    try:
        content = json.loads(read_text(path, "a list of points"))
        lists = {name: np.array(points, float).reshape(-1, 3) for name, points in content.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise PicksError(
            f'{path} is not an object like {{"tomogram": [[z, y, x], …]}} ({error}).'
        ) from error
    ends = np.cumsum([len(voxels) for voxels in lists.values()])
    rows = {
        name: np.arange(end - len(voxels), end)
        for end, (name, voxels) in zip(ends, lists.items(), strict=True)
    }
    voxels = np.concatenate([np.empty((0, 3)), *lists.values()]) / binning
    return picks_of_tomograms(path, voxels, rows, dict.fromkeys(rows, grid))


def write_json(path: Path, sets: PickSets, binning: float) -> None:
    """Write an object with a list of points for each tomogram's name.

    Raises
    ------
    PicksError
        If a spacing is unknown.
    """
    lists = {
        name: (voxels_to_write(path, to_write(table), grid) * binning).round(4).tolist()
        for name, (table, grid) in sets.items()
    }
    write_text(path, json.dumps(lists, ensure_ascii=False, indent=1) + "\n")


def _has_points(path: Path, start: bytes) -> bool:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return array.ndim == 2 and array.shape[1] == 3 and array.dtype.kind in "iuf"


def _has_lists(path: Path, start: bytes) -> bool:
    content = json_in(path)
    return isinstance(content, dict) and all(_are_points(points) for points in content.values())


def _are_points(points: Any) -> bool:
    return isinstance(points, list) and all(
        isinstance(point, list) and len(point) == 3 and all(_is_number(each) for each in point)
        for point in points
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


ARRAY = Format(
    name="npy",
    title="NumPy array of z, y, x in voxels",
    suffixes=(".npy",),
    recognises=lambda start: start.startswith(b"\x93NUMPY"),
    read=read_array,
    write=write_array,
    several=False,
    is_sure=_has_points,
    in_voxels=True,
)
JSON = Format(
    name="json",
    title="JSON lists of z, y, x in voxels",
    suffixes=(".json",),
    recognises=lambda start: start.lstrip().startswith(b"{"),
    read=read_json,
    write=write_json,
    is_sure=_has_lists,
    in_voxels=True,
)
