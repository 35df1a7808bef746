"""Our own table of picks as CSV.

Columns: ``tomogram, id, z, y, x, z_angstrom, y_angstrom, x_angstrom, score, origin, status``.
``tomogram`` is the stem of the tomogram's file; ``z, y, x`` count voxels of that file, voxel
centres at integers; the ångström columns are positions in its world. A tomogram without picks adds
no row.
"""

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motorscope.errors import PicksError
from motorscope.picks.files import read_text, write_text
from motorscope.picks.rows import DETAILS, MOST_ID, ORIGINS, STATUSES
from motorscope.picks.splitting import rows_by_name, split_picks
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid

COLUMNS = (
    "tomogram",
    "id",
    "z",
    "y",
    "x",
    "z_angstrom",
    "y_angstrom",
    "x_angstrom",
    "score",
    "origin",
    "status",
)
_POSITIONS = COLUMNS[2:8]
_TEXTS = ("tomogram", "origin", "status", *DETAILS)
_DECIMALS = 4  # of a voxel or of an Å: far finer than any localisation
_KIND = "a CSV of picks"


def write_picks(
    path: str | os.PathLike[str],
    tables: Mapping[str, tuple[PickTable, VoxelGrid]],
    details: bool = False,
) -> None:
    """Write the picks of tomograms, by name, into one CSV; the file appears whole or not at all.

    Parameters
    ----------
    tables
        For each tomogram's name its picks and its own grid, in whose voxels z, y, x count.
    details
        Whether to append the columns note, who, when, model and model_sha256.

    Raises
    ------
    SpacingError
        If a grid's spacing is unknown.
    PicksError
        If the file cannot be written.
    """
    write_text(path, picks_text(tables, details))


def picks_text(
    tables: Mapping[str, tuple[PickTable, VoxelGrid]], details: bool = False, header: bool = True
) -> str:
    """Return what `write_picks` writes, with or without its first line.

    Raises
    ------
    SpacingError
        If a grid's spacing is unknown.
    """
    columns = [*COLUMNS, *DETAILS] if details else list(COLUMNS)
    text: str = _rows(tables).to_csv(
        index=False, columns=columns, lineterminator="\n", header=header
    )
    return text


