"""A detection run: from a tomogram to a heatmap and candidates, window by window."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from motorscope.contract import (
    Calibration,
    CancelToken,
    DetectionRequest,
    DetectionResult,
    HeatmapBlock,
    HeatmapStarted,
    Message,
    Run,
)
from motorscope.detection.calibration import probability
from motorscope.detection.candidates import LIMIT, find_maxima
from motorscope.detection.plan import Window, padded_shape, plan_windows
from motorscope.detection.precision import precision_name
from motorscope.detection.predictor import Predictor
from motorscope.detection.preparation import Cancelled, prepare_part
from motorscope.detection.region import Part, choose_part
from motorscope.detection.setup import Setup, choose_setup
from motorscope.detection.stitch import Stitcher
from motorscope.detection.watch import Watch
from motorscope.detection.windows import Computed, over_windows
from motorscope.network.model import Model
from motorscope.picks import PickTable
from motorscope.picks.thinning import thinned
from motorscope.tomogram import Tomogram, VoxelGrid, prepared_grid

M = TypeVar("M")
R = TypeVar("R")


def detect(
    request: DetectionRequest[Tomogram, Model], cancel: CancelToken | None = None
) -> Run[DetectionResult]:
    """Find motors: yield messages, then return the result, or ``None`` when cancelled.

    Whatever ends the run, the accelerator is free afterwards.

    Parameters
    ----------
    request
        What to do.
    cancel
        Looked at between the steps and between the network's layers.

    Yields
    ------
    Message
        Progress of the preparation, then `HeatmapStarted`, then a `HeatmapBlock` and a `Progress`
        for each window, and a `Notice` for each fallback.

    Raises
    ------
    SpacingError
        If the tomogram's voxel spacing is unknown.
    TomogramError
        If the region lies outside of the tomogram or the voxels cannot be read.
    DeviceError
        If the device or precision is not to be had, or memory runs out even on the CPU with the
        smallest window.
    ModelError
        If the network's output is not finite.
    """
    cancel = threading.Event() if cancel is None else cancel
    began = time.monotonic()
    model = request.model
    setup = choose_setup(
        request.settings.device, request.settings.precision, model.card.architecture
    )
    part = choose_part(
        prepared_grid(request.tomogram.grid, model.card.input),
        request.region,
        model.card.context,
        model.output,
    )
    stitcher = Stitcher(padded_shape(part.shape), model.output.stride)
    try:
        volume = yield from prepare_part(request.tomogram, model.card.input, part, cancel)
        yield HeatmapStarted(part.heatmap)
        setup = yield from _compute(request, part, volume, stitcher, setup, cancel)
    except Cancelled:
        return None
    heatmap = probability(stitcher.logits(part.output), model.card.calibration)
    maxima = within(find_maxima(heatmap, part.heatmap), request.tomogram.grid)
    return DetectionResult(
        generation=request.generation,
        heatmap=heatmap,
        grid=part.heatmap,
        maxima=thinned(maxima, 0.0, LIMIT),
        candidates=thinned(maxima, model.card.minimum_distance, LIMIT).renumbered(),
        device=str(setup.device),
        precision=precision_name(setup.dtype),
        seconds=time.monotonic() - began,
    )


def within(picks: PickTable, grid: VoxelGrid) -> PickTable:
    """Leave out picks beyond the outermost voxels: the network looks at filled-up volumes."""
    voxels = grid.to_voxels(picks.positions)
    inside = ((voxels >= -0.5) & (voxels <= np.array(grid.shape) - 0.5)).all(axis=1)
    return picks.select(np.flatnonzero(inside))


def run_to_end(run: Generator[M, None, R], on_message: Callable[[M], None] | None = None) -> R:
    """Drain a generator of messages and return its value; it is closed whatever happens.

    Parameters
    ----------
    run
        What `detect` and its like return.
    on_message
        Called with every message.
    """
    with closing(run):
        while True:
            try:
                message = next(run)
            except StopIteration as end:
                value: R = end.value
                return value
            if on_message is not None:
                on_message(message)


def _compute(
    request: DetectionRequest[Tomogram, Model],
    part: Part,
    volume: NDArray[np.float32],
    stitcher: Stitcher,
    setup: Setup,
    cancel: CancelToken,
) -> Generator[Message, None, Setup]:
    """Run the network over all windows; return the setup that it ended with.

    Windows that are done stay done whatever fails later.
    """
    card = request.model.card
    stride = request.model.output.stride
    wanted = request.settings.flips
    flips = card.flips if wanted is None else wanted
    watch = Watch(cancel)

    def plan(setup: Setup) -> list[Window]:
        windows = plan_windows(part.shape, card.window, card.context, setup.max_voxels, stride)
        return [window for window in windows if stitcher.needs(window)]

    def build(setup: Setup) -> Predictor:
        return Predictor(request.model.network, setup.device, setup.dtype, flips, watch)

    steps = over_windows("Looking for motors", volume, setup, card.architecture, plan, build, watch)
    with closing(steps):
        for step in steps:
            if not isinstance(step, Computed):
                yield step
                continue
            setup = step.setup
            stitcher.add(step.window, step.values)
            block = _block(part, stitcher, step.window, card.calibration)
            if block is not None:
                yield block
    return setup


def _block(
    part: Part, stitcher: Stitcher, window: Window, calibration: Calibration
) -> HeatmapBlock | None:
    """Return what is known of the heatmap under a window; ``None`` where that is all context."""
    places = list(zip(stitcher.place(window), part.output, strict=True))
    z, y, x = (
        slice(max(place.start, kept.start), min(place.stop, kept.stop)) for place, kept in places
    )
    if min(z.stop - z.start, y.stop - y.start, x.stop - x.start) <= 0:
        return None
    kept_z, kept_y, kept_x = part.output
    return HeatmapBlock(
        start=(z.start - kept_z.start, y.start - kept_y.start, x.start - kept_x.start),
        values=probability(stitcher.logits((z, y, x)), calibration),
    )
