"""Where the journal of a tomogram layer is: beside its file, or in the user's data folder."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Layer

from motorscope.errors import PicksError
from motorscope.files import as_file_name
from motorscope.plugin.layers.source import path_of, tomogram_name
from motorscope.review import Journal, JournalInUseError, journal_path
from motorscope.review.journal.file import SUFFIX
from motorscope.review.journal.place import journal_at, open_journal_at, project_folder

_SAMPLE = 8  # voxels per axis that tell a tomogram without a file from others


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
    if scratch is not None:
        return scratch / f"{as_file_name(layer.name)}-{_fingerprint(layer)}{SUFFIX}"
    path = path_of(layer)
    if path is not None and path.exists():
        return journal_at(path, tomogram_name(layer), folder)
    name = f"{as_file_name(layer.name)}-{_fingerprint(layer)}"
    return journal_path((folder or project_folder()) / name, name)


def open_journal_of(
    layer: Layer, folder: Path | None = None, scratch: Path | None = None
) -> Journal:
    """Open the journal of a tomogram layer, or begin one; parameters are those of `journal_of`.

    Raises
    ------
    JournalInUseError
        If another window has it open.
    PicksError
        If it is damaged or cannot be written.
    """
    path, journal = path_of(layer), journal_of(layer, folder, scratch)
    return Journal(journal) if path is None else open_journal_at(journal, path)


def open_or_warn(
    layer: Layer, folder: Path | None, scratch: Path | None, warn: Callable[[str], Any]
) -> Journal | None:
    """Open the journal of a tomogram layer; where that cannot be, tell a person what follows."""
    try:
        return open_journal_of(layer, folder, scratch)
    except JournalInUseError as error:
        warn(f"{error} Until then, what you do here is not kept on disk: use Save…")
    except PicksError as error:
        warn(f"{error} What you do here is not kept on disk: use Save…")
    return None


def kept_elsewhere(layer: Layer, journal: Path, scratch: Path | None = None) -> str:
    """Return why a journal is not beside its tomogram; empty if it is, or is in `scratch`."""
    if scratch is not None and journal.parent == scratch:
        return ""
    path = path_of(layer)
    if path is None:
        return "The tomogram has no file"
    return "" if journal.parent == path.absolute().parent else "The tomogram's folder is read-only"


def _fingerprint(layer: Layer) -> str:
    data: Any = layer.data[0] if layer.multiscale else layer.data
    middle = tuple(
        slice(max(side // 2 - _SAMPLE // 2, 0), side // 2 + _SAMPLE // 2) for side in data.shape
    )
    block = np.ascontiguousarray(data[middle])
    digest = hashlib.sha256(repr((tuple(data.shape), str(block.dtype))).encode())
    digest.update(block.tobytes())
    return digest.hexdigest()[:12]
