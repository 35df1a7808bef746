"""The crop around a point from which the network's answer there is explained."""

import numpy as np

from motorscope.contract.attribution import Crop
from motorscope.detection.tiling.plan import padded_shape, round_up
from motorscope.errors import TomogramError
from motorscope.network.model import Model
from motorscope.tomogram import Shape, Tomogram, Vector, prepare, prepared_grid


def cut_crop(
    tomogram: Tomogram,
    model: Model,
    at: Vector,
    intensity: tuple[float, float] | None = None,
) -> Crop:
    """Prepare the crop around a point.

    It reaches as far to each side as the model's card says that the network looks (its context), to
    the nearest multiple of the network's alignment, so that the network samples it on the same
    phase as the whole tomogram. At the tomogram's ends it is moved inward.

    Parameters
    ----------
    at
        The point (z, y, x) in Å.
    intensity
        Grey values as `motorscope.tomogram.intensity_range` returns them, if they are known: they
        are those of the whole tomogram, and reading them takes longer than the rest.

    Raises
    ------
    SpacingError
        If the tomogram's voxel spacing is unknown.
    TomogramError
        If the point lies outside of the tomogram, or the voxels cannot be read.
    """
    _check_inside(tomogram, at)
    recipe, output = model.card.input, model.output
    whole = prepared_grid(tomogram.grid, recipe)
    alignment = model.network.alignment
    padded = padded_shape(whole.shape, alignment)
    starts, sides, targets = [], [], []
    for voxel, context, most in zip(whole.to_voxels(at), model.card.context, padded, strict=True):
        length = min(2 * max(round_up(context, alignment), alignment), most)
        first = round((float(voxel) + 0.5 - length / 2) / alignment) * alignment
        first = min(max(first, 0), most - length)
        target = round((float(voxel) - first - output.offset) / output.stride)
        starts.append(first)
        sides.append(length)
        targets.append(min(max(target, 0), length // output.stride - 1))
    start, side = _triple(starts), _triple(sides)
    inside = _triple([min(n, w - s) for n, w, s in zip(sides, whole.shape, starts, strict=True)])
    values = prepare(tomogram, recipe, start=start, shape=inside, intensity=intensity)
    beyond = [(0, n - i) for n, i in zip(sides, inside, strict=True)]
    return Crop(
        values=np.pad(values, beyond, mode="symmetric"),
        grid=whole.cropped(start, side),
        inside=inside,
        output=output,
        target=_triple(targets),
    )


def _check_inside(tomogram: Tomogram, at: Vector) -> None:
    grid = tomogram.grid
    voxel = grid.to_voxels(at)
    last = np.array(grid.shape) - 0.5
    if np.isfinite(voxel).all() and (voxel >= -0.5).all() and (voxel <= last).all():
        return
    low, high = grid.to_world((0, 0, 0)), grid.to_world(np.array(grid.shape) - 1)
    ranges = ", ".join(
        f"{axis} from {a:.0f} to {b:.0f}" for axis, a, b in zip("zyx", low, high, strict=True)
    )
    point = " ".join(f"{value:g}" for value in at)
    raise TomogramError(
        f"The point {point} lies outside of {tomogram.path or tomogram.name}, which reaches in Å "
        f"along {ranges}; give z, y and x in Å in the tomogram's own coordinates."
    )


def _triple(values: list[int]) -> Shape:
    return (values[0], values[1], values[2])
