"""What the encoder sees: the maps of one of its stages, in their place in the tomogram."""

import threading
from collections.abc import Generator
from contextlib import closing

import numpy as np
import torch
from numpy.typing import NDArray

from motorscope.contract import (
    CancelToken,
    FeatureRequest,
    FeatureResult,
    FeatureSpec,
    Notice,
    Progress,
    Region,
    Run,
)
from motorscope.detection.plan import ALIGNMENT, Window, plan_windows
from motorscope.detection.predictor import SMALLEST, as_input, count_layers, on_device
from motorscope.detection.preparation import Cancelled, prepare_part
from motorscope.detection.region import Part, choose_part
from motorscope.detection.setup import Setup, choose_setup
from motorscope.detection.stitch import Slices
from motorscope.detection.watch import Watch
from motorscope.detection.windows import Computed, over_windows
from motorscope.errors import ConfigError
from motorscope.network import fuse_for_inference
from motorscope.network.model import Model
from motorscope.tomogram import (
    Shape,
    Tomogram,
    VoxelGrid,
    prepared_grid,
)

Maps = NDArray[np.float16]

_BYTES = 2  # of a float16
_LARGEST = float(np.finfo(np.float16).max)


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
    spec = model.features[request.stage]
    context = _context(model, request.stage)
    setup = choose_setup(
        request.settings.device, request.settings.precision, model.card.architecture
    )
    prepared = prepared_grid(request.tomogram.grid, model.card.input)
    part = choose_part(prepared, request.region, context, spec)
    smaller = _fitting_region(prepared, part, spec, request.memory_limit)
    if smaller is not None:
        part = choose_part(prepared, smaller, context, spec)
        yield Notice(_says_smaller(spec, part.heatmap))
    try:
        volume = yield from prepare_part(request.tomogram, model.card.input, part, cancel)
        maps = yield from _compute(request, part, volume, context, setup, cancel)
    except Cancelled:
        return None
    return FeatureResult(
        generation=request.generation,
        maps=maps,
        grid=part.heatmap,
        spec=spec,
        covers_all=part.heatmap.shape == choose_part(prepared, None, context, spec).heatmap.shape,
    )


def _context(model: Model, stage: int) -> Shape:
    radius = _up(model.network.encoder.receptive_radius(stage + 1))
    z, y, x = (min(radius, _up(side)) for side in model.card.context)
    return z, y, x


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


def _compute(
    request: FeatureRequest[Tomogram, Model],
    part: Part,
    volume: NDArray[np.float32],
    context: Shape,
    setup: Setup,
    cancel: CancelToken,
) -> Generator[Progress | Notice, None, Maps]:
    """Run the encoder over all windows; after a fallback, from the first one again."""
    card = request.model.card
    spec = request.model.features[request.stage]
    maps = np.zeros((spec.channels, *part.heatmap.shape), dtype=np.float16)
    watch = Watch(cancel)

    def plan(setup: Setup) -> list[Window]:
        windows = plan_windows(part.shape, card.window, context, setup.max_voxels, spec.stride)
        return [window for window in windows if _place(part, window, spec.stride) is not None]

    def build(setup: Setup) -> _Encoder:
        return _Encoder(request.model, request.stage, setup, watch)

    steps = over_windows(
        "Computing feature maps", volume, setup, card.architecture, plan, build, watch
    )
    with closing(steps):
        for step in steps:
            if not isinstance(step, Computed):
                yield step
            elif (place := _place(part, step.window, spec.stride)) is not None:
                source, target = place
                maps[:, *target] = step.values[:, *source]
    return maps


class _Encoder:
    """A private copy of the encoder on a device, ready for windows."""

    def __init__(self, model: Model, stage: int, setup: Setup, watch: Watch) -> None:
        self._setup = setup
        self._stage = stage
        self._encoder = on_device(
            fuse_for_inference(model.network.encoder), setup.device, setup.dtype, watch
        )
        example = as_input(SMALLEST, self._encoder.in_channels, setup.device, setup.dtype)
        watch.per_window = count_layers(self._features, example, watch)

    def __call__(self, block: NDArray[np.float32]) -> Maps:
        """Return the stage's maps ``(c, z/s, y/s, x/s)`` of a block ``(z, y, x)``."""
        with torch.inference_mode():
            channels = self._encoder.in_channels
            x = as_input(block, channels, self._setup.device, self._setup.dtype)
            y = self._features(x)[0]
            # Large values are cut off where float16 ends; infinite ones are left to be noticed.
            y = torch.where(torch.isfinite(y), y.clamp(-_LARGEST, _LARGEST), y)
            return np.asarray(y.half().cpu().contiguous().numpy())

    def _features(self, x: torch.Tensor) -> torch.Tensor:
        return self._encoder.forward_features(x, stages=self._stage + 1)[-1]


def _place(part: Part, window: Window, stride: int) -> tuple[Slices, Slices] | None:
    """Return what to take of a window's maps and where to put it, or ``None`` for nothing.

    A map's voxel *i* is centred on input voxel ``stride * i``; the window takes it that trusts it.
    """
    source, target = [], []
    for start, trusted, kept in zip(window.start, window.trusted, part.output, strict=True):
        first = max(-(-trusted.start // stride), kept.start)
        last = min(-(-trusted.stop // stride), kept.stop)
        if first >= last:
            return None
        source.append(slice(first - start // stride, last - start // stride))
        target.append(slice(first - kept.start, last - kept.start))
    return (source[0], source[1], source[2]), (target[0], target[1], target[2])


def _up(voxels: int) -> int:
    return -(-voxels // ALIGNMENT) * ALIGNMENT
