"""What the encoder sees: the maps of one of its stages, in their place in the tomogram."""

import threading
from dataclasses import replace

import numpy as np

from motorscope.contract import (
    CancelToken,
    FeatureRequest,
    FeatureResult,
    FeatureSpec,
    Notice,
    Region,
    Run,
)
from motorscope.detection.forward.watch import Cancelled
from motorscope.detection.tiling.plan import ALIGNMENT
from motorscope.detection.tiling.region import Part
from motorscope.errors import ConfigError
from motorscope.inspection.reducers import Assemble, feeding
from motorscope.inspection.stage import StageRequest, stage_blocks
from motorscope.network.model import Model
from motorscope.tomogram import Tomogram, VoxelGrid, prepared_grid

_BYTES = 2  # of a float16


def encoder_maps(
    request: FeatureRequest[Tomogram, Model], cancel: CancelToken | None = None
) -> Run[FeatureResult]:
    """Compute the maps of one encoder stage, and nothing deeper: yield messages, then return them.

    Windows overlap by as much as the stage looks around itself, so that no seams show; where that
    is more than the model card's context, by the latter.

    Parameters
    ----------
    request
        What to do.
    cancel
        Looked at between the steps and between the encoder's layers.

    Yields
    ------
    Progress or Notice
        Progress after each step; a notice if the box was made smaller, and for each fallback.

    Raises
    ------
    ConfigError
        If there is no such stage.
    SpacingError
        If the tomogram's voxel spacing is unknown.
    TomogramError
        If the region lies outside of the tomogram or the voxels cannot be read.
    DeviceError
        If the device or precision is not to be had, or memory runs out even on the CPU.
    ModelError
        If the maps are not finite.
    """
    cancel = threading.Event() if cancel is None else cancel
    model = request.model
    if not 0 <= request.stage < len(model.features):
        raise ConfigError(
            f"The encoder's stages are 0 to {len(model.features) - 1}; there is no {request.stage}."
        )
    asked = StageRequest(
        tomogram=request.tomogram,
        model=model,
        stage=model.features[request.stage].name,
        region=request.region,
        settings=request.settings,
    )
    part, spec = asked.part, asked.spec
    smaller = _fitting_region(
        prepared_grid(asked.tomogram.grid, model.card.input), part, spec, request.memory_limit
    )
    if smaller is not None:
        asked = replace(asked, region=smaller)
        part = asked.part
        yield Notice(_says_smaller(spec, part.heatmap))
    maps = Assemble()
    try:
        yield from feeding(stage_blocks(asked, cancel), [maps])
    except Cancelled:
        return None
    return FeatureResult(
        generation=request.generation,
        maps=maps.result(),
        grid=part.heatmap,
        spec=spec,
        covers_all=part.heatmap.shape == replace(asked, region=None).grid.shape,
    )


def _fitting_region(
    prepared: VoxelGrid, part: Part, spec: FeatureSpec, memory_limit: int
) -> Region | None:
    """Return a box in the middle of a part's maps that fits the limit, or ``None`` if all does."""
    per_block = spec.channels * (ALIGNMENT // spec.stride) ** 3 * _BYTES
    most = max(memory_limit // per_block, 1)
    sides = np.array(part.heatmap.shape)
    if spec.channels * int(sides.prod()) * _BYTES <= memory_limit:
        return None
    blocks = -(-sides * spec.stride // ALIGNMENT)
    all_blocks = blocks.copy()
    while blocks.prod() > most:
        blocks[blocks.argmax()] -= 1
    first = np.array(
        [s + o.start * spec.stride for s, o in zip(part.start, part.output, strict=True)]
    )
    low = first + (all_blocks - blocks) // 2 * ALIGNMENT
    high = np.minimum(low + blocks * ALIGNMENT, prepared.shape) - 1
    corners = prepared.to_world([low, high])
    (a, b, c), (d, e, f) = corners.tolist()
    return (a, b, c), (d, e, f)


def _says_smaller(spec: FeatureSpec, grid: VoxelGrid) -> str:
    sides = [n * s / 10 for n, s in zip(grid.shape, grid.known_spacing(), strict=True)]
    size = " × ".join(f"{side:.0f}" for side in sides)
    return (
        f"The {spec.channels} maps of {spec.name} do not all fit into memory; they are computed "
        f"for the middle {size} nm (z, y, x)."
    )
