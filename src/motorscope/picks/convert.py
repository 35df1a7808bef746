"""From one format of coordinates to another."""

from pathlib import Path

from motorscope.errors import PicksError
from motorscope.files import backup_of, keep_backup
from motorscope.picks.formats import (
    UNKNOWN_GRID,
    Format,
    PickSets,
    format_by_name,
    format_to_write,
    read_coordinates,
    replaced_files,
    write_coordinates,
    written_picks,
)
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import Shape, Vector, VoxelGrid


def convert(
    source: Path,
    target: Path,
    from_format: str | None = None,
    to_format: str | None = None,
    spacing: float | Vector | None = None,
    binning: float = 1.0,
    shape: Shape | None = None,
    overwrite: bool = False,
    accepted: bool = False,
) -> dict[str, PickTable]:
    """Turn a file of coordinates into one of another format.

    Parameters
    ----------
    source
        A file, or a folder with one file a tomogram.
    target
        A file; or a folder, for formats that hold one tomogram a file.
    from_format, to_format
        Names of formats; without them the files' suffixes and contents tell.
    spacing
        The tomogram's voxel spacing in Å, one number or z, y, x.
    binning
        How many voxels that the source counts in fit into one of the tomogram's along an axis. The
        target counts in the tomogram's own.
    shape
        The tomogram's number of voxels, z, y, x.
    overwrite
        Whether files that exist may be replaced; each is kept as ``NAME.bak.csv`` or the like.
    accepted
        Whether to write accepted picks only.

    Returns
    -------
    dict
        The picks of each tomogram that were written.

    Raises
    ------
    PicksError, SpacingError
        If a file cannot be read or written, or exists already, or if spacing or shape must be
        known.
    """
    reader = format_by_name(from_format) if from_format else None
    grid = UNKNOWN_GRID if shape is None else VoxelGrid(shape=shape, spacing=None)
    if spacing is not None:
        grid = grid.with_spacing(spacing)
    sets: PickSets = {}
    for path in _sources(source, reader):
        sets = {**sets, **read_coordinates(path, grid, binning, reader)}
    if accepted:
        sets = {name: (table.with_status("accepted"), own) for name, (table, own) in sets.items()}
    writer = format_by_name(to_format) if to_format else None
    parts = _parts(target, sets, writer)
    form = writer or format_to_write(target)
    there = [file for path, part in parts.items() for file in replaced_files(path, part, form)]
    if there and not overwrite:
        more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise PicksError(
            f"{there[0]}{more} exists already; choose another name, or allow it with --overwrite, "
            f"which keeps what is there as {backup_of(there[0]).name}."
        )
    for path in there:
        keep_backup(path, PicksError)
    for path, part in parts.items():
        write_coordinates(path, part, 1.0, form)
    return {name: written_picks(table, form) for name, (table, _) in sets.items()}


def _sources(source: Path, reader: Format | None) -> list[Path]:
    if not source.is_dir():
        return [source]
    if reader is None:
        raise PicksError(f"{source} is a folder; say with --from what its files are.")
    found = sorted(each for each in source.iterdir() if each.name.lower().endswith(reader.suffixes))
    if not found:
        raise PicksError(f"{source} has no files with the suffix {' or '.join(reader.suffixes)}.")
    return found


def _parts(target: Path, sets: PickSets, writer: Format | None) -> dict[Path, PickSets]:
    """Return what goes into which file; into a folder, one tomogram a file."""
    if not target.is_dir():
        return {target: sets}
    if writer is None:
        raise PicksError(f"{target} is a folder; say with --to what its files are to be.")
    return {target / f"{name}{writer.suffixes[0]}": {name: one} for name, one in sets.items()}
