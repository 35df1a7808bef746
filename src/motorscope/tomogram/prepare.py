"""The one way from a tomogram to the input of a network."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import TomogramError
from motorscope.tomogram.grid import Shape, Vector, VoxelGrid
from motorscope.tomogram.intensity import intensity_range, scaled
from motorscope.tomogram.recipe import InputRecipe
from motorscope.tomogram.resample import (
    Weights,
    linear_weights,
    resample_plane,
    used_inputs,
)
from motorscope.tomogram.volume import Tomogram, read_block

LARGER = 1.05
"""How many times larger the voxels of a level may be than those that are made from it."""

_PLANES_AT_ONCE = 16
"""Output planes per slab: what is read of a lazy array at once, and how often progress is told."""


def level_for(tomogram: Tomogram, recipe: InputRecipe) -> Tomogram:
    """Return the level of a pyramid from which to make the input of a network, as a tomogram.

    It is the coarsest whose voxels are not larger than the input's (`LARGER`), so that less is read
    and nothing is lost; the finest one of a tomogram without a pyramid.

    Raises
    ------
    SpacingError
        If the recipe asks for a spacing and that of the tomogram is unknown.
    """
    if not tomogram.levels:
        return tomogram
    ratio = _ratio(tomogram.grid, recipe)
    fitting = [
        number
        for number, level in enumerate(tomogram.levels, start=1)
        if all(f <= r * LARGER for f, r in zip(level.factors, ratio, strict=True))
    ]
    return tomogram.at(max(fitting, default=0))


def prepared_grid(grid: VoxelGrid, recipe: InputRecipe) -> VoxelGrid:
    """Return the grid of the network's input that `prepare` makes from a tomogram on `grid`.

    The outer faces of the first voxels coincide, so the centre of the first voxel, the origin,
    moves by half the difference of the spacings. A fixed grid needs no spacing; if it is unknown it
    stays so.

    Raises
    ------
    SpacingError
        If the recipe asks for a spacing and that of the tomogram is unknown.
    """
    ratio = _ratio(grid, recipe)
    if recipe.shape is not None:
        shape = recipe.shape
    else:
        # Half up; the built-in round would go to the even neighbour.
        sides = [max(1, math.floor(n / r + 0.5)) for n, r in zip(grid.shape, ratio, strict=True)]
        shape = (sides[0], sides[1], sides[2])
    if grid.spacing is None:
        return VoxelGrid(shape, None, grid.origin)
    spacing = [s * r for s, r in zip(grid.spacing, ratio, strict=True)]
    if recipe.spacing is not None:
        spacing = [recipe.spacing] * 3  # exactly, not but for rounding
    first = grid.to_world([(r - 1) / 2 for r in ratio])
    return VoxelGrid(
        shape,
        (float(spacing[0]), float(spacing[1]), float(spacing[2])),
        (float(first[0]), float(first[1]), float(first[2])),
    )


def prepare(
    tomogram: Tomogram,
    recipe: InputRecipe,
    start: Shape = (0, 0, 0),
    shape: Shape | None = None,
    intensity: tuple[float, float] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Make the input of a network, or a part of it, from a tomogram.

    Grey values are clipped and scaled first, then resampled linearly, so that something very dark
    or bright (gold) does not smear. The work goes in slabs along z and reads only what it needs, so
    beside the result only a few planes are held in memory. A part is bit for bit that part of the
    whole.

    Parameters
    ----------
    start, shape
        First voxel and size (z, y, x) of the part on `prepared_grid`; by default everything from
        `start` on.
    intensity
        Grey values mapped onto the ends of the recipe's output range; by default `intensity_range`.
    progress
        Called with the number of planes done and their total after every slab; may raise to cancel.

    Returns
    -------
    ndarray
        float32 ``(z, y, x)``, values in the recipe's output range; its middle where the tomogram is
        not finite.

    Raises
    ------
    SpacingError
        If the recipe asks for a spacing and that of the tomogram is unknown.
    TomogramError
        If all voxels have the same value, or the result does not fit into memory.
    ValueError
        If the part does not lie within the grid, or the two of `intensity` are the same.
    """
    whole = prepared_grid(tomogram.grid, recipe).shape
    part = shape or (whole[0] - start[0], whole[1] - start[1], whole[2] - start[2])
    if any(s < 0 or n < 1 or s + n > w for s, n, w in zip(start, part, whole, strict=True)):
        raise ValueError(f"a part of {part} voxels at {start} is not within {whole}")
    if intensity is None:
        intensity = intensity_range(tomogram, recipe)
    if intensity[0] == intensity[1]:
        raise ValueError(f"intensity must be two values, not {intensity}")
    try:
        result = np.empty(part, np.float32)
    except (MemoryError, ValueError) as error:  # ValueError: more bytes than can be addressed
        raise TomogramError(
            f"{tomogram.path or tomogram.name} becomes {part[0]} × {part[1]} × {part[2]} voxels "
            "for the network, "
            "which do not fit into memory; check its voxel spacing, or choose a region."
        ) from error
    z, y, x = (
        linear_weights(n, r, s, s + p, recipe.antialias)
        for n, r, s, p in zip(
            tomogram.grid.shape, _ratio(tomogram.grid, recipe), start, part, strict=True
        )
    )
    for first in range(0, part[0], _PLANES_AT_ONCE):
        last = min(first + _PLANES_AT_ONCE, part[0])
        _fill_slab(result[first:last], tomogram.data, (z[first:last], y, x), intensity, recipe)
        if progress is not None:
            progress(last, part[0])
    return result


def _fill_slab(
    out: NDArray[np.float32],
    data: Any,
    weights: tuple[Weights, Weights, Weights],
    intensity: tuple[float, float],
    recipe: InputRecipe,
) -> None:
    z, rows, columns = weights
    used = (used_inputs(z), used_inputs(rows), used_inputs(columns))
    block = read_block(data, used)
    rows, columns = rows[:, used[1]], columns[:, used[2]]
    scaled_planes: dict[int, NDArray[np.float32]] = {}
    for index, plane in enumerate(out):
        taps = slice(z.indptr[index], z.indptr[index + 1])
        inputs = [int(i) - used[0].start for i in z.indices[taps]]
        # Only the planes that this one shares with the one before are kept.
        scaled_planes = {
            i: scaled_planes[i]
            if i in scaled_planes
            else scaled(block[i], intensity, recipe.output_range)
            for i in inputs
        }
        mixed = np.zeros(block.shape[1:], np.float32)
        for i, weight in zip(inputs, z.data[taps], strict=True):
            mixed += scaled_planes[i] * weight
        # Rounding may step over the ends by a hair.
        np.clip(resample_plane(mixed, rows, columns), *recipe.output_range, out=plane)


def _ratio(grid: VoxelGrid, recipe: InputRecipe) -> Vector:
    """Return output spacing / input spacing per axis."""
    if recipe.shape is not None:
        ratio = [n / m for n, m in zip(grid.shape, recipe.shape, strict=True)]
    else:
        assert recipe.spacing is not None  # the recipe sees to it
        ratio = [recipe.spacing / s for s in grid.known_spacing()]
    return (ratio[0], ratio[1], ratio[2])
