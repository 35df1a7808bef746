"""Opening a tomogram, whatever its format."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from motorscope.errors import TomogramError
from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.mrc import MRC_SUFFIXES, read_mrc
from motorscope.tomogram.slices import SLICE_SUFFIXES, is_slice, read_slices
from motorscope.tomogram.tiff import TIFF_MAGIC, TIFF_SUFFIXES, holds_volume, read_tiff
from motorscope.tomogram.volume import Tomogram
from motorscope.tomogram.wrapped import with_true_sign

_COMPRESSED = (".gz", ".bz2")


def open_tomogram(path: str | Path, spacing: float | Sequence[float] | None = None) -> Tomogram:
    """Open a tomogram: an MRC file, a TIFF stack, or a folder of numbered 8-bit slices.

    Plain MRC files and contiguous TIFF stacks are memory-mapped, so even large ones open at once.
    8-bit volumes that were written with one sign and labelled with the other are recognised and
    read as they were meant.

    Parameters
    ----------
    path
        ``.mrc .rec .map .st`` (also ``.gz`` or ``.bz2``), ``.tif .tiff``, or a folder.
    spacing
        Voxel spacing in Å, one number or three (z, y, x), instead of what the file says.

    Raises
    ------
    TomogramError
        If it cannot be read as a volume; the message names the file and what to do.
    SpacingError
        If `spacing` is not positive.
    """
    path = Path(path)
    try:
        data, grid = _read(path)
    except FileNotFoundError as error:
        raise TomogramError(f"{path} does not exist; check the name.") from error
    except PermissionError as error:
        raise TomogramError(f"{path} may not be read; ask its owner for permission.") from error
    except OSError as error:
        raise TomogramError(
            f"{path} cannot be read ({error.strerror or error}); check the disk, or copy it again."
        ) from error
    if min(grid.shape) < 2:
        sides = " × ".join(map(str, grid.shape))
        raise TomogramError(f"{path} holds {sides} voxels (z, y, x), a flat image; give a volume.")
    if spacing is not None:
        grid = grid.with_spacing(spacing)
    return Tomogram(with_true_sign(data), grid, name_of(path), path)


def can_open(path: str | Path) -> bool:
    """Tell by a quick look (suffix and first bytes) whether `open_tomogram` is meant for `path`.

    A damaged file with the suffix of an MRC file counts, so that the error is ours to explain.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return any(is_slice(entry) for entry in path.iterdir())
        if _format_suffix(path) in MRC_SUFFIXES:
            return path.is_file()
        if path.suffix.lower() in TIFF_SUFFIXES:
            with path.open("rb") as stream:
                return stream.read(4) in TIFF_MAGIC
    except OSError:
        pass
    return False


def is_tomogram(path: str | Path) -> bool:
    """Tell by a quick look whether `path` is a tomogram: as `can_open`, but no single TIFF image.

    A damaged file counts, so that the error is ours to explain.
    """
    path = Path(path)
    flat = path.suffix.lower() in TIFF_SUFFIXES and path.is_file() and holds_volume(path) is False
    return can_open(path) and not flat


def name_of(path: Path) -> str:
    """Return the name of the tomogram at a path: the file's stem, or the name of the folder."""
    if path.name in ("", ".."):
        path = path.resolve()  # but a link keeps its own name
    if path.is_dir():
        return path.name
    if path.suffix.lower() in _COMPRESSED:
        path = path.with_suffix("")
    return path.stem


def _read(path: Path) -> tuple[NDArray[Any], VoxelGrid]:
    if path.is_dir():
        return read_slices(path)
    path.stat()  # a missing file is a missing file, whatever its name
    suffix = _format_suffix(path)
    if suffix in MRC_SUFFIXES:
        return read_mrc(path)
    if path.suffix.lower() in TIFF_SUFFIXES:
        return read_tiff(path)
    if path.suffix.lower() in SLICE_SUFFIXES:
        raise TomogramError(
            f"{path} is a single image; open the folder that holds the numbered slices, "
            f"{path.parent}."
        )
    raise TomogramError(
        f"{path} has no known format; give {' '.join(MRC_SUFFIXES)} (also .gz, .bz2), "
        f"{' '.join(TIFF_SUFFIXES)}, "
        "or a folder of numbered slices."
    )


def _format_suffix(path: Path) -> str:
    """Return the suffix that names the format, below that of a compression."""
    if path.suffix.lower() in _COMPRESSED:
        path = path.with_suffix("")
    return path.suffix.lower()
