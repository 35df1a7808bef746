"""Coordinates in and out: the formats of other programs."""

import os
from pathlib import Path

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks.files import cannot_read
from motorscope.picks.formats.arrays import ARRAY, JSON
from motorscope.picks.formats.base import (
    UNKNOWN_GRID,
    Format,
    PickSets,
    RawPicks,
    RawSets,
    ask_for_spacing,
    library,
    to_write,
)
from motorscope.picks.formats.competition import LABELS, SUBMISSION
from motorscope.picks.formats.copick import COPICK
from motorscope.picks.formats.dynamo import DYNAMO
from motorscope.picks.formats.imod import IMOD
from motorscope.picks.formats.napari_points import NAPARI
from motorscope.picks.formats.own import OWN
from motorscope.picks.formats.portal import PORTAL
from motorscope.picks.formats.star import PLAIN_STAR, RELION4, RELION5
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid

FORMATS = (
    OWN,
    LABELS,
    SUBMISSION,
    RELION5,
    RELION4,
    PLAIN_STAR,
    DYNAMO,
    IMOD,
    PORTAL,
    COPICK,
    JSON,
    ARRAY,
    NAPARI,
)
"""All formats; of those that share a suffix the first is the one to write."""

SUFFIXES = tuple(dict.fromkeys(each.suffixes[-1] for each in FORMATS))
"""The plain suffixes of all formats."""

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "UNKNOWN_GRID",
    "Format",
    "PickSets",
    "RawPicks",
    "RawSets",
    "format_by_name",
    "format_inside",
    "format_of_file",
    "format_to_write",
    "read_coordinates",
    "read_raw",
    "replaced_files",
    "with_suffix_of",
    "write_coordinates",
    "written_picks",
]

_ENOUGH = 65536  # bytes that tell a format


def format_by_name(name: str) -> Format:
    """Return a format by its name.

    Raises
    ------
    PicksError
        If there is none.
    """
    for candidate in FORMATS:
        if candidate.name == name:
            return candidate
    raise PicksError(f"There is no format {name!r}; choose one of {_names(FORMATS)}.")


