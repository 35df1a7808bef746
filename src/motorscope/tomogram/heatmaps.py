"""Our maps as files: how heatmaps are written, and how maps are told from tomograms afterwards."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.tomogram.formats import suffix_of, write_volume
from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.open import Look, look_at

HEATMAP_SUFFIX = ".heatmap.mrc"
"""End of the name of a heatmap that is kept beside its tomogram."""

_LABEL = "Heatmap written by motorscope"
_MAP = "Map by motorscope: "
_APPENDED = "_heatmap"  # to the tomogram's name, by the command


def write_heatmap(path: str | Path, values: Any, grid: VoxelGrid) -> None:
    """Write a heatmap ``(z, y, x)`` in the format of its suffix; its label says what it is.

    Raises
    ------
    TomogramError
        If it cannot be written.
    """
    write_volume(Path(path), values, grid, _LABEL)


def heatmap_fingerprint(values: NDArray[np.float32]) -> str:
    """Return what tells a heatmap from others, also after it was written and read."""
    data = np.ascontiguousarray(values, dtype="<f4")
    shape = repr(tuple(data.shape)).encode()
    return hashlib.blake2b(data.data, digest_size=8, key=shape).hexdigest()


def heatmap_name(tomogram: str) -> str:
    """Return the file name of a tomogram's heatmap among those of other tomograms."""
    return f"{tomogram}{_APPENDED}.mrc"


def map_label(what: str) -> str:
    """Return the label of the file of a map that is no heatmap."""
    return f"{_MAP}{what}"


def is_map(path: Path) -> bool:
    """Tell whether a file is a map of ours: a heatmap, feature maps or an attribution."""
    return shows_map(look_at(path))


def shows_map(look: Look) -> bool:
    """Tell what `is_map` does, of what was looked at already."""
    return _is_heatmap(look, label := look.label()) or label.startswith(_MAP)


def is_heatmap(path: Path) -> bool:
    """Tell by its name or label whether a file is a heatmap of ours.

    Those of earlier versions have no label of their own: ``NAME_heatmap.mrc`` is one if a file or
    folder of the name before it lies beside it.
    """
    look = look_at(path)
    return _is_heatmap(look, look.label())


def _is_heatmap(look: Look, label: str) -> bool:
    return look.path.name.endswith(HEATMAP_SUFFIX) or label == _LABEL or _has_owner(look)


def _has_owner(look: Look) -> bool:
    path = look.path
    if look.folder or not path.stem.endswith(_APPENDED) or not suffix_of(path):
        return False
    owner = path.stem.removesuffix(_APPENDED)
    try:
        others = os.listdir(path.absolute().parent)
    except OSError:
        return False
    return any(name == owner or name.startswith(f"{owner}.") for name in others)
