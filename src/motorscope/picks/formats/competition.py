"""The files of the competition "BYU – Locating Bacterial Flagellar Motors 2025".

Both count in voxels, axes z, y, x; -1 on every axis stands for no motor. Labels have one row a
motor with the tomogram's shape and spacing; a submission has one row a tomogram with at most one
motor.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motorscope.errors import PicksError
from motorscope.picks.csv import numbers, read_columns
from motorscope.picks.files import write_text
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawSets,
    columns_in,
    known_shape,
    picks_of_tomograms,
    to_write,
    voxels_to_write,
    with_shape,
    with_spacing,
)
from motorscope.picks.splitting import rows_by_name
from motorscope.tomogram.grid import VoxelGrid

MOTOR = ["Motor axis 0", "Motor axis 1", "Motor axis 2"]
SHAPE = ["Array shape (axis 0)", "Array shape (axis 1)", "Array shape (axis 2)"]
SPACING = "Voxel spacing"
COUNT = "Number of motors"
LABEL_COLUMNS = ["row_id", "tomo_id", *MOTOR, *SHAPE, SPACING, COUNT]
SUBMISSION_COLUMNS = ["tomo_id", *MOTOR]


def read_labels(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read labels; shape and spacing come from the file.

    Raises
    ------
    PicksError
        If a column is missing or holds an impossible value.
    """
    return _read(path, grid, binning, [*MOTOR, *SHAPE, SPACING])


def read_submission(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read a submission.

    Raises
    ------
    PicksError
        If a column is missing or holds an impossible value, or the spacing is unknown.
    """
    return _read(path, grid, binning, MOTOR)


def _read(path: Path, grid: VoxelGrid, binning: float, columns: list[str]) -> RawSets:
    words, lines = read_columns(path, ["tomo_id", *columns])
    values = {name: numbers(path, name, words[name], lines) for name in columns}
    rows = rows_by_name(words["tomo_id"])
    grids = {name: _grid_of(path, name, values, int(own[0]), grid) for name, own in rows.items()}
    voxels = np.column_stack([values[name] for name in MOTOR])
    is_motor: NDArray[np.bool_] = np.all(voxels >= 0, axis=1)
    motors = {name: own[is_motor[own]] for name, own in rows.items()}
    return picks_of_tomograms(path, voxels / binning, motors, grids)


def _grid_of(
    path: Path, name: str, values: Mapping[str, NDArray[np.float64]], row: int, grid: VoxelGrid
) -> VoxelGrid:
    """Return the grid of a tomogram, as far as its first row says it."""
    if SPACING not in values:
        return grid
    spacing = float(values[SPACING][row])
    if not spacing > 0:
        raise PicksError(
            f"{path}: tomogram {name} has the voxel spacing {spacing:g} Å; correct it."
        )
    shape = np.array([values[column][row] for column in SHAPE])
    return with_shape(with_spacing(grid, spacing), shape)


def write_labels(path: Path, sets: PickSets, binning: float) -> None:
    """Write labels: one row a pick that is not rejected, or one of -1 without any.

    Raises
    ------
    PicksError
        If a tomogram's spacing or shape is unknown.
    """
    rows: list[list[object]] = []
    for name, (table, grid) in sets.items():
        voxels = voxels_to_write(path, to_write(table), grid) * binning
        shape = (
            np.round(known_shape(path, grid, "says how large the tomogram is") * binning)
            .astype(int)
            .tolist()
        )
        spacing = float(np.mean(grid.known_spacing())) / binning
        for place in voxels.round(4).tolist() or [[-1.0, -1.0, -1.0]]:
            rows.append([len(rows), name, *place, *shape, round(spacing, 6), len(voxels)])
    _write(path, pd.DataFrame(rows, columns=LABEL_COLUMNS))


def write_submission(path: Path, sets: PickSets, binning: float) -> None:
    """Write one row a tomogram: its best pick that is not rejected, or -1 without any.

    Raises
    ------
    PicksError
        If a tomogram's spacing is unknown.
    """
    rows: list[list[object]] = []
    for name, (table, grid) in sets.items():
        picks = to_write(table)
        place = [-1.0, -1.0, -1.0]
        if len(picks):
            voxels: NDArray[np.float64] = voxels_to_write(path, picks.best(), grid) * binning
            place = voxels[0].round(4).tolist()
        rows.append([name, *place])
    _write(path, pd.DataFrame(rows, columns=SUBMISSION_COLUMNS))


def _write(path: Path, frame: pd.DataFrame) -> None:
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def _is_sure(path: Path, start: bytes) -> bool:
    return {"tomo_id", *MOTOR} <= columns_in(start)


def _header_has(start: bytes, words: list[str]) -> bool:
    header = start.split(b"\n", 1)[0]
    return all(word.encode() in header for word in words)


LABELS = Format(
    name="labels",
    title="BYU 2025 labels",
    suffixes=(".labels.csv", ".csv"),
    recognises=lambda start: _header_has(start, ["tomo_id", *MOTOR, SPACING]),
    read=read_labels,
    write=write_labels,
    is_sure=_is_sure,
)
SUBMISSION = Format(
    name="submission",
    title="BYU 2025 submission",
    suffixes=(".submission.csv", ".csv"),
    recognises=lambda start: _header_has(start, SUBMISSION_COLUMNS),
    read=read_submission,
    write=write_submission,
    is_sure=_is_sure,
    in_voxels=True,
)
