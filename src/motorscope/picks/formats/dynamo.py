"""Dynamo tables.

Dynamo counts from the corner of the first voxel, whose centre thus lies at (0.5, 0.5, 0.5); a
particle is at columns 24–26 (x, y, z) plus its shift in columns 4–6. Source: Dynamo's wiki, pages
*Volume center* and *Table convention*. Column 20 numbers the tomograms; their names may lie beside
the table in a map file ``NAME.doc`` with lines *number name*.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from motorscope.errors import PicksError
from motorscope.files import replacing
from motorscope.picks.files import write_text
from motorscope.picks.formats.base import (
    Format,
    PickSets,
    RawSets,
    library,
    picks_from_voxels,
    picks_of_tomograms,
    to_write,
    voxels_to_write,
)
from motorscope.picks.splitting import rows_by_name
from motorscope.tomogram.grid import VoxelGrid

_CORNER = 0.5
_LEAST_COLUMNS = 26
_PLACE, _SHIFT = ["z", "y", "x"], ["dz", "dy", "dx"]


def read_dynamo(path: Path, grid: VoxelGrid, binning: float) -> RawSets:
    """Read a table, with the tomograms' names from its map file if there is one.

    Raises
    ------
    PicksError
        If it is no table, or the spacing is unknown.
    """
    if not path.stat().st_size:
        return {path.stem: picks_from_voxels(path, np.empty((0, 3)), grid)}
    frame = library("dynamotable").read(str(path))
    if len(frame.columns) < _LEAST_COLUMNS:
        raise PicksError(
            f"{path} has {len(frame.columns)} columns; a Dynamo table has at least 26."
        )
    names = _names(path, frame["tomo"])
    places = frame[_PLACE].to_numpy(dtype=float) + frame[_SHIFT].to_numpy(dtype=float)
    voxels = places / binning - _CORNER
    scored = bool((frame["cc"] != 0).any())
    found = {int(name): own for name, own in rows_by_name(frame["tomo"].astype(int)).items()}
    none = np.empty(0, dtype=np.intp)
    rows = {name: found.get(number, none) for number, name in names.items()}
    scores = frame["cc"].to_numpy(dtype=float) if scored else None
    return picks_of_tomograms(path, voxels, rows, dict.fromkeys(rows, grid), scores)


def write_dynamo(path: Path, sets: PickSets, binning: float) -> None:
    """Write a table, and a map file beside it for the tomograms' names.

    Raises
    ------
    PicksError
        If a spacing is unknown, or a name has a blank in it.
    """
    for name in sets:
        if name.split() != [name]:
            raise PicksError(f"{path}: Dynamo's map file cannot hold the name {name!r}; rename it.")
    parts = []
    for number, (table, grid) in enumerate(sets.values(), start=1):
        picks = to_write(table)
        places = (voxels_to_write(path, picks, grid) + _CORNER) * binning
        part = pd.DataFrame(np.round(places, 4), columns=_PLACE)
        part["tomo"] = number
        part["cc"] = np.nan_to_num(picks.scores)
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    with replacing(path, PicksError) as temporary:
        if len(frame):
            library("dynamotable").write(frame, str(temporary))
    lines = (f"{number} {name}\n" for number, name in enumerate(sets, start=1))
    write_text(path.with_suffix(".doc"), "".join(lines))


def _names(path: Path, numbers: "pd.Series[int]") -> dict[int, str]:
    table_map = path.with_suffix(".doc")
    if table_map.exists():
        known = library("dynamotable").io.read_table_map(str(table_map))
        files = dict(zip(known["tomo"], known["tomo_file"].astype(str), strict=True))
        return {number: Path(name).stem if "/" in name else name for number, name in files.items()}
    present = [int(number) for number in pd.unique(numbers)]
    if len(present) == 1:
        return {present[0]: path.stem}
    return {number: f"{path.stem}_{number}" for number in present}


def _is_table(path: Path, start: bytes) -> bool:
    if not start:  # as of a tomogram without motors; its name is in the file beside it
        return path.with_suffix(".doc").is_file()
    words = start.splitlines()[0].split()
    return len(words) >= _LEAST_COLUMNS and all(np.isfinite([float(word) for word in words]))


DYNAMO = Format(
    name="dynamo",
    title="Dynamo table",
    suffixes=(".tbl",),
    recognises=lambda start: True,
    read=read_dynamo,
    write=write_dynamo,
    package="dynamotable",
    is_sure=_is_table,
    in_voxels=True,
    replaces=lambda path, sets: [path, path.with_suffix(".doc")],
)
