"""Reading folders of numbered slices (``slice_0000.jpg``, ``slice_0001.jpg``, …)."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from motorscope.errors import TomogramError
from motorscope.tomogram.formats.base import TomogramFormat, of_bytes
from motorscope.tomogram.formats.tiff import TIFF_SUFFIXES, holds_volume
from motorscope.tomogram.grid import VoxelGrid

SLICE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>\d+)(?P<suffix>\.\w+)")


def slice_number(name: str) -> int | None:
    """Return the number in the name of a slice, or ``None`` if it is not called like one."""
    match = _NUMBERED.fullmatch(name)
    if match is None or name.startswith(".") or match["suffix"].lower() not in SLICE_SUFFIXES:
        return None
    return int(match["number"])


def is_slice(path: Path) -> bool:
    """Tell by a quick look whether a file is a numbered slice: an image, not a stack of them."""
    if slice_number(path.name) is None:
        return False
    return path.suffix.lower() not in TIFF_SUFFIXES or not holds_volume(path)


def read_slices(folder: Path) -> tuple[NDArray[np.uint8], VoxelGrid]:
    """Read a folder of numbered 8-bit grey images of one size as a volume.

    In the order of their numbers, which begin at 0 or 1 and leave none out: the z of every position
    depends on it. Other files are ignored.

    Raises
    ------
    TomogramError
        If there are no slices, some are missing, or they do not fit together.
    OSError
        If the folder cannot be read.
    """
    paths = _ordered_slices(folder)
    first = _read_slice(paths[0])
    volume = np.empty((len(paths), *first.shape), np.uint8)

    def read(index: int) -> None:
        pixels = _read_slice(paths[index])
        if pixels.shape != first.shape:
            raise TomogramError(
                f"{paths[index]} is {pixels.shape[1]} × {pixels.shape[0]} pixels, but the first "
                "slice "
                f"{first.shape[1]} × {first.shape[0]}; all slices must have one size."
            )
        volume[index] = pixels

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for _ in pool.map(read, range(len(paths))):
            pass
    return volume, VoxelGrid(volume.shape, spacing=None)


def _ordered_slices(folder: Path) -> list[Path]:
    found: dict[int, Path] = {}
    kinds = set()
    for path in sorted(folder.iterdir()):
        number = slice_number(path.name)
        if number is None or not path.is_file():
            continue
        if number in found:
            raise TomogramError(
                f"{folder} holds slice {number} twice ({found[number].name}, {path.name}); "
                "keep the slices of one tomogram in a folder of their own."
            )
        found[number] = path
        match = _NUMBERED.fullmatch(path.name)
        assert match is not None
        kinds.add((match["prefix"], match["suffix"].lower()))
    if not found:
        raise TomogramError(
            f"{folder} holds no numbered slices (such as slice_0000.jpg); "
            "open a tomogram file, or the folder that holds the slices themselves."
        )
    if len(kinds) > 1:
        names = ", ".join(sorted(f"{prefix}*{suffix}" for prefix, suffix in kinds))
        raise TomogramError(
            f"{folder} holds slices of different names ({names}); "
            "keep the slices of one tomogram in a folder of their own."
        )
    first, last = min(min(found), 1), max(found)
    missing = last + 1 - first - len(found)
    if missing:
        gaps = (number for number in range(first, last + 1) if number not in found)
        shown = ", ".join(map(str, islice(gaps, 10))) + (" …" if missing > 10 else "")
        raise TomogramError(
            f"{folder} lacks {missing} of the slices {first} to {last}: {shown}; copy the folder "
            "again."
        )
    return [found[number] for number in sorted(found)]


def _read_slice(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            pages = getattr(image, "n_frames", 1)
            if pages > 1:
                raise TomogramError(
                    f"{path} is a stack of {pages} images, not a slice; open it by itself."
                )
            if image.mode in ("RGB", "RGBA", "P", "CMYK", "YCbCr"):
                raise TomogramError(f"{path} is a colour image; convert the slices to 8-bit grey.")
            if image.mode != "L":
                raise TomogramError(
                    f"{path} is no 8-bit grey image (mode {image.mode}); convert the slices to "
                    "8-bit grey, "
                    "or save the volume as MRC or TIFF."
                )
            return np.asarray(image)
    except (TomogramError, PermissionError):
        raise
    except Exception as error:  # a damaged image makes Pillow stumble in any way
        raise TomogramError(
            f"{path} cannot be read as an image ({error}); copy it again."
        ) from error


SLICES = TomogramFormat(
    name="slices",
    title="folders of numbered slices",
    hint="a folder of numbered slices",
    suffixes=(),
    read=of_bytes(read_slices),
    is_folder=True,
    recognises=lambda folder: any(is_slice(entry) for entry in folder.iterdir()),
)
