"""Where the journal of a tomogram layer is: beside its file, or in the user's data folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.layers import Layer

from motorscope.errors import PicksError
from motorscope.plugin.layers.source import path_of, tomogram_name
from motorscope.review import Journal, JournalInUseError
from motorscope.review.journal.place import journal_at, open_journal_at, unfiled_journal


def journal_of(layer: Layer, folder: Path | None = None, scratch: Path | None = None) -> Path:
    """Return the path of a tomogram layer's journal, whether or not there is one.

    Parameters
    ----------
    layer
        The tomogram's layer. One without a file is known by its name and some of its voxels.
    folder
        Where journals go that cannot be beside their tomogram; the user's data folder if ``None``.
    scratch
        Where all journals go instead, if it is given.

    Raises
    ------
    PicksError
        If there is no folder that can be written.
    """
    path = path_of(layer)
    if scratch is None and path is not None and path.exists():
        return journal_at(path, tomogram_name(layer), folder)
    data = layer.data[0] if layer.multiscale else layer.data
    return unfiled_journal(layer.name, data, folder, scratch)


def open_or_warn(
    layer: Layer, folder: Path | None, scratch: Path | None, warn: Callable[[str], Any]
) -> Journal | None:
    """Open the journal of a tomogram layer; where that cannot be, tell a person what follows."""
    try:
        path, journal = path_of(layer), journal_of(layer, folder, scratch)
        return Journal(journal) if path is None else open_journal_at(journal, path)
    except JournalInUseError as error:
        warn(f"{error} Until then, what you do here is not kept on disk: use Save…")
    except PicksError as error:
        warn(f"{error} What you do here is not kept on disk: use Save…")
    return None