def candidates_text(
    names: Sequence[str],
    counts: Sequence[int],
    world: NDArray[np.float64],
    voxels: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> str:
    """Return what `write_picks` writes of candidates as a model left them, all in one go.

    Parameters
    ----------
    names, counts
        The tomograms, and how many candidates each has; ids begin with 0 in each.
    world, voxels, scores
        Of the candidates of all tomograms, one after the other: positions ``(n, 3)`` in Å and in
        voxels, and scores ``(n,)``.
    """
    frame = PickTable.from_positions(world, scores).frame
    frame["id"] = np.concatenate([np.arange(0), *(np.arange(count) for count in counts)])
    placed = _with_places(frame, np.repeat(np.array(names, dtype=object), counts), world, voxels)
    text: str = placed.to_csv(index=False, columns=list(COLUMNS), lineterminator="\n")
    return text


def read_picks(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a CSV of picks.

    Returns
    -------
    DataFrame
        The columns of the file with proper types: ``id`` int, positions and ``score`` float (NaN
        where empty), the others text. Columns that we do not know are kept: numbers where all
        their values are, else text.

    Raises
    ------
    PicksError
        If the file cannot be read, lacks a column, or holds an impossible value; it names the line.
    """
    source = Path(path)
    columns, lines = read_columns(source, COLUMNS)
    typed: dict[str, Any] = dict(columns)
    for name, words in columns.items():
        if name in _POSITIONS or name == "score":
            typed[name] = numbers(source, name, words, lines, optional=name == "score")
        elif name == "id":
            typed[name] = _ids(source, words, lines)
        elif name not in (*COLUMNS, *DETAILS):
            typed[name] = _numbers_if_all_are(words)
    _check_words(source, typed, lines)
    text = {name: pd.Series(words, dtype=str) for name, words in typed.items() if name in _TEXTS}
    frame = pd.DataFrame(typed | text)
    repeated = frame.duplicated(["tomogram", "id"]).to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        raise PicksError(
            f"{source}, line {lines[row]}: id {frame['id'].iloc[row]} occurs twice in tomogram "
            f"{frame['tomogram'].iloc[row]}; give every pick of a tomogram its own id."
        )
    return frame


def pick_tables(frame: pd.DataFrame) -> dict[str, PickTable]:
    """Split what `read_picks` returned into one `PickTable` per tomogram, by its positions in Å."""
    world = frame.drop(columns=["id", "z", "y", "x"]).rename(
        columns={f"{axis}_angstrom": axis for axis in "zyx"}
    )
    rows = rows_by_name(frame["tomogram"])
    return split_picks(PickTable.from_frame(world), rows, frame["id"].to_numpy(dtype=np.int64))


def _rows(tables: Mapping[str, tuple[PickTable, VoxelGrid]]) -> pd.DataFrame:
    """Return all picks with the columns of the CSV, and some more."""
    names = [name for name, (table, _) in tables.items() for _ in range(len(table))]
    nothing = PickTable.empty()
    frame = pd.concat([nothing.frame, *(table.frame for table, _ in tables.values() if len(table))])
    world = [table.positions for table, _ in tables.values()]
    voxels = [grid.to_voxels(table.positions) for table, grid in tables.values() if len(table)]
    return _with_places(
        frame,
        names,
        np.concatenate([nothing.positions, *world]),
        np.concatenate([nothing.positions, *voxels]),
    )


def _with_places(
    frame: pd.DataFrame, names: Any, world: NDArray[np.float64], voxels: NDArray[np.float64]
) -> pd.DataFrame:
    frame["tomogram"] = names
    for suffix, columns in (("_angstrom", world), ("", voxels)):
        for axis, letter in enumerate("zyx"):
            frame[f"{letter}{suffix}"] = columns[:, axis].round(_DECIMALS) + 0.0  # no -0.0
    frame["score"] = frame["score"].round(6)
    return frame


def read_columns(source: Path, columns: Sequence[str]) -> tuple[dict[str, list[str]], list[int]]:
    """Return the words of each column by its name, and the number of the last line of each row.

    Raises
    ------
    PicksError
        If the file is no CSV, or lacks one of `columns`.
    """
    text = read_text(source, _KIND)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not row:
                continue
            if not header:
                header = [name.strip() for name in row]
                continue
            if len(row) != len(header):
                raise PicksError(
                    f"{source}, line {reader.line_num}: {len(row)} values where the first line "
                    f"names {len(header)} columns; mend or remove this line."
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise PicksError(f"{source}, line {reader.line_num}: not {_KIND} ({error}).") from error
    should = f"a table of picks begins with the line '{','.join(columns)}'."
    if not header:
        raise PicksError(f"{source} is empty; {should}")
    if missing := [name for name in columns if name not in header]:
        plural = "s" * (len(missing) > 1)
        raise PicksError(f"{source} lacks the column{plural} {', '.join(missing)}; {should}")
    if len(set(header)) != len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise PicksError(f"{source} names the column {twice!r} twice; remove one of them.")
    words = zip(*rows, strict=True) if rows else ([] for _ in header)
    return {name: list(column) for name, column in zip(header, words, strict=True)}, lines


def numbers(
    source: Path, name: str, words: Sequence[str], lines: Sequence[int], optional: bool = False
) -> NDArray[np.float64]:
    """Turn the words of a column into numbers; NaN where `optional` allows them to be empty.

    Raises
    ------
    PicksError
        If one is no number; it names its line.
    """
    filled = [word if word.strip() else "nan" for word in words] if optional else words
    try:
        values = np.array(filled, dtype=object).astype(float)
        wrong = np.isinf(values) | (np.isnan(values) & (not optional))
    except ValueError:
        values, wrong = np.empty(0), np.array([not _is_number(word) for word in filled])
    if wrong.any():
        row = int(wrong.argmax())
        raise PicksError(
            f"{source}, line {lines[row]}, column {name}: {words[row]!r} is not a number; "
            "correct it."
        )
    return values


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word)) or word == "nan"
    except ValueError:
        return False


def _ids(source: Path, words: Sequence[str], lines: Sequence[int]) -> NDArray[np.int64]:
    try:
        ids = np.array(words, dtype=object).astype(np.int64)
        if (ids >= MOST_ID).any():
            raise OverflowError
        return ids
    except (ValueError, OverflowError):
        row = next(number for number, word in enumerate(words) if not _is_id(word))
        raise PicksError(
            f"{source}, line {lines[row]}, column id: {words[row]!r} is not a whole number; "
            "correct it."
        ) from None


def _is_id(word: str) -> bool:
    try:
        return -(2**63) <= int(word) < MOST_ID
    except ValueError:
        return False


def _numbers_if_all_are(words: list[str]) -> "list[str] | NDArray[np.float64]":
    try:
        return np.array([word or "nan" for word in words], dtype=object).astype(float)
    except ValueError:
        return words


def _check_words(source: Path, columns: Mapping[str, Any], lines: Sequence[int]) -> None:
    for name, allowed in (("origin", ORIGINS), ("status", STATUSES)):
        for word in set(columns[name]) - set(allowed):
            row = columns[name].index(word)
            raise PicksError(
                f"{source}, line {lines[row]}, column {name}: {word!r} is not one of "
                f"{', '.join(allowed)}; correct it."
            )
