"""What all formats of coordinates share.

A set of picks goes with the grid of its tomogram, in whose voxels (centres at integers) a file may
count. A grid of which nothing is known is `UNKNOWN_GRID`; a shape that is not known is (0, 0, 0).

Binning says how many voxels of the file's counting fit into one voxel of the tomogram along an
axis: 4 for a list made on the unbinned volume of a tomogram that was binned by 4. It divides the
file's numbers in the file's own convention, whether that counts from the middle or from the corner
of the first voxel.
"""

import csv
import importlib
import importlib.util
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.errors import PicksError
from motorscope.picks.splitting import split_picks
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid

PickSets = Mapping[str, tuple[PickTable, VoxelGrid]]
"""Picks and grid of each tomogram, by its name."""


@dataclass(frozen=True)
class RawPicks:
    """Picks of one tomogram in what a file counts in.

    Attributes
    ----------
    table, grid
        Positions in Å, and the grid as far as it is known.
    in_voxels
        Whether the file counts in voxels and nobody knows how large these are: then the grid's
        spacing of 1 Å is a stand-in, and positions are of it.
    """

    table: PickTable
    grid: VoxelGrid
    in_voxels: bool = False

    def on(self, grid: VoxelGrid) -> "RawPicks":
        """Return the picks at the same voxels of a grid of known spacing."""
        voxels = self.grid.to_voxels(self.table.positions)
        return RawPicks(self.table.move(self.table.ids, grid.to_world(voxels)), grid)


RawSets = dict[str, RawPicks]
"""What a file says of each tomogram, by its name."""

UNKNOWN_GRID = VoxelGrid(shape=(0, 0, 0), spacing=None)

_LARGEST_JSON = 20_000_000  # bytes


