"""What a format of tomograms is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import DTypeLike, NDArray

from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.volume import Tomogram
from motorscope.tomogram.wrapped import with_true_sign


class Writer(Protocol):
    """Writes a volume ``(z, y, x)``, or several ``(n, z, y, x)`` on one grid, whole or not at all.

    `label` is what the file says of itself, `names` what the volumes are called, one each, and
    `dtype` the type to store them as instead of their own. Raises `TomogramError`.
    """

    def __call__(
        self,
        path: Path,
        data: Any,
        grid: VoxelGrid,
        label: str,
        *,
        names: Sequence[str] = (),
        dtype: DTypeLike | None = None,
    ) -> None:
        """Write a file or a folder."""


def _any_path(path: Path) -> bool:
    return True


def _no_label(path: Path) -> str:
    return ""


@dataclass(frozen=True)
class TomogramFormat:
    """A format of files or folders that hold a tomogram each.

    Attributes
    ----------
    name
        What it is called on the command line.
    title
        What its tomograms are called in sentences, in the plural.
    hint
        What a person gives to open one.
    suffixes
        Ends of the names, in lower case and with the dot; the first one is its own. None where any
        folder will do.
    read
        Opens a file or a folder; the name is given to the tomogram later. Raises `TomogramError`
        and `OSError`.
    is_folder
        Whether a tomogram is a folder.
    recognises
        A quick look whether a path of such a name is meant for `read`; damage counts, so that the
        error is ours to explain. May raise `OSError`.
    is_volume
        A quick look whether what was recognised is a volume, not a flat image.
    label
        What a file says of itself, as `write` was told; empty where it says nothing.
    write
        If motorscope can write it.
    """

    name: str
    title: str
    hint: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], Tomogram]
    is_folder: bool = False
    recognises: Callable[[Path], bool] = _any_path
    is_volume: Callable[[Path], bool] = _any_path
    label: Callable[[Path], str] = _no_label
    write: Writer | None = None

    def suffix_of(self, path: Path) -> str:
        """Return the longest of its suffixes that a path's name ends in, else an empty text."""
        name = path.name.lower()
        if not name.endswith(self.suffixes):  # most are of another format, and folders hold many
            return ""
        found = (each for each in self.suffixes if name.endswith(each) and name != each)
        return max(found, key=len, default="")


def of_bytes(
    read: Callable[[Path], tuple[NDArray[Any], VoxelGrid]],
) -> Callable[[Path], Tomogram]:
    """Return a reader of tomograms from one of arrays whose bytes may have the wrong sign.

    8-bit volumes that were written with one sign and labelled with the other are recognised and
    read as they were meant.
    """

    def tomogram(path: Path) -> Tomogram:
        data, grid = read(path)
        return Tomogram(with_true_sign(data), grid, "", path)

    return tomogram