def format_of_file(path: Path) -> Format:
    """Return the format of a file, by its suffix and its beginning.

    Raises
    ------
    PicksError
        If the file cannot be read, or is of none.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_ENOUGH)
    except OSError as error:
        raise cannot_read(path, error) from error
    candidates = _with_suffix(path)
    for candidate in candidates:
        if candidate.recognises(start):
            return candidate
    if len(candidates) == 1 or OWN in candidates:
        return OWN if OWN in candidates else candidates[0]  # whose reader says best what is wrong
    raise PicksError(
        f"{path} is of no known format; name it with --from, one of {_names(FORMATS)}."
    )


def format_inside(path: str | os.PathLike[str]) -> Format | None:
    """Return the format of a file of coordinates, or ``None`` for any other file; never raises.

    It looks inside, because suffixes are everybody's.
    """
    try:
        path = Path(path)
        candidates = [each for each in FORMATS if path.suffix.lower() in each.suffixes]
        if not candidates or not path.is_file():
            return None
        with path.open("rb") as file:
            start = file.read(_ENOUGH)
        sure = (each for each in candidates if each.recognises(start) and each.is_sure(path, start))
        return next(sure, None)
    except Exception:  # whatever a strange file does to a parser: it is not ours
        return None


def format_to_write(path: Path) -> Format:
    """Return the format to write to a path, by its longest suffix that is one.

    Raises
    ------
    PicksError
        If no format has the suffix.
    """
    candidates = _with_suffix(path)
    if not candidates:
        raise PicksError(
            f"The suffix of {path} belongs to no format; name one with --to: {_names(FORMATS)}."
        )
    return candidates[0]


def read_coordinates(
    path: Path,
    grid: VoxelGrid = UNKNOWN_GRID,
    binning: float = 1.0,
    format_: Format | None = None,
) -> PickSets:
    """Read picks of one or several tomograms.

    Parameters
    ----------
    grid
        The tomogram's grid as far as it is known; the file fills in what it says itself.
    binning
        How many voxels of the file's counting fit into one of the tomogram's along an axis.
    format_
        If it is not to be told from the file.

    Returns
    -------
    PickSets
        Picks (in Å) and grid of each tomogram, by its name.

    Raises
    ------
    PicksError
        If the file cannot be read, or more must be known to understand it.
    """
    sets = read_raw(path, grid, binning, format_)
    if any(raw.in_voxels for raw in sets.values()):
        ask_for_spacing(path)
    return {name: (raw.table, raw.grid) for name, raw in sets.items()}


def read_raw(
    path: Path,
    grid: VoxelGrid = UNKNOWN_GRID,
    binning: float = 1.0,
    format_: Format | None = None,
) -> RawSets:
    """Read picks as `read_coordinates` does, and leave those in voxels that nobody knows as such.

    Raises
    ------
    PicksError
        If the file cannot be read, or more than the size of a voxel must be known.
    """
    chosen = format_ or format_of_file(path)
    _check_binning(binning)
    if chosen.package:
        library(chosen.package)
    try:
        return chosen.read(path, grid, binning)
    except MotorscopeError:
        raise
    except OSError as error:
        raise cannot_read(path, error) from error
    except Exception as error:  # whatever a library makes of a file that it does not understand
        raise PicksError(
            f"{path} cannot be read as {chosen.title} ({type(error).__name__}: {error}); choose "
            "another file or format."
        ) from error


def write_coordinates(
    path: Path, sets: PickSets, binning: float = 1.0, format_: Format | None = None
) -> None:
    """Write picks of one or several tomograms; the file appears whole or not at all.

    Rejected picks are left out, but for our own CSV.

    Raises
    ------
    PicksError
        If the file cannot be written, or more must be known to write it.
    """
    chosen = format_ or format_to_write(path)
    _check_binning(binning)
    if chosen.package:
        library(chosen.package)
    chosen.write(path, sets, binning)


def replaced_files(path: Path, sets: PickSets, format_: Format) -> list[Path]:
    """Return the files that exist and that writing these picks would replace.

    Raises
    ------
    PicksError
        If that cannot be told.
    """
    if format_.package and path.exists():
        library(format_.package)
    return [each for each in format_.replaces(path, sets) if each.exists()]


def with_suffix_of(format_: Format, chosen: Path) -> Path:
    """Return a path with a suffix of a format, in place of one of another format.

    Raises
    ------
    PicksError
        If that is another file than the one that a person was asked about, and it exists.
    """
    name = chosen.name.lower()
    if name.endswith(format_.suffixes):
        return chosen
    others = (suffix for each in FORMATS for suffix in each.suffixes if name.endswith(suffix))
    stem = chosen.name[: len(name) - max(map(len, others), default=0)]
    path = chosen.with_name(stem + format_.suffixes[0])
    if path.exists():
        raise PicksError(f"{path} exists already; name it in full to replace it.")
    return path


def _with_suffix(path: Path) -> list[Format]:
    """Return the formats that have the path's suffix, those with the longest first."""
    name = path.name.lower()
    longest = {
        candidate: max(map(len, suffixes))
        for candidate in FORMATS
        if (suffixes := [suffix for suffix in candidate.suffixes if name.endswith(suffix)])
    }
    return sorted(longest, key=longest.__getitem__, reverse=True)


def _names(formats: tuple[Format, ...]) -> str:
    return ", ".join(candidate.name for candidate in formats)


def _check_binning(binning: float) -> None:
    if not 0 < binning < float("inf"):
        raise PicksError(f"A binning is a positive number, not {binning:g}.")


def written_picks(table: PickTable, form: Format) -> PickTable:
    """Return those of a tomogram's picks that a file of a format gets."""
    if form is OWN:
        return table
    return to_write(table).best() if form is SUBMISSION else to_write(table)
