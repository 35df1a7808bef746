"""OME-Zarr, versions 0.4 (zarr 2) and 0.5 (zarr 3): pyramids that are read where it is needed."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.base import TomogramFormat
from motorscope.tomogram.formats.ome.chunks import ChunkedVolume, reason
from motorscope.tomogram.formats.ome.libraries import import_zarr
from motorscope.tomogram.formats.ome.metadata import OmeImage, multiscales, read_image
from motorscope.tomogram.formats.ome.write import write_ome_zarr
from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.volume import Level, Tomogram, averaged

OME_SUFFIXES = (".zarr", ".ome.zarr")


def read_ome_zarr(path: Path) -> Tomogram:
    """Open an OME-Zarr with all its levels; voxels are read where they are asked for.

    Raises
    ------
    TomogramError
        If it is damaged, is no OME-Zarr image of versions 0.4 or 0.5, or holds no single volume, or
        if zarr or yaozarrs are not installed.
    OSError
        If it cannot be read.
    """
    next(path.iterdir(), None)  # without permission it would look empty
    return open_pyramid(str(path), str(path))


def open_pyramid(store: Any, where: str, tries: int = 1) -> Tomogram:
    """Open an OME-Zarr in anything that zarr takes for a store.

    Parameters
    ----------
    where
        Its name in sentences.
    tries
        How often to try to read a chunk.

    Raises
    ------
    TomogramError
        See `read_ome_zarr`.
    """
    zarr = import_zarr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files beside the arrays that are not zarr's
        try:
            group = zarr.open_group(store, mode="r")
            attributes = dict(group.attrs)
        except PermissionError:
            raise
        except FileNotFoundError as error:  # zarr's own is one of these
            raise TomogramError(
                f"{where} is no zarr: it has neither zarr.json nor .zgroup; copy it again, with "
                "the hidden files in it."
            ) from error
        except Exception as error:  # damaged metadata make the library stumble in any way
            raise TomogramError(
                f"{where} cannot be opened as zarr ({reason(error)}); copy it again."
            ) from error
        image = read_image(attributes, where)
        volumes = [_volume(group, level.path, where, tries) for level in image.levels]
    finest, *coarser = volumes
    grid = VoxelGrid(finest.shape, image.spacing(), image.origin())
    levels = (_level(image, number, data, grid) for number, data in enumerate(coarser, start=1))
    return Tomogram(finest, grid, "", levels=tuple(level for level in levels if level is not None))


def _volume(group: Any, path: str, where: str, tries: int) -> ChunkedVolume:
    try:
        array = group[path]
        shape = tuple(array.shape)
        dtype = np.dtype(array.dtype)
    except KeyError as error:
        raise TomogramError(
            f"{where} lacks its level {path}, which its metadata name; copy it again."
        ) from error
    except PermissionError:
        raise
    except Exception as error:
        raise TomogramError(
            f"Level {path} of {where} cannot be opened ({reason(error)}); copy it again."
        ) from error
    if dtype.kind not in "iuf":
        raise TomogramError(
            f"{where} holds voxels of type {dtype}; convert them to integers or float32."
        )
    if len(shape) < 3 or any(side != 1 for side in shape[:-3]):
        sides = " × ".join(map(str, shape))
        raise TomogramError(
            f"{where} holds {sides} values, more than one volume; save the one to look at as a "
            "zarr of its own."
        )
    return ChunkedVolume(array, where, tries)


def _level(image: OmeImage, number: int, data: ChunkedVolume, finest: VoxelGrid) -> Level | None:
    """Return a coarser level, or ``None`` if it shows another part than the finest one."""
    factors, offset = image.factors(number), image.offset(number)
    if all(factor == 1 for factor in factors) and data.shape != finest.shape:
        return averaged(data, finest.shape)  # nobody said how large its voxels are
    covered = zip(data.shape, factors, finest.shape, strict=True)
    if any(abs(side * factor - whole) > factor + 1 for side, factor, whole in covered):
        return None
    return Level(data, factors, offset)


def _attributes(folder: Path) -> dict[str, Any] | None:
    """Return the attributes of a group without the libraries; ``None`` if they cannot be read."""
    for name, inner in (("zarr.json", "attributes"), (".zattrs", None)):
        try:
            content = json.loads((folder / name).read_text(encoding="utf-8"))
            return dict(content if inner is None else content.get(inner, {}))
        except (OSError, ValueError, TypeError, AttributeError):
            continue
    return None


def _is_image(folder: Path) -> bool:
    attributes = _attributes(folder)
    return attributes is None or multiscales(attributes) is not None


def _label(folder: Path) -> str:
    try:
        return str(multiscales(_attributes(folder) or {})[0].get("name") or "")
    except (TypeError, IndexError, KeyError, AttributeError):
        return ""


OME_ZARR = TomogramFormat(
    name="ome-zarr",
    title="OME-Zarr",
    hint="an OME-Zarr folder (.zarr)",
    suffixes=OME_SUFFIXES,
    read=read_ome_zarr,
    is_folder=True,
    recognises=_is_image,
    label=_label,
    write=write_ome_zarr,
)