@dataclass(frozen=True)
class Format:
    """A format of files with coordinates.

    Attributes
    ----------
    name
        What it is called on the command line.
    title
        What it is called in sentences.
    suffixes
        Of its files, in lower case and with the dot; the first one is its own.
    recognises
        Whether a file with such a suffix is of this format, from a look at its beginning.
    is_sure
        Whether a file that it recognises is of this format in earnest, from a closer look with
        the beginning at hand: a viewer asks so before it takes a file that may be anybody's. It
        may raise whatever a strange file does to a parser.
    read
        From a file, the tomogram's grid as far as it is known, and the binning. It reads once, and
        says what the file counts in.
    write
        To a file, the picks, and the binning.
    package
        The Python package that it needs, if any.
    several
        Whether one file can hold several tomograms.
    in_voxels
        Whether its files count in voxels and do not say how large these are.
    on_own_grid
        Whether what its files say of voxels is not of the tomogram's: its own grid comes first.
    replaces
        Which files writing these picks to a path would replace, whether or not they exist.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    read: Callable[[Path, VoxelGrid, float], RawSets]
    write: Callable[[Path, PickSets, float], None]
    package: str | None = None
    several: bool = True
    is_sure: Callable[[Path, bytes], bool] = lambda path, start: True
    in_voxels: bool = False
    on_own_grid: bool = False
    replaces: Callable[[Path, PickSets], list[Path]] = lambda path, sets: [path]


def columns_in(start: bytes) -> set[str]:
    """Return the names of columns in the first line of a CSV file."""
    line = start.decode("utf-8-sig").splitlines()[0]
    return {name.strip() for name in next(csv.reader([line]))}


def json_in(path: Path) -> Any:
    """Return what a JSON file holds; ``None`` for one that is too large for a list of motors."""
    if path.stat().st_size > _LARGEST_JSON:
        return None
    return json.loads(path.read_text(encoding="utf-8-sig"))


def library(package: str) -> Any:
    """Import an optional package.

    Raises
    ------
    PicksError
        If it is not installed.
    """
    if importlib.util.find_spec(package) is None:
        extra = "copick" if package.startswith("copick") else "formats"
        raise PicksError(
            f"This format needs the package {package}; install it with "
            f"pip install 'napari-motorscope[{extra}]'."
        )
    return importlib.import_module(package)


def picks_from_voxels(
    path: Path, voxels: ArrayLike, grid: VoxelGrid, scores: ArrayLike | None = None
) -> RawPicks:
    """Take voxel coordinates ``(n, 3)`` (z, y, x; centres at integers) of `grid` for picks.

    Raises
    ------
    PicksError
        If a coordinate is not a number.
    """
    places = np.asarray(voxels).reshape(-1, 3)
    rows = np.arange(len(places), dtype=np.intp)
    return picks_of_tomograms(path, places, {"": rows}, {"": grid}, scores)[""]


def ask_for_spacing(path: Path) -> NoReturn:
    """Refuse a file that counts in voxels of an unknown size."""
    raise PicksError(
        f"{path} counts in voxels and does not say how large they are; give the tomogram's voxel "
        "spacing in Å (--spacing), and --binning N if the file counts in N times smaller voxels."
    )


def picks_of_tomograms(
    path: Path,
    voxels: NDArray[np.float64],
    rows: dict[str, NDArray[np.intp]],
    grids: Mapping[str, VoxelGrid],
    scores: ArrayLike | None = None,
) -> RawSets:
    """Take the picks of several tomograms at once, as `picks_from_voxels` takes one's.

    Parameters
    ----------
    voxels, scores
        Of all tomograms: coordinates ``(n, 3)`` (z, y, x; centres at integers), and ``(n,)``.
    rows
        Which rows are whose.
    grids
        In whose voxels the rows of each tomogram count.

    Raises
    ------
    PicksError
        If a coordinate is not a number.
    """
    unknown = {name for name, grid in grids.items() if grid.spacing is None}
    grids = {n: grid.with_spacing(1.0) if n in unknown else grid for n, grid in grids.items()}
    counts = [len(own) for own in rows.values()]
    spacings, origins = (
        np.repeat(np.reshape(each, (-1, 3)), counts, axis=0)
        for each in (
            [grids[name].known_spacing() for name in rows],
            [grids[name].origin for name in rows],
        )
    )
    order = np.concatenate([np.empty(0, dtype=np.intp), *rows.values()])
    values = None if scores is None else np.asarray(scores, dtype=float)[order]
    table = picks_from_world(path, voxels[order] * spacings + origins, values)
    ends = np.cumsum(counts)
    parts = {
        name: np.arange(end - count, end)
        for name, count, end in zip(rows, counts, ends, strict=True)
    }
    tables = split_picks(table, parts)
    return {name: RawPicks(tables[name], grids[name], name in unknown) for name in rows}


def picks_from_world(
    path: Path, positions: ArrayLike, scores: ArrayLike | None = None
) -> PickTable:
    """Make a table of positions ``(n, 3)`` in Å (z, y, x).

    All come from the user, not from our model; those with a score count as candidates, those
    without as accepted.

    Raises
    ------
    PicksError
        If a coordinate is not a number.
    """
    places = np.asarray(positions, dtype=float).reshape(-1, 3)
    wrong = ~np.isfinite(places).all(axis=1)
    if wrong.any():
        raise PicksError(f"{path}: point {int(wrong.argmax()) + 1} has no position; correct it.")
    values = np.full(len(places), np.nan) if scores is None else np.asarray(scores, dtype=float)
    status = np.where(np.isnan(values), "accepted", "candidate").tolist()
    return PickTable.from_positions(places, values, origin="user", status=status)


def to_write(table: PickTable) -> PickTable:
    """Return the picks that other programs should see: all but the rejected."""
    return table.with_status("candidate", "accepted")


def voxels_to_write(path: Path, table: PickTable, grid: VoxelGrid) -> NDArray[np.float64]:
    """Return voxel coordinates ``(n, 3)`` (z, y, x) of picks.

    Raises
    ------
    PicksError
        If the spacing is unknown.
    """
    check_spacing_to_write(path, grid)
    return grid.to_voxels(table.positions)


def check_spacing_to_write(path: Path, grid: VoxelGrid) -> None:
    """Refuse to write voxel coordinates of an unknown size.

    Raises
    ------
    PicksError
        If the spacing is unknown.
    """
    if grid.spacing is None:
        raise PicksError(
            f"{path} would count in voxels, and their size is unknown; give the tomogram's voxel "
            "spacing in Å (--spacing)."
        )


def known_shape(path: Path, grid: VoxelGrid, why: str) -> NDArray[np.float64]:
    """Return the shape of a grid; `why` says in a sentence about the file what it is needed for.

    Raises
    ------
    PicksError
        If it is unknown.
    """
    if min(grid.shape) < 1:
        raise PicksError(
            f"{path} {why}; give the tomogram's number of voxels (--shape Z Y X), or open the "
            "picks over the tomogram."
        )
    return np.asarray(grid.shape, dtype=float)


def only_set(path: Path, sets: PickSets, title: str) -> tuple[PickTable, VoxelGrid]:
    """Return the single set of picks for a format that holds one tomogram.

    Raises
    ------
    PicksError
        If there are several.
    """
    if len(sets) != 1:
        raise PicksError(
            f"{path}: a file of the format {title} holds one tomogram, not {len(sets)}; write "
            "into a "
            "folder."
        )
    return next(iter(sets.values()))


def with_spacing(grid: VoxelGrid, spacing: float | None) -> VoxelGrid:
    """Return the grid with a spacing that a file says, unless it has one already.

    What cannot be a spacing, such as zero, counts as not said.
    """
    if grid.spacing is not None or spacing is None or not 0 < spacing < math.inf:
        return grid
    return grid.with_spacing(spacing)


def with_shape(grid: VoxelGrid, shape: ArrayLike) -> VoxelGrid:
    """Return the grid with a shape (z, y, x) that a file says, unless it has one already."""
    z, y, x = (int(count) for count in np.asarray(shape))
    return grid if min(grid.shape) > 0 or min(z, y, x) < 1 else replace(grid, shape=(z, y, x))
