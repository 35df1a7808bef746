"""Which part of the prepared tomogram a run looks at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.contract import FeatureSpec, Region
from motorscope.detection.tiling.plan import round_up
from motorscope.detection.tiling.stitch import Slices
from motorscope.errors import TomogramError
from motorscope.tomogram.grid import Shape, VoxelGrid


@dataclass(frozen=True)
class Part:
    """A box of the prepared grid; every triple is in the order z, y, x.

    Attributes
    ----------
    start, shape
        First voxel and number of voxels that the network sees, context included.
    output
        Where the heatmap lies in the network's output for these voxels.
    heatmap
        The heatmap's grid.
    """

    start: Shape
    shape: Shape
    output: Slices
    heatmap: VoxelGrid


def choose_part(
    prepared: VoxelGrid,
    region: Region | None,
    context: Shape,
    output: FeatureSpec,
    alignment: int,
) -> Part:
    """Return the part of the prepared grid that is needed for a region.

    The region grows outward to multiples of the alignment, so that the network samples it on the
    same phase as the whole volume, and the network also sees `context` voxels around it, where the
    tomogram goes on.

    Parameters
    ----------
    prepared
        Grid of the network's input for the whole tomogram.
    region
        Two corners in Å, in any order, or ``None`` for everything.
    context
        Voxels that the network needs around what it is trusted for.
    output
        Geometry of the heatmap.
    alignment
        See `Encoder.alignment`.

    Raises
    ------
    TomogramError
        If the region does not meet the tomogram.
    """
    starts, stops = [0, 0, 0], list(prepared.shape)
    if region is not None:
        corners = prepared.to_voxels(np.asarray(region, dtype=float))
        low = np.floor(corners.min(axis=0) + 0.5)
        high = np.floor(corners.max(axis=0) + 0.5) + 1
        if not (np.isfinite(corners).all() and (high > 0).all() and (low < stops).all()):
            raise TomogramError(
                "The chosen region lies outside of the tomogram; move it over the tomogram or take "
                "the whole volume."
            )
        starts = [max(int(v), 0) // alignment * alignment for v in low]
        stops = [
            min(round_up(int(v), alignment), n) for v, n in zip(high, prepared.shape, strict=True)
        ]
    around = [round_up(side, alignment) for side in context]
    seen_starts = [max(a - c, 0) for a, c in zip(starts, around, strict=True)]
    seen_stops = [min(b + c, n) for b, c, n in zip(stops, around, prepared.shape, strict=True)]
    first = [(a - s) // output.stride for a, s in zip(starts, seen_starts, strict=True)]
    sides = [-(-(b - a) // output.stride) for a, b in zip(starts, stops, strict=True)]
    seen = _triple(seen_starts)
    shape = _triple([b - a for a, b in zip(starts, stops, strict=True)])
    z, y, x = (slice(f, f + n) for f, n in zip(first, sides, strict=True))
    return Part(
        start=seen,
        shape=_triple([b - a for a, b in zip(seen_starts, seen_stops, strict=True)]),
        output=(z, y, x),
        heatmap=prepared.cropped(_triple(starts), shape).strided(
            output.stride, output.offset, _triple(sides)
        ),
    )


def mirrored(start: int, stop: int, side: int) -> NDArray[np.intp]:
    """Return indices into an axis that repeats a, b, c as a, b, c, c, b, a, a, b, c and so on."""
    places = np.arange(start, stop, dtype=np.intp) % (2 * side)
    return np.minimum(places, 2 * side - 1 - places)


def _triple(values: list[int]) -> Shape:
    return (values[0], values[1], values[2])
