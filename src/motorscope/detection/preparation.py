"""Making the network's input, window by window, when it is asked for."""

import math
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from motorscope.contract import CancelToken, Notice, Progress
from motorscope.detection.forward.watch import stop_if
from motorscope.detection.tiling.plan import Window
from motorscope.detection.tiling.region import Part, mirrored
from motorscope.errors import TomogramError
from motorscope.tomogram import InputRecipe, Tomogram, intensity_range, prepare

SLAB = 16
"""Prepared sections per step: enough to be quick, few enough to stop soon and to take no memory."""

_THREADS = 4
"""At most so many prepare a window, since each takes memory."""

_MANY = 2**31
"""Voxels beyond which a tomogram is not blown up to a multiple of its own."""


@dataclass(frozen=True)
class PreparedPart:
    """A part of the network's input, of which only the windows at work are ever there.

    Attributes
    ----------
    tomogram, recipe, part
        Of what, how, and which part of it.
    intensity
        Grey values of the whole tomogram that become the ends of the network's range; see
        `motorscope.tomogram.intensity_range`.
    """

    tomogram: Tomogram
    recipe: InputRecipe
    part: Part
    intensity: tuple[float, float]

    def window(
        self, window: Window, stop_if_asked: Callable[[], None] = lambda: None
    ) -> NDArray[np.float32]:
        """Make a window, float32 ``(z, y, x)``, mirrored where it reaches beyond the far sides.

        Each window is bit for bit that part of the whole volume as `prepare` makes it.

        Parameters
        ----------
        window
            Its voxels are those of the part.
        stop_if_asked
            Called now and then, from any thread; may raise.

        Raises
        ------
        TomogramError
            If the voxels cannot be read.
        """
        z, y, x = (
            mirrored(start, stop, side)
            for start, stop, side in zip(window.start, window.stop, self.part.shape, strict=True)
        )
        block = np.empty(window.shape, np.float32)

        def fill(first: int) -> None:
            stop_if_asked()
            places = z[first : first + SLAB], y, x
            slab = self._box([slice(int(axis.min()), int(axis.max()) + 1) for axis in places])
            for axis, wanted in enumerate(places):
                if (np.diff(wanted) != 1).any():  # mirrored
                    slab = slab.take(wanted - wanted.min(), axis=axis)
            block[first : first + SLAB] = slab

        slabs = range(0, len(z), SLAB)
        if isinstance(self.tomogram.data, np.ndarray):
            threads = min(_THREADS, torch.get_num_threads())  # meanwhile the network waits
            with ThreadPoolExecutor(threads, "motorscope preparation") as pool:
                for _ in pool.map(fill, slabs):
                    pass
        else:  # not in memory nor mapped, and not sure to like several readers
            for first in slabs:
                fill(first)
        return block

    def _box(self, box: list[slice]) -> NDArray[np.float32]:
        z, y, x = (first + b.start for first, b in zip(self.part.start, box, strict=True))
        depth, height, width = (b.stop - b.start for b in box)
        shape = (depth, height, width)
        return prepare(self.tomogram, self.recipe, (z, y, x), shape, intensity=self.intensity)


def prepare_part(
    tomogram: Tomogram, recipe: InputRecipe, part: Part, cancel: CancelToken
) -> Generator[Progress | Notice, None, PreparedPart]:
    """Look at a tomogram's grey values, so that any window of a part of it can be made.

    Yields
    ------
    Progress or Notice
        A notice if the tomogram will be inverted though nobody said what dense things look like.

    Raises
    ------
    Cancelled
        If the token is set.
    TomogramError
        If the voxels cannot be read, or all have the same value, or the spacing cannot be right.
    """
    if math.prod(part.shape) > max(_MANY, 8 * math.prod(tomogram.grid.shape)):
        depth, height, width = part.shape
        raise TomogramError(
            f"{tomogram.path or tomogram.name} becomes {depth} × {height} × {width} voxels for the "
            "network, many times its own; check its voxel spacing, or choose a region."
        )
    stop_if(cancel)
    yield Progress("Reading grey values", 0, 1)
    stop_if(cancel)
    low, high = intensity_range(tomogram, recipe)
    stop_if(cancel)
    yield Progress("Reading grey values", 1, 1)
    if low > high and tomogram.density is None:
        yield Notice(
            f"In {tomogram.name}, membranes and other dense things seem to be {_other(recipe)}, so "
            f"it is inverted for the network. If they are {recipe.density}, choose so under "
            f"Density (--density {recipe.density})."
        )
    return PreparedPart(tomogram, recipe, part, (low, high))


def _other(recipe: InputRecipe) -> str:
    return "bright" if recipe.density == "dark" else "dark"
