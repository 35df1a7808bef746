"""One stage of a network over a tomogram, as a stream of blocks that never holds all of it."""

import math
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from motorscope.contract import (
    CancelToken,
    FeatureSpec,
    Notice,
    Progress,
    Region,
    RunSettings,
)
from motorscope.detection.forward.predictor import as_input, count_layers, on_device, smallest
from motorscope.detection.forward.watch import Watch
from motorscope.detection.hardware.setup import Setup, choose_setup
from motorscope.detection.preparation import prepare_part
from motorscope.detection.tiling.plan import Window, plan_windows, round_up
from motorscope.detection.tiling.region import Part, choose_part
from motorscope.detection.tiling.stitch import Slices
from motorscope.detection.windows import Computed, over_windows
from motorscope.network import (
    EncoderModel,
    Model,
    fuse_for_inference,
    receptive_radius,
    tap_named,
    tap_output,
)
from motorscope.network.encoders import features_of
from motorscope.tomogram import Shape, Tomogram, VoxelGrid, level_for, prepared_grid

Maps = NDArray[np.float16]
"""``(channel, z, y, x)``."""

_LARGEST = float(np.finfo(np.float16).max)
_WORKING_BYTES = 700_000_000  # on a CPU, for the values of one window


@dataclass(frozen=True)
class StageRequest:
    """Compute a stage of a network.

    Attributes
    ----------
    tomogram
        What to look at; of a pyramid the level that fits the model is kept.
    stage
        Name of a tap: ``stem``, ``layer1``, …, ``decoder1``, …, ``logits``.
    region
        Two corners (z, y, x) in Å of the box to look at, or ``None`` for the whole tomogram.
    settings
        Where and how the network is run; flips do not count.
    """

    tomogram: Tomogram
    model: Model | EncoderModel
    stage: str
    region: Region | None = None
    settings: RunSettings = field(default_factory=RunSettings)

    def __post_init__(self) -> None:
        fitting = level_for(self.tomogram, self.model.card.input)
        object.__setattr__(self, "tomogram", fitting)

    @property
    def spec(self) -> FeatureSpec:
        """Geometry of the stage; raises `ModelError` if there is none of this name."""
        return tap_named(self.model.network, self.stage)

    @property
    def part(self) -> Part:
        """Which voxels the network sees, and the grid of what comes out.

        Raises
        ------
        ModelError
            If there is no such stage.
        SpacingError
            If the tomogram's voxel spacing is unknown.
        TomogramError
            If the region lies outside of the tomogram.
        """
        prepared = prepared_grid(self.tomogram.grid, self.model.card.input)
        return choose_part(prepared, self.region, self.context, self.spec, self.alignment)

    @property
    def alignment(self) -> int:
        """Of what windows are multiples."""
        return self.model.network.alignment

    @property
    def grid(self) -> VoxelGrid:
        """Where the stage's voxels lie; errors are those of `part`."""
        return self.part.heatmap

    @property
    def context(self) -> Shape:
        """How many voxels windows overlap by: what the stage looks at around itself.

        Where that is more than the card's context, by the latter.
        """
        radius = round_up(receptive_radius(self.model.network, self.stage), self.alignment)
        z, y, x = (min(radius, round_up(n, self.alignment)) for n in self.model.card.context)
        return z, y, x

    @property
    def map_bytes(self) -> int:
        """How many bytes all maps of the stage take, as float16."""
        return 2 * self.spec.channels * math.prod(self.grid.shape)


@dataclass(frozen=True)
class Began:
    """Blocks follow, which together are all of the grid; said anew when all begins again."""

    spec: FeatureSpec
    grid: VoxelGrid


@dataclass(frozen=True)
class Block:
    """Values ``(channel, z, y, x)`` of a part of the grid; no voxel is in two blocks."""

    place: Slices
    values: Maps


Blocks = Generator[Progress | Notice | Began | Block, None, None]


