"""Mirror images where they matter: which parts of a volume to look at again, and which not.

Averaging over mirror images makes scores mean more, at four times the work. Where the network sees
nothing in the volume itself it sees nothing in the average either, so only the surroundings of what
it sees are looked at again, in mirror images.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from motorscope.contract import Calibration
from motorscope.detection.tiling.plan import Window
from motorscope.detection.tiling.stitch import Slices
from motorscope.picks.maxima.candidates import FLOOR
from motorscope.tomogram.grid import Shape

Axes = tuple[int, ...]
Mask = NDArray[np.bool_]

PLAIN: tuple[Axes, ...] = ((),)
"""The volume itself."""

MIRRORED: tuple[Axes, ...] = ((2,), (3,), (4,))
"""Its mirror images along z, y and x."""

MARGIN = 2.0
"""How far below `FLOOR`, in calibrated log-odds, the first look must be to settle it.

The built-in model needed 0.70 at most for the 81 candidates of 16 simulated tomograms, four of
them another program's, that no training saw; measured with ``benchmarks/flips_margin.py``, which
does so for any model.
"""

_REACH = 2  # heatmap voxels by which the mirror images may move a maximum, and its shape


@dataclass(frozen=True)
class Box:
    """Blocks of as many voxels as the alignment from `start` to before `stop` (z, y, x)."""

    start: Shape
    stop: Shape


def lowest_logit(calibration: Calibration, margin: float = MARGIN) -> float:
    """Return the raw logit below which mirror images cannot make a candidate."""
    odds = math.log(FLOOR / (1 - FLOOR)) - margin
    return (odds + calibration.shift) / calibration.scale


def doubtful_blocks(
    logits: NDArray[np.float32], kept: Slices, lowest: float, stride: int, alignment: int
) -> Mask:
    """Return which blocks of `alignment` voxels hold something, or are near to it.

    Parameters
    ----------
    logits
        Output of the whole padded volume, sides multiples of ``alignment / stride``.
    kept
        The part of it that makes candidates; what lies around it is context.
    lowest
        See `lowest_logit`.
    stride
        The network's output stride.
    alignment
        See `Encoder.alignment`.
    """
    high = np.zeros(logits.shape, dtype=bool)
    high[kept] = logits[kept] >= lowest
    near: Mask = ndimage.maximum_filter(high, 2 * _REACH + 1, mode="nearest")
    each = alignment // stride
    z, y, x = (side // each for side in near.shape)
    return np.asarray(near.reshape(z, each, y, each, x, each).any(axis=(1, 3, 5)))


def crops(
    doubtful: Mask, context: Shape, largest: Shape, max_voxels: int, alignment: int
) -> list[Window]:
    """Cover the doubtful blocks with few windows, each with its context around it.

    A box round all of them is cut in two, and its halves again, wherever that leaves fewer voxels
    to compute.

    Parameters
    ----------
    doubtful
        See `doubtful_blocks`.
    context, largest, max_voxels, alignment
        As in `plan_windows`.
    """
    whole: Shape = (doubtful.shape[0], doubtful.shape[1], doubtful.shape[2])

    def voxels(blocks: list[int]) -> Shape:
        return _triple([n * alignment for n in blocks])

    def grown(box: Box) -> Window:
        blocks = [-(-c // alignment) for c in context]
        starts = [max(a - c, 0) for a, c in zip(box.start, blocks, strict=True)]
        stops = [min(b + c, n) for b, c, n in zip(box.stop, blocks, whole, strict=True)]
        return Window(
            start=voxels(starts),
            shape=voxels([b - a for a, b in zip(starts, stops, strict=True)]),
            margin_low=voxels([a - s for a, s in zip(box.start, starts, strict=True)]),
            margin_high=voxels([s - b for b, s in zip(box.stop, stops, strict=True)]),
        )

    def cost(box: Box | None) -> int:
        return 0 if box is None else math.prod(grown(box).shape)

    def fits(box: Box) -> bool:
        window = grown(box)
        sides = zip(window.shape, largest, strict=True)
        return math.prod(window.shape) <= max_voxels and all(n <= most for n, most in sides)

    def cover(box: Box | None) -> list[Window]:
        if box is None:
            return []
        halves = _cuts(box)
        if not halves:  # a single block
            return [grown(box)]
        tight = [(_shrunk(doubtful, a), _shrunk(doubtful, b)) for a, b in halves]
        low, high = min(tight, key=lambda pair: cost(pair[0]) + cost(pair[1]))
        if fits(box) and cost(low) + cost(high) >= cost(box):
            return [grown(box)]
        return cover(low) + cover(high)

    return cover(_shrunk(doubtful, Box((0, 0, 0), whole)))


def second_look(
    doubtful: Mask,
    windows: list[Window],
    context: Shape,
    largest: Shape,
    max_voxels: int,
    alignment: int,
    anywhere: bool,
) -> list[Window]:
    """Return the windows of the second look: crops, or whole windows where they cost less.

    Parameters
    ----------
    doubtful
        Blocks that are still to be looked at; see `doubtful_blocks` and `settle`.
    windows
        A plan for the whole volume.
    context, largest, max_voxels, alignment
        As in `plan_windows`.
    anywhere
        Whether the network gives the same in a window of any size and at any place.
    """
    touched = [window for window in windows if doubtful[_blocks(window, alignment)].any()]
    if not anywhere or not touched:
        return touched
    small = crops(doubtful, context, largest, max_voxels, alignment)
    fitting = all(math.prod(window.shape) <= max_voxels for window in small)
    cheaper = _voxels_of(small) < _voxels_of(touched)
    return small if fitting and cheaper else touched


def settle(doubtful: Mask, window: Window, alignment: int) -> None:
    """Mark the blocks that a window is wholly trusted for as done, in place."""
    z, y, x = (slice(-(-p.start // alignment), p.stop // alignment) for p in window.trusted)
    doubtful[z, y, x] = False


def _blocks(window: Window, alignment: int) -> tuple[slice, slice, slice]:
    """Return the blocks that a window is trusted for, if only for a part of them."""
    z, y, x = (slice(p.start // alignment, -(-p.stop // alignment)) for p in window.trusted)
    return z, y, x


def _voxels_of(windows: list[Window]) -> int:
    return sum(math.prod(window.shape) for window in windows)


def _cuts(box: Box) -> list[tuple[Box, Box]]:
    halves = []
    for axis in range(3):
        for at in range(box.start[axis] + 1, box.stop[axis]):
            stop, start = list(box.stop), list(box.start)
            stop[axis] = start[axis] = at
            halves.append(
                (Box(box.start, _triple(stop)), Box(_triple(start), box.stop)),
            )
    return halves


def _shrunk(doubtful: Mask, box: Box) -> Box | None:
    """Return the box round the doubtful blocks in a box, if there are any."""
    z, y, x = (slice(a, b) for a, b in zip(box.start, box.stop, strict=True))
    part = doubtful[z, y, x]
    starts, stops = [], []
    for axis, first in enumerate(box.start):
        others = tuple(a for a in range(3) if a != axis)
        held = np.flatnonzero(part.any(axis=others))
        if not held.size:
            return None
        starts.append(first + int(held[0]))
        stops.append(first + int(held[-1]) + 1)
    return Box(_triple(starts), _triple(stops))


def _triple(values: list[int]) -> Shape:
    return (values[0], values[1], values[2])
