"""The formats of tomograms: a new one is a module and its line in `FORMATS`."""

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from numpy.typing import DTypeLike

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.base import TomogramFormat
from motorscope.tomogram.formats.mrc import MRC
from motorscope.tomogram.formats.ome.read import OME_ZARR
from motorscope.tomogram.formats.shortcut import SHORTCUT
from motorscope.tomogram.formats.slices import SLICES
from motorscope.tomogram.formats.tiff import TIFF
from motorscope.tomogram.grid import VoxelGrid

FORMATS: tuple[TomogramFormat, ...] = (
    MRC,
    TIFF,
    SLICES,
    OME_ZARR,
    SHORTCUT,
)
"""All formats; of those that can be written, the first is the one to write unless asked for."""


def format_of(path: Path) -> TomogramFormat | None:
    """Return the format of a file or folder by its name, and by whether it is a folder.

    A folder whose name says nothing may hold slices. A path that does not exist has none.
    """
    folder = path.is_dir()
    return format_by_name(path, folder) if folder or path.is_file() else None


def format_by_name(path: Path, folder: bool) -> TomogramFormat | None:
    """Return the format of a file or a folder that is there, by its name."""
    alike = [form for form in FORMATS if form.is_folder == folder]
    named = _named(path, alike)
    return named or next((form for form in alike if not form.suffixes), None)


def format_to_write(path: Path) -> TomogramFormat:
    """Return the format to write to a path, by its suffix.

    Raises
    ------
    TomogramError
        If none that can be written has it.
    """
    found = _named(path, writable())
    if found is None or found.write is None:
        raise TomogramError(
            f"{path} has no known format of volumes; let its name end in "
            f"{' or '.join(form.suffixes[0] for form in writable())}."
        )
    return found


def writable_by_name(name: str) -> TomogramFormat:
    """Return a format that can be written, by its name on the command line.

    Raises
    ------
    TomogramError
        If there is none.
    """
    for form in writable():
        if form.name == name:
            return form
    names = ", ".join(form.name for form in writable())
    raise TomogramError(f"No tomograms can be written as {name!r}; choose one of {names}.")


def write_volume(
    path: Path,
    data: Any,
    grid: VoxelGrid,
    label: str = "Written by motorscope",
    *,
    names: Sequence[str] = (),
    dtype: DTypeLike | None = None,
) -> None:
    """Write a volume in the format that its suffix names, whole or not at all.

    Parameters are those of `motorscope.tomogram.formats.base.Writer`.

    Raises
    ------
    TomogramError
        If no format has the suffix, or it cannot be written.
    """
    form = format_to_write(path)
    assert form.write is not None
    form.write(path, data, grid, label, names=names, dtype=dtype)


def writable() -> tuple[TomogramFormat, ...]:
    """Return the formats that motorscope can write."""
    return tuple(form for form in FORMATS if form.write is not None)


def suffix_of(path: Path) -> str:
    """Return the suffix of a path that belongs to a format, else an empty text."""
    return max((form.suffix_of(path) for form in FORMATS), key=len)


def titles() -> str:
    """Return what can be opened, in words."""
    *some, last = (form.title for form in FORMATS)
    return f"{', '.join(some)} and {last}"


def hints() -> str:
    """Return what a person can give, in words."""
    *some, last = (form.hint for form in FORMATS)
    return f"{', '.join(some)} or {last}"


def patterns() -> list[str]:
    """Return the patterns of the names of files and folders that can be opened."""
    return [f"*{suffix}" for form in FORMATS for suffix in form.suffixes]


def _named(path: Path, forms: Sequence[TomogramFormat]) -> TomogramFormat | None:
    named = [(len(suffix), form) for form in forms if (suffix := form.suffix_of(path))]
    return max(named, key=itemgetter(0))[1] if named else None
