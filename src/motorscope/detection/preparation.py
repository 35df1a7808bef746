"""Making the network's input in steps that can be watched and cancelled."""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from motorscope.contract import CancelToken, Progress
from motorscope.detection.forward.watch import stop_if
from motorscope.detection.tiling.region import Part
from motorscope.tomogram import InputRecipe, Tomogram, intensity_range, prepare

SLAB = 32
"""Prepared sections per step: enough to be quick, few enough to show progress and to stop soon."""


def prepare_part(
    tomogram: Tomogram, recipe: InputRecipe, part: Part, cancel: CancelToken
) -> Generator[Progress, None, NDArray[np.float32]]:
    """Make a part of the network's input, float32 ``(z, y, x)``, slab by slab.

    Raises
    ------
    Cancelled
        If the token is set.
    TomogramError
        If the voxels cannot be read, or all have the same value.
    """

    def look(done: int, total: int) -> None:
        stop_if(cancel)

    stop_if(cancel)
    intensity = intensity_range(tomogram, recipe)
    volume = np.empty(part.shape, dtype=np.float32)
    depth, height, width = part.shape
    z, y, x = part.start
    total = -(-depth // SLAB)
    for step in range(total):
        stop_if(cancel)
        yield Progress("Preparing the tomogram", step, total)
        first = step * SLAB
        sections = min(SLAB, depth - first)
        volume[first : first + sections] = prepare(
            tomogram,
            recipe,
            start=(z + first, y, x),
            shape=(sections, height, width),
            intensity=intensity,
            progress=look,
        )
    yield Progress("Preparing the tomogram", total, total)
    return volume
