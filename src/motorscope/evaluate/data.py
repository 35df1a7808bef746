"""Reading what is compared: picks, truth, and the tomograms that were searched."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from motorscope.errors import PicksError
from motorscope.picks.csv import COLUMNS, pick_tables, read_picks
from motorscope.picks.rows import DETAILS
from motorscope.picks.table import PickTable
from motorscope.tomogram.heatmaps import is_map
from motorscope.tomogram.open import can_open, open_tomogram

TOMOGRAM_LIST = "tomograms.csv"
"""The list of tomograms that lies beside a truth."""
_SHAPE = ("shape_z", "shape_y", "shape_x")
_NAMED = 3  # names that an error lists


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """Picks and truth of the same tomograms.

    Attributes
    ----------
    found, truth
        Picks and motors of each tomogram, by name; every tomogram is in both.
    motors
        One row per motor, in the order of the tables of `truth`: ``tomogram``, ``z`` (voxels), and
        the truth's columns of its own, such as species.
    tomograms
        One row per tomogram, indexed by name: what their list says of them.
    complete
        Whether there was a list of tomograms. If not, only those with a motor are known.
    """

    found: Mapping[str, PickTable]
    truth: Mapping[str, PickTable]
    motors: pd.DataFrame
    tomograms: pd.DataFrame
    complete: bool


def read_evaluation(
    picks: str | os.PathLike[str],
    truth: str | os.PathLike[str],
    tomograms: str | os.PathLike[str] | None = None,
) -> EvaluationData:
    """Read a CSV of picks and a CSV of true motors.

    Rejected picks are left out of both. Tomograms without a motor have no row in the truth, so a
    list of tomograms must name them: by default ``tomograms.csv`` beside the truth, if there is
    one.

    Parameters
    ----------
    tomograms
        The tomograms that were searched: a folder of them, or a CSV with a column ``tomogram`` and,
        if known, ``shape_z, shape_y, shape_x`` (voxels) and anything else about them.

    Raises
    ------
    PicksError
        If a file cannot be read, lacks a column or holds an impossible value, if picks or motors
        lie in a tomogram that is not known, or motors lie outside their tomogram.
    TomogramError
        If a tomogram in a folder cannot be read.
    """
    found, motors = _read(Path(picks)), _read(Path(truth))
    beside = Path(truth).parent / TOMOGRAM_LIST
    if tomograms is None and beside.is_file():
        tomograms = beside
    if tomograms is None:
        listed = pd.DataFrame(index=pd.Index(motors["tomogram"].unique(), name="tomogram"))
        _check_names(
            Path(picks),
            found,
            listed.index,
            f"{truth} has no motor there. If they were searched and hold none, say so with "
            f"--tomograms and their folder or a CSV that lists them (or put {TOMOGRAM_LIST} beside "
            "the truth); else correct the names.",
        )
    else:
        listed = _read_list(Path(tomograms))
        advice = f"{tomograms} does not list them; correct the names or add them there."
        _check_names(Path(truth), motors, listed.index, advice)
        _check_names(Path(picks), found, listed.index, advice)
        _check_inside(Path(truth), motors, listed)
    if not len(listed):
        raise PicksError(
            f"{tomograms or truth} names no tomogram, so there is nothing to compare; give the "
            "truth of the tomograms that were searched."
        )
    return EvaluationData(
        found=_all(pick_tables(found), listed.index),
        truth=_all(pick_tables(motors), listed.index),
        motors=_properties(motors, listed.index),
        tomograms=listed,
        complete=tomograms is not None,
    )


def _read(path: Path) -> pd.DataFrame:
    frame = read_picks(path)
    return frame[frame["status"] != "rejected"].reset_index(drop=True)


def _read_list(path: Path) -> pd.DataFrame:
    try:
        if path.is_dir():
            return _list_folder(path)
        table = pd.read_csv(path, dtype={"tomogram": str}, keep_default_na=False, na_values=[""])
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PicksError(f"{path} cannot be read ({reason}); check the path.") from error
    except (ValueError, pd.errors.ParserError) as error:  # empty or binary files among them
        raise PicksError(
            f"{path} is neither a folder of tomograms nor a CSV with a column 'tomogram' "
            f"({' '.join(str(error).split())})."
        ) from error
    if "tomogram" not in table:
        raise PicksError(
            f"{path} lacks the column tomogram; a list of tomograms begins with a line that names "
            "it, and has one tomogram a line."
        )
    if table["tomogram"].isna().any():
        raise PicksError(f"{path} has a line without a tomogram's name; fill it in or remove it.")
    repeated = table["tomogram"].duplicated()
    if repeated.any():
        raise PicksError(
            f"{path} lists {table['tomogram'][repeated].iloc[0]} twice; remove one of the lines."
        )
    for name in _SHAPE:
        if name in table and not pd.api.types.is_numeric_dtype(table[name]):
            raise PicksError(f"{path}, column {name}: not all are numbers; correct or remove it.")
    return table.set_index("tomogram")


def _list_folder(folder: Path) -> pd.DataFrame:
    paths = sorted(path for path in folder.iterdir() if can_open(path) and not is_map(path))
    if not paths:
        raise PicksError(f"There is no tomogram in {folder}; give the folder that was searched.")
    rows = []
    for path in paths:
        tomogram = open_tomogram(path)
        spacing = np.nan if tomogram.grid.spacing is None else tomogram.grid.spacing[0]
        rows.append((tomogram.name, *tomogram.grid.shape, spacing))
    return pd.DataFrame(rows, columns=["tomogram", *_SHAPE, "spacing"]).set_index("tomogram")


def _check_names(path: Path, rows: pd.DataFrame, known: pd.Index, advice: str) -> None:
    strange = sorted(set(rows["tomogram"]) - set(known))
    if strange:
        names = ", ".join(strange[:_NAMED]) + (", …" if len(strange) > _NAMED else "")
        count = f"{len(strange)} unknown tomogram{'s' * (len(strange) > 1)}"
        raise PicksError(f"{path} has points in {count} ({names}): {advice}")


def _check_inside(path: Path, motors: pd.DataFrame, listed: pd.DataFrame) -> None:
    if not set(_SHAPE) <= set(listed.columns):
        return
    shapes = listed.loc[motors["tomogram"], list(_SHAPE)].to_numpy(dtype=float)
    places = motors[["z", "y", "x"]].to_numpy(dtype=float)
    # Unknown shapes are NaN, and nothing is above NaN.
    outside = ((places < -0.5) | (places > shapes - 0.5)).any(axis=1)
    if outside.any():
        row = int(outside.argmax())
        place = ", ".join(f"{value:g}" for value in places[row])
        shape = " × ".join(f"{size:g}" for size in shapes[row])
        raise PicksError(
            f"{path}: the motor {motors['id'].iloc[row]} of {motors['tomogram'].iloc[row]} lies at "
            f"voxel ({place}) (z, y, x), outside its {shape} voxels; correct it, or the order of "
            "the axes."
        )


def _all(tables: Mapping[str, PickTable], names: Iterable[str]) -> dict[str, PickTable]:
    return {name: tables.get(name, PickTable.empty()) for name in names}


def _properties(motors: pd.DataFrame, names: pd.Index) -> pd.DataFrame:
    kept = ["tomogram", "z"] + [n for n in motors if n not in (*COLUMNS, *DETAILS)]
    table = motors[kept]
    order = names.get_indexer(pd.Index(motors["tomogram"]))
    return table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
