"""Where the journal of a tomogram layer is: beside its file, or in the user's data folder."""

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Layer
from platformdirs import user_data_path

from motorscope.errors import PicksError
from motorscope.picks import Journal, journal_path
from motorscope.plugin.layers import path_of, tomogram_name

_SAMPLE = 8  # voxels per axis that tell a tomogram without a file from others


def project_folder() -> Path:
    """Return the folder for journals that cannot be beside their tomogram; it is made.

    Raises
    ------
    PicksError
        If it cannot be made.
    """
    folder = user_data_path("motorscope") / "journals"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PicksError(
            f"{folder} cannot be made ({error.strerror}), so edits cannot be kept; "
            "save them as a file."
        ) from error
    return folder


def journal_of(layer: Layer, folder: Path | None = None) -> Path:
    """Return the path of a tomogram layer's journal, whether or not there is one.

    Parameters
    ----------
    layer
        The tomogram's layer. One without a file is known by its name and some of its voxels.
    folder
        Where journals go that cannot be beside their tomogram; the user's data folder if ``None``.

    Raises
    ------
    PicksError
        If there is no folder that can be written.
    """
    path = path_of(layer)
    if path is not None and path.exists():
        return journal_at(path, tomogram_name(layer), folder)
    name = f"{_as_file_name(layer.name)}-{_fingerprint(layer)}"
    return journal_path((folder or project_folder()) / name, name)


def journal_at(path: Path, name: str, folder: Path | None = None) -> Path:
    """Return the path of the journal of a tomogram's file, whether or not there is one.

    Raises
    ------
    PicksError
        If there is no folder that can be written.
    """
    return journal_path(path, _as_file_name(name), folder or project_folder())


def open_journal_of(layer: Layer, folder: Path | None = None) -> Journal:
    """Open the journal of a tomogram layer, or begin one.

    Raises
    ------
    JournalInUseError
        If another window has it open.
    PicksError
        If it is damaged or cannot be written.
    """
    return Journal(journal_of(layer, folder))


def _as_file_name(name: str) -> str:
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name) or "tomogram"


def _fingerprint(layer: Layer) -> str:
    data: Any = layer.data[0] if layer.multiscale else layer.data
    middle = tuple(
        slice(max(side // 2 - _SAMPLE // 2, 0), side // 2 + _SAMPLE // 2) for side in data.shape
    )
    block = np.ascontiguousarray(data[middle])
    digest = hashlib.sha256(repr((tuple(data.shape), str(block.dtype))).encode())
    digest.update(block.tobytes())
    return digest.hexdigest()[:12]
