"""Maps of a stage as files that other programs open in their place."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.errors import ConfigError, TomogramError
from motorscope.tomogram import MRC_SUFFIXES, VoxelGrid, write_mrc

_ZARR = ".zarr"


def check_name(path: Path) -> None:
    """Raise `ConfigError` if no format of maps has this suffix."""
    if path.suffix.lower() not in (*MRC_SUFFIXES, _ZARR):
        raise ConfigError(f"{path} has no known format of maps; let its name end in .mrc or .zarr.")


def cut(data: Any, grid: VoxelGrid, box: Sequence[float] | None) -> tuple[Any, VoxelGrid]:
    """Return the part of ``(…, z, y, x)`` that covers a box, and its grid.

    Parameters
    ----------
    box
        Two corners (z, y, x) in Å, one after the other, or ``None`` for everything.
    """
    if box is None:
        return data, grid
    corners = grid.to_voxels(np.reshape(np.asarray(box, dtype=float), (2, 3)))
    last = np.array(grid.shape) - 1
    low = np.clip(np.floor(corners.min(axis=0) + 0.5), 0, last).astype(int)
    high = np.clip(np.floor(corners.max(axis=0) + 0.5), 0, last).astype(int) + 1
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    shape = (z.stop - z.start, y.stop - y.start, x.stop - x.start)
    return data[..., z, y, x], grid.cropped((z.start, y.start, x.start), shape)


def write_maps(path: Path, data: Any, grid: VoxelGrid, names: Sequence[str], label: str) -> None:
    """Write one map ``(z, y, x)`` or several ``(n, z, y, x)`` as MRC or OME-Zarr, in float32.

    Parameters
    ----------
    names
        What the maps are called, one each.
    label
        What the file says of itself.

    Raises
    ------
    ConfigError
        If the suffix is not known, or what OME-Zarr needs is not installed.
    TomogramError
        If it cannot be written.
    """
    check_name(path)
    if path.suffix.lower() == _ZARR:
        _write_zarr(path, data, grid, names, label)
    else:
        several = len(data.shape) == 4 and len(data) > 1
        write_mrc(path, data if several else data.reshape(grid.shape), grid, label, np.float32)


def _write_zarr(path: Path, data: Any, grid: VoxelGrid, names: Sequence[str], label: str) -> None:
    """Write OME-Zarr 0.5; the folder appears whole or not at all."""
    try:
        import zarr
    except ImportError as error:
        raise ConfigError(
            "Writing OME-Zarr needs zarr: pip install 'napari-motorscope[zarr]'; or write .mrc."
        ) from error
    maps = data.reshape(len(names), *grid.shape)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.stem}-", suffix=_ZARR, dir=path.parent))
        try:
            group = zarr.open_group(folder, mode="w", zarr_format=3)
            chunks = (1, *(min(side, 128) for side in grid.shape))
            array = group.create_array("0", shape=maps.shape, dtype=np.float32, chunks=chunks)
            for channel in range(len(maps)):
                array[channel] = np.asarray(maps[channel], np.float32)
            group.attrs["ome"] = _ome(grid, names, label)
            folder.chmod(0o755)
            if path.is_dir():
                shutil.rmtree(path)
            os.replace(folder, path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TomogramError(
            f"{path} cannot be written ({reason}); choose another folder or free some space."
        ) from error


def _ome(grid: VoxelGrid, names: Sequence[str], label: str) -> dict[str, Any]:
    space = [{"name": name, "type": "space", "unit": "angstrom"} for name in "zyx"]
    place: list[dict[str, Any]] = [
        {"type": "scale", "scale": [1.0, *grid.known_spacing()]},
        {"type": "translation", "translation": [0.0, *grid.origin]},
    ]
    image = {
        "name": label,
        "axes": [{"name": "c", "type": "channel"}, *space],
        "datasets": [{"path": "0", "coordinateTransformations": place}],
    }
    return {
        "version": "0.5",
        "multiscales": [image],
        "omero": {"channels": [{"label": name} for name in names]},
    }
