"""Reading and writing MRC files (``.mrc .rec .map .st``, and compressed)."""

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import DTypeLike, NDArray

from motorscope.errors import TomogramError
from motorscope.files import replacing
from motorscope.tomogram.formats.base import TomogramFormat, of_bytes
from motorscope.tomogram.formats.mrc_header import (
    HEADER_BYTES,
    MrcHeader,
    first_label,
    parse_header,
)
from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.volume import read_block

MRC_SUFFIXES = (".mrc", ".rec", ".map", ".st")
_MAGIC = {".gz": (b"\x1f\x8b", "gzip"), ".bz2": (b"BZh", "bzip2")}
_MODES = {
    np.dtype(np.int8): (0, "<i1"),
    np.dtype(np.bool_): (0, "<i1"),
    np.dtype(np.int16): (1, "<i2"),
    np.dtype(np.float32): (2, "<f4"),
    np.dtype(np.float64): (2, "<f4"),
    np.dtype(np.uint8): (
        6,
        "<u2",
    ),  # MRC2014 has no unsigned bytes, and most programs would read them as signed
    np.dtype(np.uint16): (6, "<u2"),
    np.dtype(np.float16): (12, "<f2"),
}
_SLAB_BYTES = 64 * 2**20


def read_mrc(path: Path) -> tuple[NDArray[Any], VoxelGrid]:
    """Open an MRC file: memory-mapped, or read whole if it is compressed.

    Raises
    ------
    TomogramError
        If it is damaged, shorter than its header says, or no real volume.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as stream:
        start = stream.read(HEADER_BYTES)
    if not start:
        raise TomogramError(f"{path} is empty (0 bytes); copy or export it again.")
    compression = path.suffix.lower()
    if compression in _MAGIC:
        magic, what = _MAGIC[compression]
        if not start.startswith(magic):
            raise TomogramError(
                f"{path} is not {what} data; if it is a plain MRC file, rename it without "
                f"{path.suffix}."
            )
        data, header = _read_compressed(path)
    else:
        for suffix, (magic, what) in _MAGIC.items():
            if start.startswith(magic) and start[208:211] != b"MAP":
                raise TomogramError(
                    f"{path} is compressed with {what}; rename it to {path.name}{suffix}."
                )
        header = parse_header(start, path)
        _check_size(header, path.stat().st_size, path)
        data = np.memmap(
            path, header.dtype, mode="r", offset=header.data_start, shape=header.file_shape
        )
    data = data.transpose(header.axes)
    shape = (data.shape[0], data.shape[1], data.shape[2])
    return data, VoxelGrid(shape, header.spacing, header.origin)


def _label(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return first_label(stream.read(HEADER_BYTES))
    except OSError:  # whoever opens it will say what is wrong with it
        return ""


def _check_size(header: MrcHeader, size: int, path: Path) -> None:
    """Refuse a file whose size does not fit what its header says.

    Less than a section too much is taken for padding.
    """
    expected = header.data_start + header.data_bytes
    sections, rows, columns = header.file_shape
    said = f"its header says {columns} × {rows} × {sections} voxels of {header.dtype.name}"
    if size < expected:
        raise TomogramError(
            f"{path} is cut short: {said} ({expected} bytes), but it has {size} bytes; copy or "
            "export it again."
        )
    if size - expected >= header.data_bytes // sections:
        raise TomogramError(
            f"The header of {path} does not fit the file: {said} ({expected} bytes), "
            f"but it has {size} bytes; export it again, or correct its header."
        )


def _read_compressed(path: Path) -> tuple[NDArray[Any], MrcHeader]:
    # gzip and bz2 open the same way, but their types share no name.
    opener = cast(
        "Callable[..., BinaryIO]", gzip.open if path.suffix.lower() == ".gz" else bz2.open
    )
    try:
        with opener(path, "rb") as stream:
            header = parse_header(stream.read(HEADER_BYTES), path)
            got = HEADER_BYTES + _skip(stream, header.data_start - HEADER_BYTES)
            voxels = _read(stream, header.data_bytes)
            got += len(voxels) + _skip(stream, None)
    except MemoryError as error:
        raise TomogramError(
            f"{path} does not fit into memory; decompress it, so that it can be read in parts."
        ) from error
    except EOFError as error:
        raise TomogramError(
            f"{path} is cut short: the compressed data stop early; copy it again."
        ) from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise TomogramError(f"{path} cannot be decompressed ({error}); copy it again.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise TomogramError(f"{path} cannot be decompressed ({error}); copy it again.") from error
    _check_size(header, got, path)
    return np.frombuffer(voxels, header.dtype).reshape(header.file_shape), header


def _skip(stream: BinaryIO, count: int | None) -> int:
    """Read over `count` bytes, or all that are left; return how many there were."""
    got = 0
    while count is None or got < count:
        chunk = stream.read(2**20 if count is None else min(2**20, count - got))
        if not chunk:
            break
        got += len(chunk)
    return got


def _read(stream: BinaryIO, count: int) -> bytearray:
    """Read `count` bytes, or as many as there are, in memory that grows with them.

    A damaged header may claim any number of them.
    """
    got = bytearray()
    while len(got) < count:
        chunk = stream.read(min(2**22, count - len(got)))
        if not chunk:
            break
        got += chunk
    return got


def write_mrc(
    path: str | Path,
    data: Any,
    grid: VoxelGrid,
    label: str = "Written by motorscope",
    *,
    names: Sequence[str] = (),
    dtype: DTypeLike | None = None,
) -> None:
    """Write a volume with its spacing and origin as an MRC2014 file, whole or not at all.

    Several volumes on one grid become a stack of volumes (space group 401).

    Parameters
    ----------
    path
        Ends in ``.mrc``, ``.rec``, ``.map`` or ``.st``. A file that exists is replaced.
    data
        Array-like ``(z, y, x)`` or ``(volume, z, y, x)``, may be lazy. Bytes, 16-bit integers,
        float16 and float32 keep their type, but uint8 is widened to uint16 (MRC2014 has no unsigned
        bytes) and float64 narrowed to float32.
    grid
        Must have the shape of `data`. An unknown spacing is written as zero, the format's way to
        say so.
    names
        Of the volumes, for which the format has no place.
    dtype
        Type to store them as, instead of their own.

    Raises
    ------
    TomogramError
        If the file cannot be written, or the type cannot be stored.
    ValueError
        If the shapes differ.
    """
    path = Path(path)
    if path.suffix.lower() not in MRC_SUFFIXES:
        raise TomogramError(f"{path} cannot be written as MRC; let its name end in .mrc.")
    if tuple(data.shape[-3:]) != grid.shape or len(data.shape) > 4:
        raise ValueError(f"data of shape {tuple(data.shape)} on a grid of {grid.shape}")
    volumes = data if len(data.shape) == 4 else [data]
    stored = _MODES.get(np.dtype(dtype or data.dtype).newbyteorder("="))
    if stored is None:
        raise TomogramError(
            f"Voxels of type {data.dtype} cannot be stored in {path}; convert them to float32."
        )
    mode, file_type = stored
    with replacing(path, TomogramError) as temporary, temporary.open("wb") as stream:
        stream.write(bytes(HEADER_BYTES))
        statistics = _Statistics()
        for volume in volumes:
            for slab in _slabs(volume):
                statistics.add(slab)
                with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite
                    stream.write(np.ascontiguousarray(slab, file_type).data)
        stream.seek(0)
        header = _new_header(grid, mode, statistics, label)
        if len(data.shape) == 4:
            header["nz"], header["ispg"] = len(data) * grid.shape[0], 401
        stream.write(header.tobytes())


def _slabs(data: Any) -> Iterator[NDArray[Any]]:
    plane = max(1, int(np.prod(data.shape[1:])) * np.dtype(data.dtype).itemsize)
    step = max(1, _SLAB_BYTES // plane)
    for start in range(0, data.shape[0], step):
        yield read_block(data, (slice(start, start + step), slice(None), slice(None)))


class _Statistics:
    """Least, greatest, mean and standard deviation of the finite values added to it."""

    def __init__(self) -> None:
        self.count = 0
        self.least = np.inf
        self.greatest = -np.inf
        self.sum = 0.0
        self.squares = 0.0

    def add(self, values: NDArray[Any]) -> None:
        for plane in values:  # a plane at a time: float64 copies stay small
            finite = plane.astype(np.float64)
            finite = finite[np.isfinite(finite)]
            if finite.size:
                self.count += finite.size
                self.least = min(self.least, float(finite.min()))
                self.greatest = max(self.greatest, float(finite.max()))
                self.sum += float(finite.sum())
                self.squares += float(np.vdot(finite, finite))

    def summary(self) -> tuple[float, float, float, float]:
        """Return them in this order, or MRC2014's way to say that they are not known."""
        if not self.count:
            return (0.0, -1.0, -2.0, -1.0)
        mean = self.sum / self.count
        variance = max(0.0, self.squares / self.count - mean * mean)
        return (self.least, self.greatest, mean, float(np.sqrt(variance)))


