"""Writing OME-Zarr: tomograms, heatmaps and feature maps, with a pyramid."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.ome.libraries import import_zarr
from motorscope.tomogram.formats.ome.metadata import new_attributes
from motorscope.tomogram.grid import Shape, VoxelGrid
from motorscope.tomogram.volume import read_block

_CHUNK = 128
"""Side of a chunk, and of the volume from which on there is no coarser level."""

Place = tuple[slice, slice, slice]


def write_ome_zarr(
    path: str | Path,
    data: Any,
    grid: VoxelGrid,
    label: str = "Written by motorscope",
    *,
    names: Sequence[str] = (),
    dtype: DTypeLike | None = None,
    version: str = "0.5",
) -> None:
    """Write a volume as OME-Zarr, whole or not at all; a folder that exists is replaced.

    Levels follow whose voxels are means of 2 × 2 × 2 finer ones, until one fits into a chunk. One
    chunk's worth is in memory at a time.

    Parameters
    ----------
    path
        Ends in ``.zarr``.
    data
        Array-like ``(z, y, x)``, or ``(channel, z, y, x)``; may be lazy.
    grid
        Must have the shape of a volume. An unknown spacing is written as a unit that is not given.
    label
        Name of the image.
    names
        Of the channels.
    dtype
        Type to store them as, instead of their own.
    version
        ``0.5`` (zarr 3) or ``0.4`` (zarr 2).

    Raises
    ------
    TomogramError
        If it cannot be written, or zarr is not installed.
    ValueError
        If the shapes differ.
    """
    path = Path(path)
    if tuple(data.shape[-3:]) != grid.shape or len(data.shape) > 4:
        raise ValueError(f"data of shape {tuple(data.shape)} on a grid of {grid.shape}")
    zarr = import_zarr()
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.stem}-", suffix=".zarr", dir=path.parent))
        try:
            group = zarr.open_group(folder, mode="w", zarr_format=3 if version == "0.5" else 2)
            levels = _write(group, data, np.dtype(dtype or data.dtype), version)
            several = len(data.shape) == 4
            factors = [2**number for number in range(levels)]
            group.attrs.update(new_attributes(grid, factors, label, names, several, version))
            folder.chmod(0o777 & ~_umask())  # mkdtemp makes folders that only their owner can read
            if path.is_dir():
                shutil.rmtree(path)
            os.replace(folder, path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise TomogramError(
            f"{path} cannot be written ({said}); choose another folder or free some space."
        ) from error


def _write(group: Any, data: Any, dtype: np.dtype[Any], version: str) -> int:
    """Write the levels and return how many there are."""
    finest = _new_array(group, 0, tuple(data.shape), dtype, version)
    several = len(data.shape) == 4
    for channel in range(len(data) if several else 1):
        lead: tuple[int, ...] = (channel,) if several else ()
        volume = data[channel] if several else data
        for place in _places(finest.shape[-3:]):
            finest[lead + place] = read_block(volume, place).astype(dtype)
    levels = 1
    finer = finest
    while max(finer.shape[-3:]) > _CHUNK:
        sides = tuple(-(-side // 2) for side in finer.shape[-3:])
        coarse = _new_array(group, levels, (*finer.shape[:-3], *sides), dtype, version)
        for channel in range(finer.shape[0] if several else 1):
            lead = (channel,) if several else ()
            for place in _places(coarse.shape[-3:]):
                wide = tuple(slice(2 * each.start, 2 * each.stop) for each in place)
                coarse[lead + place] = halved(np.asarray(finer[lead + wide]))
        finer, levels = coarse, levels + 1
    return levels


def halved(block: NDArray[Any]) -> NDArray[Any]:
    """Return means of 2 × 2 × 2 voxels; of an odd side the last voxel counts twice."""
    even = np.pad(block, [(0, side % 2) for side in block.shape], mode="edge")
    z, y, x = (side // 2 for side in even.shape)
    means = even.reshape(z, 2, y, 2, x, 2).mean(axis=(1, 3, 5), dtype=np.float32)
    result: NDArray[Any] = np.rint(means) if block.dtype.kind in "iu" else means
    return result.astype(block.dtype)


def _new_array(
    group: Any, number: int, shape: tuple[int, ...], dtype: np.dtype[Any], version: str
) -> Any:
    lead = len(shape) - 3
    chunks = (*[1] * lead, *(min(side, _CHUNK) for side in shape[-3:]))
    if version == "0.5":
        names = (*["c"] * lead, "z", "y", "x")
        return group.create_array(
            str(number), shape=shape, dtype=dtype, chunks=chunks, dimension_names=names
        )
    encoding = {"name": "v2", "separator": "/"}
    return group.create_array(
        str(number), shape=shape, dtype=dtype, chunks=chunks, chunk_key_encoding=encoding
    )


def _places(shape: Shape) -> Iterator[Place]:
    """Yield the places of a volume's chunks."""
    starts = (range(0, side, _CHUNK) for side in shape)
    for start in itertools.product(*starts):
        z, y, x = (slice(s, min(s + _CHUNK, side)) for s, side in zip(start, shape, strict=True))
        yield z, y, x


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
