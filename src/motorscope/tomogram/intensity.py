"""Grey values: which range of a tomogram counts, and how it is mapped onto a network's."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import TomogramError
from motorscope.tomogram.contrast import density_shade
from motorscope.tomogram.recipe import InputRecipe
from motorscope.tomogram.volume import Tomogram, read_block

_SAMPLE_VOXELS = 2_000_000
_PLANES_AT_ONCE = 16


def intensity_range(tomogram: Tomogram, recipe: InputRecipe) -> tuple[float, float]:
    """Return the grey values (low, high) that become the ends of the recipe's output range.

    These are the recipe's percentiles, taken from about two million voxels on a regular lattice
    over the whole tomogram; values that are not finite do not count. Where `recipe.rescale_8bit` is
    off, 8-bit tomograms have the whole range of their type. If both percentiles fall together (a
    volume that is nearly all padding), the extremes are taken.

    They fall (the higher value comes first, and becomes the lower end) where the recipe says how
    dense things should look and they look the other way, as the tomogram says or
    `motorscope.tomogram.contrast.density_shade` finds.

    Raises
    ------
    TomogramError
        If all finite voxels have the same value, or none is finite, or they are not real numbers.
    """
    low, high = _range(tomogram, recipe)
    if recipe.density is None:
        return low, high
    shade = tomogram.density or density_shade(tomogram)
    return (low, high) if shade in (None, recipe.density) else (high, low)


def _range(tomogram: Tomogram, recipe: InputRecipe) -> tuple[float, float]:
    where = tomogram.path or tomogram.name
    if tomogram.data.dtype.kind not in "iuf":
        raise TomogramError(
            f"{where} holds values of type {tomogram.data.dtype}; convert them to float32."
        )
    sample = _finite(_lattice(tomogram.data))
    if sample.size and sample.min() < sample.max():
        if not recipe.rescale_8bit and (limits := byte_limits(tomogram.data.dtype)):
            return limits
        low, high = (float(value) for value in np.percentile(sample, recipe.percentiles))
        if low < high:
            return low, high
        return float(sample.min()), float(sample.max())
    # A few bright voxels may lie between the lattice's points.
    extremes = [(part.min(), part.max()) for part in _parts(tomogram.data) if part.size]
    if not extremes:
        raise TomogramError(
            f"{where} holds no finite value, only NaN or infinity; reconstruct or export it again."
        )
    low, high = float(min(low for low, _ in extremes)), float(max(high for _, high in extremes))
    if low == high:
        raise TomogramError(
            f"In {where} all voxels have the same value ({low:g}), so there is nothing to find; "
            "export it again."
        )
    if not recipe.rescale_8bit and (limits := byte_limits(tomogram.data.dtype)):
        return limits
    return low, high


def byte_limits(dtype: np.dtype[Any]) -> tuple[float, float] | None:
    """Return the least and the greatest value of an 8-bit type, or ``None`` for any other type."""
    if dtype.itemsize != 1 or dtype.kind not in "iu":
        return None
    info = np.iinfo(dtype)
    return float(info.min), float(info.max)


def scaled(
    values: NDArray[Any], intensity: tuple[float, float], output_range: tuple[float, float]
) -> NDArray[np.float32]:
    """Map `intensity` onto `output_range` and clip; its middle stands for what is not finite.

    Where `intensity` falls, grey values are inverted.
    """
    low, high = intensity
    bottom, top = output_range
    # Where float32 cannot hold every value, the offset goes first, at full precision.
    wide = values.dtype.itemsize > (4 if values.dtype.kind == "f" else 2)
    result: NDArray[np.float32]
    with np.errstate(over="ignore", invalid="ignore"):
        if wide:
            result = np.subtract(values, low, dtype=np.float64).astype(np.float32)
        else:
            result = values.astype(np.float32)
            result -= np.float32(low)
        result *= np.float32((top - bottom) / (high - low))
        result += np.float32(bottom)
    np.clip(result, bottom, top, out=result)
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            result[~finite] = (bottom + top) / 2
    return result


def _lattice(data: Any) -> NDArray[Any]:
    """Return every n-th voxel along each axis; a lazy array is read in slabs."""
    shape = np.array(data.shape)
    step = max(1, int(np.ceil((shape.prod() / _SAMPLE_VOXELS) ** (1 / 3))))
    every, slab = slice(None, None, step), step * _PLANES_AT_ONCE
    return np.concatenate(
        [
            read_block(data, (slice(z, z + slab, step), every, every)).ravel()
            for z in range(0, int(shape[0]), slab)
        ]
    )


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind != "f":
        return values
    finite: NDArray[Any] = values[np.isfinite(values)]
    return finite.astype(np.float32) if values.dtype.itemsize == 2 else finite


def _parts(data: Any) -> Iterator[NDArray[Any]]:
    for z in range(0, data.shape[0], _PLANES_AT_ONCE):
        block = (slice(z, z + _PLANES_AT_ONCE), slice(None), slice(None))
        yield _finite(read_block(data, block))