def _new_header(grid: VoxelGrid, mode: int, statistics: _Statistics, label: str) -> NDArray[Any]:
    header = np.zeros((), HEADER_DTYPE.newbyteorder("<"))
    spacing = grid.spacing or (0.0, 0.0, 0.0)
    for axis, name in enumerate("zyx"):
        header["n" + name] = header["m" + name] = grid.shape[axis]
        header["cella"][name] = grid.shape[axis] * spacing[axis]
        header["origin"][name] = grid.origin[axis]
    header["mode"] = mode
    header["cellb"] = (90.0, 90.0, 90.0)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    with np.errstate(over="ignore"):
        header["dmin"], header["dmax"], header["dmean"], header["rms"] = statistics.summary()
    header["ispg"] = 1  # a volume
    header["nversion"] = 20141
    header["map"] = b"MAP "
    header["machst"] = (0x44, 0x44, 0, 0)
    header["nlabl"] = 1
    header["label"][0] = label.encode("ascii", "replace")
    return header


MRC = TomogramFormat(
    name="mrc",
    title="MRC files",
    hint=f"{' '.join(MRC_SUFFIXES)} (also .gz, .bz2)",
    suffixes=(*MRC_SUFFIXES, *(end + packed for end in MRC_SUFFIXES for packed in _MAGIC)),
    read=of_bytes(read_mrc),
    label=_label,
    write=write_mrc,
)
