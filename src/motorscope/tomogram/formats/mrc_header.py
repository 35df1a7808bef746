"""What the 1024 bytes at the head of an MRC file say.

Sources: the MRC2014 format (Cheng et al., J. Struct. Biol. 192, 2015, 146-150) and the conventions
of IMOD's ``mrc_format`` page for the bytes that MRC2014 leaves free. Headers in the wild are
sloppy, so whatever is not needed to read the voxels is read with forbearance.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from motorscope.errors import TomogramError
from motorscope.tomogram.grid import Shape, Vector, plausible_spacing

HEADER_BYTES = 1024
_DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_COMPLEX_MODES = (3, 4)
_KNOWN_MODES = (*_DTYPES, *_COMPLEX_MODES, 16, 101)
_LARGEST_SIDE = 1_000_000
_STANDARD_VERSION = 20140

_IMOD_STAMP = 1146047817
_IMOD_SIGNED_BYTES = 1
_IMOD_MRC_ORIGIN = 4
_IMOD_HALF_BYTES = 16


@dataclass(frozen=True)
class MrcHeader:
    """How to read the voxels of an MRC file.

    Attributes
    ----------
    dtype
        Type of a voxel with the file's byte order.
    file_shape
        Sections, rows, columns as they lie in the file.
    axes
        The file's axes that are z, y and x.
    spacing, origin
        In Å, order z, y, x.
    data_start
        Position of the first voxel in bytes.
    """

    dtype: np.dtype[Any]
    file_shape: Shape
    axes: tuple[int, int, int]
    spacing: Vector | None
    origin: Vector
    data_start: int

    @property
    def data_bytes(self) -> int:
        """Number of bytes of all voxels."""
        return math.prod(self.file_shape) * self.dtype.itemsize


def parse_header(raw: bytes, path: Path) -> MrcHeader:
    """Read the header of the MRC file `path` from its first bytes.

    Raises
    ------
    TomogramError
        If it is no MRC header, or describes something other than one volume of real numbers.
    """
    if len(raw) < HEADER_BYTES:
        raise TomogramError(
            f"{path} holds {len(raw)} bytes, less than the header of an MRC file; copy or export "
            "it again."
        )
    header, order = _decode(raw, path)
    imod_flags = _imod_flags(header)
    mode = int(header["mode"])
    if mode in _COMPLEX_MODES:
        raise TomogramError(
            f"{path} holds complex numbers (MRC mode {mode}), a Fourier transform perhaps; "
            "give the volume in real space."
        )
    if mode == 16:
        raise TomogramError(f"{path} is an RGB image (MRC mode 16); convert it to grey values.")
    if mode not in _DTYPES or (mode == 0 and (imod_flags or 0) & _IMOD_HALF_BYTES):
        raise TomogramError(
            f"{path} holds 4-bit voxels, which are not supported; convert it to 8 bits."
        )
    kind = _DTYPES[mode]
    if mode == 0 and imod_flags is not None and not imod_flags & _IMOD_SIGNED_BYTES:
        kind = "u1"
    shape = (int(header["nz"]), int(header["ny"]), int(header["nx"]))
    volume_size = int(header["mz"])
    if 401 <= int(header["ispg"]) <= 630 and 0 < volume_size < shape[0]:
        raise TomogramError(
            f"{path} is a stack of {shape[0] // volume_size} volumes; save the one you want as a "
            "file of its own."
        )
    extended = int(header["nsymbt"])
    if extended < 0:
        raise TomogramError(
            f"The header of {path} is damaged (extended header of {extended} bytes); export the "
            "file again."
        )
    axes = _axes(header)
    return MrcHeader(
        dtype=np.dtype(order + kind),
        file_shape=shape,
        axes=axes,
        spacing=_spacing(header, axes),
        origin=_origin(header, imod_flags),
        data_start=HEADER_BYTES + extended,
    )


def first_label(raw: bytes) -> str:
    """Return the first label of an MRC file from its first bytes; empty if there is none."""
    if len(raw) < HEADER_BYTES:
        return ""
    label: bytes = np.frombuffer(raw, HEADER_DTYPE, count=1)[0]["label"][0]
    return label.decode("ascii", errors="replace").rstrip()


def _decode(raw: bytes, path: Path) -> tuple[np.void, str]:
    """Return the header's fields and the byte order in which mode and size make sense."""
    little = np.frombuffer(raw, HEADER_DTYPE.newbyteorder("<"), count=1)[0]
    big = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(">"), count=1)[0]
    candidates = [(little, "<"), (big, ">")]
    if little["machst"][0] == 0x11:
        candidates.reverse()
    for header, order in candidates:
        sides = [int(header[name]) for name in ("nx", "ny", "nz")]
        if int(header["mode"]) in _KNOWN_MODES and all(0 < n <= _LARGEST_SIDE for n in sides):
            return header, order
    header = candidates[0][0]
    if bytes(header["map"])[:3] != b"MAP":
        raise TomogramError(
            f"{path} is not an MRC file; check what it is, or export the tomogram again."
        )
    raise TomogramError(
        f"The header of {path} is damaged: {header['nx']} × {header['ny']} × {header['nz']} voxels "
        f"of mode {header['mode']}; export the file again."
    )


def _imod_flags(header: np.void) -> int | None:
    """Return IMOD's flags (bytes 156-159), or ``None`` if the file does not say it has them."""
    order = header.dtype["nx"].byteorder
    stamp, flags = np.frombuffer(bytes(header["extra2"]), order + "i4", count=2, offset=40)
    return int(flags) if stamp == _IMOD_STAMP else None


def _axes(header: np.void) -> tuple[int, int, int]:
    """Return which of the file's axes (section, row, column) are z, y, x."""
    names = [int(header[name]) for name in ("maps", "mapr", "mapc")]
    if sorted(names) != [1, 2, 3]:  # unset in many files: then the usual order
        return (0, 1, 2)
    return (names.index(3), names.index(2), names.index(1))


def _spacing(header: np.void, axes: tuple[int, int, int]) -> Vector | None:
    cell = [float(header["cella"][name]) for name in "zyx"]
    intervals = [int(header[name]) for name in ("mz", "my", "mx")]
    if min(intervals) < 1:
        return None
    spacing = [side / n for side, n in zip(cell, intervals, strict=True)]
    sections = int(header["nz"])
    if axes == (0, 1, 2) and intervals[0] == 1 and sections > 1:
        # An image stack has one interval in z, but some programs give the cell of the whole volume
        # with it. Of both readings take the one that fits x and y.
        fits = [z for z in (cell[0], cell[0] / sections) if 0.5 <= z / (spacing[2] or 1.0) <= 2]
        spacing[0] = fits[0] if fits else 0.0
    # float32 in the file carries seven digits; more would show 13.1 as 13.100000023.
    return plausible_spacing([float(f"{value:.7g}") for value in spacing])


def _origin(header: np.void, imod_flags: int | None) -> Vector:
    """Return the position of the first voxel in Å.

    IMOD's own sign is the opposite (where the world's zero lies in the volume) unless a flag or the
    format's version says otherwise. Before the year 2000 other things stood in these bytes.
    """
    z, y, x = (float(header["origin"][name]) for name in "zyx")
    if bytes(header["map"])[:3] != b"MAP" or not all(map(math.isfinite, (z, y, x))):
        return (0.0, 0.0, 0.0)
    standard = int(header["nversion"]) >= _STANDARD_VERSION
    if imod_flags is not None and not imod_flags & _IMOD_MRC_ORIGIN and not standard:
        z, y, x = (0.0 - value for value in (z, y, x))
    return (z, y, x)