def stage_blocks(request: StageRequest, cancel: CancelToken) -> Blocks:
    """Compute a stage, and nothing deeper, window by window.

    Yields
    ------
    Progress, Notice, Began or Block
        `Began` first, and again after a fallback, when all windows are computed anew.

    Raises
    ------
    Cancelled
        If the token is set; it is looked at between the steps and between the network's layers.
    SpacingError
        If the tomogram's voxel spacing is unknown.
    TomogramError
        If the region lies outside of the tomogram or the voxels cannot be read.
    DeviceError
        If the device or precision is not to be had, or memory runs out even on the CPU.
    ModelError
        If there is no such stage, or the maps are not finite.
    """
    model, spec, part = request.model, request.spec, request.part
    card = model.card
    setup = choose_setup(request.settings.device, request.settings.precision, card.architecture)
    setup = _modest(setup, request)
    prepared = yield from prepare_part(request.tomogram, card.input, part, cancel)
    watch = Watch(cancel)
    places: dict[Shape, tuple[Slices, Slices]] = {}

    def plan(setup: Setup) -> list[Window]:
        windows = plan_windows(
            part.shape,
            card.window,
            request.context,
            setup.max_voxels,
            spec.stride,
            request.alignment,
        )
        places.clear()
        places.update(_places(part, windows, spec.stride))
        return [window for window in windows if window.start in places]

    def build(setup: Setup) -> "_Tap":
        return _Tap(request, setup, watch)

    def cut(window: Window) -> NDArray[np.float32]:
        return prepared.window(window, watch.stop_if_asked)

    steps = over_windows(
        "Computing feature maps", cut, setup, card.architecture, plan, build, watch
    )
    began = Began(spec, part.heatmap)
    yield began
    with closing(steps):
        for step in steps:
            if isinstance(step, Computed):
                source, target = places[step.window.start]
                yield Block(target, step.values[:, *source])
                continue
            yield step
            if isinstance(step, Notice):  # a fallback: all windows are planned anew
                yield began


class _Tap:
    """A private copy of the network on a device, ready for windows."""

    def __init__(self, request: StageRequest, setup: Setup, watch: Watch) -> None:
        self._setup = setup
        self._stage = request.stage
        self._channels = request.model.card.architecture.in_channels
        self._network = on_device(
            fuse_for_inference(request.model.network), setup.device, setup.dtype, watch
        )
        block = smallest(request.model.network)
        example = as_input(block, self._channels, setup.device, setup.dtype)
        watch.per_window = count_layers(self._output, example, watch)

    def __call__(self, block: NDArray[np.float32]) -> Maps:
        """Return the stage's maps ``(c, z/s, y/s, x/s)`` of a block ``(z, y, x)``."""
        with torch.inference_mode():
            y = self._output(
                as_input(block, self._channels, self._setup.device, self._setup.dtype)
            )[0]
            # Large values are cut off where float16 ends; infinite ones are left to be noticed.
            if all(torch.isfinite(end) for end in y.aminmax()):
                y = y.clamp_(-_LARGEST, _LARGEST)
            # Converted, laid out and brought here at once: each step of its own would be a copy.
            return np.asarray(torch.empty(y.shape, dtype=torch.float16).copy_(y).numpy())

    def _output(self, x: torch.Tensor) -> torch.Tensor:
        return tap_output(self._network, x, self._stage)


def _modest(setup: Setup, request: StageRequest) -> Setup:
    """Return the setup with windows that take no more memory than is set aside for them."""
    largest = max(features_of(request.model.card.architecture).values)
    # The input, and the largest feature with a copy of it on the way to its neighbor or out.
    per_voxel = 4 * (2 + 2 * largest)
    most = int(_WORKING_BYTES / per_voxel)
    if setup.device.type != "cpu":
        most *= 4  # there, only what comes back takes memory here
    return replace(setup, max_voxels=min(setup.max_voxels, most))


def _places(part: Part, windows: list[Window], stride: int) -> dict[Shape, tuple[Slices, Slices]]:
    """Return what to take of each window's maps and where to put it, by the window's start.

    A map's voxel *i* counts for input voxel ``stride * i``. Of several windows that trust it, the
    first takes it; windows with nothing left to give are left out.
    """
    axes = []
    for axis, kept in enumerate(part.output):
        trusted = {w.start[axis]: w.trusted[axis] for w in windows}
        starts = sorted(trusted)
        firsts = [trusted[starts[0]].start, *(trusted[start].stop for start in starts[:-1])]
        cuts: dict[int, tuple[slice, slice]] = {}
        for start, begin in zip(starts, firsts, strict=True):
            first = max(-(-begin // stride), kept.start)
            last = min(-(-trusted[start].stop // stride), kept.stop)
            if first < last:
                cuts[start] = (
                    slice(first - start // stride, last - start // stride),
                    slice(first - kept.start, last - kept.start),
                )
        axes.append(cuts)
    found: dict[Shape, tuple[Slices, Slices]] = {}
    for window in windows:
        if all(start in cuts for start, cuts in zip(window.start, axes, strict=True)):
            z, y, x = (cuts[start] for start, cuts in zip(window.start, axes, strict=True))
            found[window.start] = ((z[0], y[0], x[0]), (z[1], y[1], x[1]))
    return found
