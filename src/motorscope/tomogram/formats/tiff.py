"""Reading TIFF stacks."""

import math
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.base import TomogramFormat, of_bytes
from motorscope.tomogram.formats.units import angstroms_per
from motorscope.tomogram.grid import Vector, VoxelGrid, plausible_spacing

TIFF_SUFFIXES = (".tif", ".tiff")
TIFF_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")

_MOST_EXPANSION = 1032
"""How many times as large deflate makes data at most; a tomogram is noise and stays far below."""

_MOST_UNPACKING = 8
"""How many times as large voxels of less than a byte become without compression."""


def read_tiff(path: Path) -> tuple[NDArray[Any], VoxelGrid]:
    """Open a TIFF stack: memory-mapped if it is contiguous and not compressed, else read whole.

    The spacing is taken from ImageJ's or OME's metadata if these name a unit of length and the axes
    are plainly z, y, x; otherwise it is unknown.

    Raises
    ------
    TomogramError
        If it is damaged or holds something other than one grey volume.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as stream:
        magic = stream.read(4)
    if not magic:
        raise TomogramError(f"{path} is empty (0 bytes); copy or export it again.")
    if magic not in TIFF_MAGIC:
        raise TomogramError(
            f"{path} is not a TIFF file; check what it is, or export the tomogram again."
        )
    try:
        with tifffile.TiffFile(path) as tiff:
            _check_directories(tiff, path)
            series = _volume_series(tiff, path)
            data = _voxels(tiff, series, path)
            spacing = _spacing(tiff, series)
    except (TomogramError, PermissionError):
        raise
    except MemoryError as error:
        raise TomogramError(
            f"{path} does not fit into memory; save it uncompressed or as MRC."
        ) from error
    except Exception as error:  # a damaged file makes the parser stumble in any way
        raise TomogramError(
            f"{path} cannot be read as TIFF ({error}); it may be cut short or damaged: copy or "
            "export it again."
        ) from error
    return data, VoxelGrid((data.shape[0], data.shape[1], data.shape[2]), spacing)


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) in TIFF_MAGIC


def holds_volume(path: Path) -> bool | None:
    """Tell by a quick look whether a TIFF file holds a stack, or a single image (``False``).

    ``None`` if it cannot be read: then the error is to be explained when it is opened.
    """
    try:
        with tifffile.TiffFile(path) as tiff:
            if _has_second_page(tiff):
                return True
            sides = [_sides(series) for series in tiff.series]
            return any(len(each) == 3 for each in sides) if sides else None
    except Exception:  # a damaged file makes the parser stumble in any way
        return None


def _has_second_page(tiff: Any) -> bool:
    try:
        return tiff.pages[1] is not None
    except IndexError:
        return False


def _check_directories(tiff: Any, path: Path) -> None:
    """Refuse a file whose chain of directories, one a page, leads out of it or in a circle.

    The library would go without the pages beyond, and the volume be too thin; or go on for ever.
    """
    kind, stream = tiff.tiff, tiff.filehandle

    def number(position: int, size: int, form: str) -> int:
        stream.seek(position)
        return int(struct.unpack(form, stream.read(size))[0])

    seen: set[int] = set()
    offset = number(8 if kind.is_bigtiff else 4, kind.offsetsize, kind.offsetformat)
    while offset:
        if offset in seen:
            raise TomogramError(
                f"{path} is damaged: after {len(seen)} pages its list of pages begins anew; copy "
                "or export it again."
            )
        seen.add(offset)
        try:
            tags = number(offset, kind.tagnosize, kind.tagnoformat)
            end = offset + kind.tagnosize + tags * kind.tagsize
            offset = number(end, kind.offsetsize, kind.offsetformat)
        except (struct.error, OverflowError) as error:
            raise TomogramError(
                f"{path} is cut short after {len(seen) - 1} pages; copy or export it again."
            ) from error


def _volume_series(tiff: Any, path: Path) -> Any:
    """Return the one series of pages that is a grey volume."""
    every = list(tiff.series)
    if any("S" in series.axes for series in every):
        raise TomogramError(f"{path} is an RGB image; convert it to grey values.")
    for series in every:
        channels = dict(zip(series.axes, series.shape, strict=True)).get("C", 1)
        if 1 < channels <= 4:  # more are slices that were mistaken for channels
            raise TomogramError(
                f"{path} has {channels} channels; save the one to look at as a grey volume."
            )
    volumes = [series for series in every if len(_sides(series)) == 3]
    if len(volumes) == 1:
        series = volumes[0]
        if series.dtype is None or series.dtype.kind not in "iuf":
            raise TomogramError(
                f"{path} holds voxels of type {series.dtype}; convert them to integers or float32."
            )
        return series
    if not every:
        raise TomogramError(f"{path} holds no image; export it again.")
    if len(every) > 1:
        raise TomogramError(
            f"{path} holds {len(every)} images of different kinds; save one volume as a file of "
            "its own."
        )
    sides = " × ".join(map(str, every[0].shape))
    raise TomogramError(f"{path} holds an image of {sides}, not a volume (z, y, x).")


def _sides(series: Any) -> tuple[int, ...]:
    return tuple(n for n in series.shape if n > 1)


def _voxels(tiff: Any, series: Any, path: Path) -> NDArray[Any]:
    shape = _sides(series)
    if series.dataoffset is not None:
        return np.memmap(
            path, series.dtype.newbyteorder(tiff.byteorder), "r", series.dataoffset, shape
        )
    _check_sizes(series, shape, path)
    return np.asarray(series.asarray()).reshape(shape)


def _check_sizes(series: Any, shape: tuple[int, ...], path: Path) -> None:
    """Refuse a file that claims more than it can hold, before memory is taken for it."""
    size = path.stat().st_size
    for page in series.pages:
        for start, count in zip(page.dataoffsets, page.databytecounts, strict=False):
            if start + count > size:
                raise TomogramError(
                    f"{path} is cut short or damaged: some of its voxels would lie beyond its end "
                    f"({size} bytes); copy or export it again."
                )
    most = size * (_MOST_EXPANSION if series.keyframe.compression != 1 else _MOST_UNPACKING)
    tile = math.prod(series.keyframe.tile) if series.keyframe.is_tiled else 0
    if max(series.nbytes, tile * series.dtype.itemsize) > most:
        raise TomogramError(
            f"The header of {path} does not fit the file: it says {' × '.join(map(str, shape))} "
            f"voxels of {series.dtype}, which {size} bytes cannot hold; copy or export it again."
        )


def _spacing(tiff: Any, series: Any) -> Vector | None:
    axes = "".join(name for name, n in zip(series.axes.upper(), series.shape, strict=True) if n > 1)
    if axes != "ZYX":
        return None
    if tiff.is_imagej:
        return _imagej_spacing(tiff)
    if tiff.is_ome:
        return _ome_spacing(tiff.ome_metadata)
    return None


def _imagej_spacing(tiff: Any) -> Vector | None:
    metadata = tiff.imagej_metadata or {}
    unit = angstroms_per(metadata.get("unit", ""))
    z = metadata.get("spacing")
    tags = tiff.pages[0].tags
    if unit is None or z is None or "XResolution" not in tags or "YResolution" not in tags:
        return None
    sides = [float(z)]
    for name in ("YResolution", "XResolution"):
        pixels, units = tags[name].value
        sides.append(units / pixels if pixels else math.nan)
    return _rounded([side * unit for side in sides])


def _ome_spacing(metadata: str) -> Vector | None:
    pixels = [
        node for node in ElementTree.fromstring(metadata).iter() if node.tag.endswith("}Pixels")
    ]
    if len(pixels) != 1:
        return None
    sides = []
    for name in ("Z", "Y", "X"):
        unit = angstroms_per(pixels[0].get(f"PhysicalSize{name}Unit", "µm"))  # the schema's default
        side = pixels[0].get(f"PhysicalSize{name}")
        if unit is None or side is None:
            return None
        sides.append(float(side) * unit)
    return _rounded(sides)


def _rounded(spacing: list[float]) -> Vector | None:
    return plausible_spacing([float(f"{value:.7g}") for value in spacing])


TIFF = TomogramFormat(
    name="tiff",
    title="TIFF stacks",
    hint=" ".join(TIFF_SUFFIXES),
    suffixes=TIFF_SUFFIXES,
    read=of_bytes(read_tiff),
    recognises=_is_tiff,
    is_volume=lambda path: holds_volume(path) is not False,
)
