"""What napari itself saves of a points layer: the layer's data, that is voxels z, y, x, as CSV.

Our layers have columns for score, origin and status there, so that nothing is lost.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from motorscope.picks.csv import numbers, read_columns
from motorscope.picks.files import write_text
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawSets,
    columns_in,
    only_set,
    picks_from_voxels,
    to_write,
    voxels_to_write,
)
from motorscope.picks.rows import ORIGINS, STATUSES
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid

_AXES = ["axis-0", "axis-1", "axis-2"]


def read_napari(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read points, with their scores, origins and statuses if the layer had such columns.

    Raises
    ------
    PicksError
        If a column is missing or holds no numbers, or the spacing is unknown.
    """
    words, lines = read_columns(path, _AXES)
    voxels = np.column_stack([numbers(path, axis, words[axis], lines) for axis in _AXES])
    scores = None
    if "score" in words:
        scores = numbers(path, "score", words["score"], lines, optional=True)
    raw = picks_from_voxels(path, voxels / binning, grid, scores)
    frame = raw.table.frame.copy()
    for column, known in (("origin", ORIGINS), ("status", STATUSES)):
        if column in words and set(words[column]) <= set(known):  # else another plugin's
            frame[column] = words[column]
    return {path.stem.removesuffix(".napari"): replace(raw, table=PickTable.from_frame(frame))}


def write_napari(path: Path, sets: PickSets, binning: float) -> None:
    """Write points as napari does, for its own reader.

    Raises
    ------
    PicksError
        If the spacing is unknown, or there are several tomograms.
    """
    table, grid = only_set(path, sets, "napari's CSV")
    picks = to_write(table)
    voxels = (voxels_to_write(path, picks, grid) * binning).round(4)
    frame = pd.DataFrame(voxels, columns=_AXES)
    for column in ("id", "score", "origin", "status"):
        frame[column] = picks.frame[column].to_numpy()
    write_text(path, frame.to_csv(index_label="index", na_rep="nan", lineterminator="\n"))


def _has_three_axes(start: bytes) -> bool:
    header = start.split(b"\n", 1)[0].strip().split(b",")
    return header[:4] == [b"index", *(axis.encode() for axis in _AXES)] and b"axis-3" not in header


def _is_ours(path: Path, start: bytes) -> bool:
    """Whether napari saved one of our layers; other people's points are its own reader's."""
    return {"id", "score", "origin", "status"} <= columns_in(start)


NAPARI = Format(
    name="napari",
    title="napari points",
    suffixes=(".napari.csv", ".csv"),
    recognises=_has_three_axes,
    read=read_napari,
    write=write_napari,
    several=False,
    is_sure=_is_ours,
    in_voxels=True,
)
