"""Bytes whose sign was mistaken: noticed by their histogram, mended by reading them the other way.

When signed bytes are labelled unsigned (or the other way round), grey values around the middle are
torn apart: half of them turn up at the lower end of the range, half at the upper end, with a hole
between. The histogram on a circle is whole. Two regions of a different grey can look alike, so a
second sign is asked for: in a torn volume neighbouring voxels jump from end to end all over,
because noise crosses the seam; between regions they jump at the borders only.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.tomogram.grid import Shape
from motorscope.tomogram.volume import read_block

_EDGE = 16
"""Grey levels at each end that are looked at, and breadth of a hole."""

_PLANES, _ROWS = 32, 16


def with_true_sign(data: NDArray[Any]) -> NDArray[Any]:
    """Return `data`, or a view of it with the other sign if it holds wrapped bytes."""
    if data.dtype.itemsize != 1 or data.dtype.kind not in "iu":
        return data
    if not looks_wrapped(_sample(data)):
        return data
    return data.view(np.uint8 if data.dtype.kind == "i" else np.int8)


def looks_wrapped(rows: NDArray[Any]) -> bool:
    """Tell whether bytes ``(n, x)``, whole rows of a volume, were read with the wrong sign."""
    if rows.dtype.kind == "i":  # the same order of levels from 0 upwards
        rows = rows.view(np.uint8) ^ np.uint8(128)
    counts = np.bincount(rows.ravel(), minlength=256) / rows.size
    bottom, top = counts[:_EDGE], counts[-_EDGE:]
    hole = np.median(counts[64:192].reshape(-1, _EDGE), axis=1).min()
    # Medians: saturated voxels, all at one level, are neither an end's mass nor do they fill a
    # hole.
    low, high = np.median(bottom[:4]), np.median(top[-4:])
    ends = min(low, high)
    if ends < max(3e-4, 10 / rows.size) or hole > 0.3 * ends:
        return False
    # Joined at the seam, the two ends must be one hill: no valley between them, no cliff.
    far = min(bottom[_EDGE // 2 :].mean(), top[: _EDGE // 2].mean())
    if ends < 0.7 * far or ends < 0.1 * max(low, high):
        return False
    jumps = np.abs(np.diff(rows.astype(np.int16), axis=-1)) > 128
    crossings = jumps.mean() / (2 * (rows < 128).mean() * (rows >= 128).mean())
    return bool(crossings > 0.1)


def _sample(data: NDArray[Any]) -> NDArray[Any]:
    """Return some whole rows from all over the volume, cheap to read from a memory map."""
    depth, height, _ = data.shape
    shape: Shape = (min(depth, _PLANES), min(height, _ROWS), data.shape[2])
    planes = np.linspace(0, depth - 1, shape[0]).round().astype(int)
    blocks = []
    for index, z in enumerate(planes):
        # Golden-ratio steps spread the rows evenly without following any structure.
        y = round((index * 0.618 % 1) * (height - shape[1]))
        blocks.append(read_block(data, (slice(z, z + 1), slice(y, y + shape[1]), slice(None)))[0])
    return np.concatenate(blocks)
