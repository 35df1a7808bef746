"""Opening a tomogram, whatever its format."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from motorscope.errors import TomogramError
from motorscope.tomogram import formats
from motorscope.tomogram.formats.base import TomogramFormat
from motorscope.tomogram.formats.portal import is_number, motors_beside, portal_shortcut
from motorscope.tomogram.formats.shortcut import is_address, shortcut_to
from motorscope.tomogram.formats.slices import SLICE_SUFFIXES
from motorscope.tomogram.recipe import Shade
from motorscope.tomogram.volume import Tomogram

_COMPRESSED = (".gz", ".bz2")


@dataclass(frozen=True)
class Look:
    """What a look at a path tells: its format is found once, whatever is asked afterwards.

    Attributes
    ----------
    path
        A file, a folder, or neither.
    folder
        Whether it is a folder.
    form
        Its format by its name; ``None`` if it has none, or nothing is there.
    """

    path: Path
    folder: bool
    form: TomogramFormat | None

    def can_open(self) -> bool:
        """Tell what `motorscope.tomogram.open.can_open` does."""
        try:
            return self.form is not None and self.form.recognises(self.path)
        except OSError:
            return False

    def is_tomogram(self) -> bool:
        """Tell what `motorscope.tomogram.open.is_tomogram` does."""
        return self.form is not None and self.can_open() and self.form.is_volume(self.path)

    def is_one(self) -> bool:
        """Tell what `motorscope.tomogram.open.is_one` does."""
        return self.folder and bool(formats.suffix_of(self.path)) and self.can_open()

    def label(self) -> str:
        """Return what a file says of itself; empty if nothing."""
        return "" if self.form is None else self.form.label(self.path)

    def name(self) -> str:
        """Return what `name_of` does."""
        form, path = self.form, self.path
        suffix = formats.suffix_of(path) if form is None else form.suffix_of(path)
        if suffix:
            return path.name[: -len(suffix)]
        if self.folder:
            return path.name
        if path.suffix.lower() in _COMPRESSED:
            path = path.with_suffix("")
        return path.stem


def look_at(path: Path | os.DirEntry[str]) -> Look:
    """Look at a path, or at an entry of `os.scandir`, which knows files from folders by itself.

    What may not be looked at counts as not there: whoever opens it will say why.
    """
    try:
        folder = path.is_dir()
        there = folder or path.is_file()
    except OSError:
        folder = there = False
    path = Path(path)
    return Look(path, folder, formats.format_by_name(path, folder) if there else None)


def open_tomogram(
    path: str | Path,
    spacing: float | Sequence[float] | None = None,
    density: Shade | None = None,
) -> Tomogram:
    """Open a tomogram of any of the formats in `motorscope.tomogram.formats.FORMATS`.

    Plain MRC files and contiguous TIFF stacks are memory-mapped, and OME-Zarr is read chunk by
    chunk, so even large ones open at once.

    Parameters
    ----------
    path
        A file, or a folder that is one tomogram.
    spacing
        Voxel spacing in Å, one number or three (z, y, x), instead of what the file says.
    density
        How dense things look in it, if that is known.

    Raises
    ------
    TomogramError
        If it cannot be read as a volume; the message names the file and what to do.
    SpacingError
        If `spacing` is not positive.
    """
    path = Path(path)
    try:
        path.stat()  # a missing file is a missing file, whatever its name
        tomogram = _format_of(path).read(path)
    except FileNotFoundError as error:
        raise TomogramError(f"{path} does not exist; check the name.") from error
    except PermissionError as error:
        raise TomogramError(f"{path} may not be read; ask its owner for permission.") from error
    except OSError as error:
        raise TomogramError(
            f"{path} cannot be read ({error.strerror or error}); check the disk, or copy it again."
        ) from error
    grid = tomogram.grid
    if min(grid.shape) < 2:
        sides = " × ".join(map(str, grid.shape))
        raise TomogramError(f"{path} holds {sides} voxels (z, y, x), a flat image; give a volume.")
    if spacing is not None:
        grid = grid.with_spacing(spacing)
    return replace(tomogram, grid=grid, name=name_of(path), path=path, density=density)


def located(text: str, say: Callable[[str], None] | None = None) -> Path:
    """Return the path of a tomogram that a person named: a path, an address, or ``portal:NUMBER``.

    Parameters
    ----------
    say
        Is told what a tomogram of the CryoET Data Portal is.

    Raises
    ------
    TomogramError
        If an address is wrong, its shortcut cannot be written, or the portal does not help.
    """
    if is_number(text):
        path, found = portal_shortcut(text)
        if say is not None:
            motors = motors_beside(path)
            known = "no flagellar motors" if motors is None else f"flagellar motors, in {motors}"
            say(f"{found.summary}; the portal knows {known}")
        return path
    return shortcut_to(text) if is_address(text) else Path(text)


def can_open(path: str | Path) -> bool:
    """Tell by a quick look (suffix and first bytes) whether `open_tomogram` is meant for `path`.

    A damaged file with the suffix of an MRC file counts, so that the error is ours to explain.
    """
    return look_at(Path(path)).can_open()


def is_tomogram(path: str | Path) -> bool:
    """Tell by a quick look whether `path` is a tomogram: as `can_open`, but no single TIFF image.

    A damaged file counts, so that the error is ours to explain.
    """
    return look_at(Path(path)).is_tomogram()


def is_one(folder: Path) -> bool:
    """Tell whether a folder's name says that it is a tomogram, not a place for tomograms."""
    return look_at(folder).is_one()


def name_of(path: Path) -> str:
    """Return the name of the tomogram at a path: the file's stem, or the name of the folder."""
    if path.name in ("", ".."):
        path = path.resolve()  # but a link keeps its own name
    return look_at(path).name()


def file_name_of(path: Path) -> str:
    """Return the name of a tomogram's file, or for a folder without a suffix one like a file's."""
    return f"{path.name}.slices" if path.is_dir() and not is_one(path) else path.name


def _format_of(path: Path) -> TomogramFormat:
    form = formats.format_of(path)
    if form is not None:
        return form
    if path.suffix.lower() in SLICE_SUFFIXES:
        raise TomogramError(
            f"{path} is a single image; open the folder that holds the numbered slices, "
            f"{path.parent}."
        )
    raise TomogramError(f"{path} has no known format; give {formats.hints()}.")
