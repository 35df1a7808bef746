"""A detection run: from a tomogram to a heatmap and candidates, window by window."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

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
    Notice,
    Run,
)
from motorscope.detection.calibration import probability
from motorscope.detection.forward.predictor import Predictor
from motorscope.detection.forward.watch import Cancelled, Watch
from motorscope.detection.hardware.precision import precision_name
from motorscope.detection.hardware.setup import Setup, choose_setup
from motorscope.detection.preparation import PreparedPart, prepare_part
from motorscope.detection.tiling.mirrors import (
    MIRRORED,
    PLAIN,
    Axes,
    doubtful_blocks,
    lowest_logit,
    second_look,
    settle,
)
from motorscope.detection.tiling.plan import Window, padded_shape, plan_windows
from motorscope.detection.tiling.region import Part, choose_part
from motorscope.detection.tiling.stitch import Slices, Stitcher, trusted_output
from motorscope.detection.windows import Computed, over_windows
from motorscope.network.model import Model
from motorscope.picks import PickTable
from motorscope.picks.maxima.candidates import LIMIT, find_maxima
from motorscope.picks.thinning import thinned
from motorscope.tomogram import Tomogram, VoxelGrid, level_for, prepared_grid


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
        A `Notice` if the spacing is probably wrong; progress of the reading of grey values, then
        `HeatmapStarted`, then a `HeatmapBlock` and a `Progress` for each window, and a `Notice` for
        each fallback. With flips, blocks where motors may be come a second time.

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
    tomogram = level_for(request.tomogram, model.card.input)
    setup = choose_setup(
        request.settings.device, request.settings.precision, model.card.architecture
    )
    part = choose_part(
        prepared_grid(tomogram.grid, model.card.input),
        request.region,
        model.card.context,
        model.output,
        model.network.alignment,
    )
    if doubt := request.tomogram.grid.doubt():
        yield Notice(doubt)
    try:
        prepared = yield from prepare_part(tomogram, model.card.input, part, cancel)
        stitcher = Stitcher(padded_shape(part.shape, model.network.alignment), model.output.stride)
        yield HeatmapStarted(part.heatmap)
        logits, setup = yield from _compute(request, prepared, stitcher, setup, cancel)
    except Cancelled:
        return None
    heatmap = probability(logits[part.output], model.card.calibration)
    maxima = within(find_maxima(heatmap, part.heatmap), request.tomogram.grid)
    return DetectionResult(
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


def _compute(
    request: DetectionRequest[Tomogram, Model],
    prepared: PreparedPart,
    stitcher: Stitcher,
    setup: Setup,
    cancel: CancelToken,
) -> Generator[Message, None, tuple[NDArray[np.float32], Setup]]:
    """Run the network; return the logits of the padded part, and the setup that it ended with.

    Windows that are done stay done whatever fails later.
    """
    card, part = request.model.card, prepared.part
    settings = request.settings
    flips = card.flips if settings.flips is None else settings.flips
    everywhere = flips and settings.flips_everywhere

    def plan(setup: Setup) -> list[Window]:
        return [w for w in _windows(request, part, setup) if stitcher.needs(w)]

    def blocks(step: Computed[NDArray[np.float32]]) -> Iterator[HeatmapBlock]:
        stitcher.add(step.window, step.values)
        place = stitcher.place(step.window)
        yield from _block(part, place, stitcher.logits(place), card.calibration)

    images = PLAIN + MIRRORED if everywhere else PLAIN
    what = "Looking for motors"
    setup = yield from _look(request, what, prepared, setup, images, plan, blocks, cancel)
    logits = stitcher.finish()
    if flips and not everywhere:
        setup = yield from _look_again(request, prepared, logits, setup, cancel)
    return logits, setup


def _look_again(
    request: DetectionRequest[Tomogram, Model],
    prepared: PreparedPart,
    logits: NDArray[np.float32],
    setup: Setup,
    cancel: CancelToken,
) -> Generator[Message, None, Setup]:
    """Average over mirror images where something may be, in place; return the setup at the end."""
    card, part = request.model.card, prepared.part
    stride, alignment = request.model.output.stride, request.model.network.alignment
    averaged = np.zeros(logits.shape, dtype=bool)
    doubtful = doubtful_blocks(
        logits, part.output, lowest_logit(card.calibration), stride, alignment
    )

    def plan(setup: Setup) -> list[Window]:
        return second_look(
            doubtful,
            _windows(request, part, setup),
            card.context,
            card.window,
            setup.max_voxels,
            alignment,
            # Then a map's geometry depends on the window's size, which must be that of before.
            anywhere=not card.architecture.align_corners,
        )

    def blocks(step: Computed[NDArray[np.float32]]) -> Iterator[HeatmapBlock]:
        inner, place = trusted_output(step.window, stride)
        change = (step.values[inner] - logits[place]) * len(MIRRORED) / (1 + len(MIRRORED))
        # Of two windows that are trusted for a voxel the first counts.
        logits[place] += np.where(averaged[place], 0, change)
        averaged[place] = True
        settle(doubtful, step.window, alignment)
        yield from _block(part, place, logits[place], card.calibration)

    what = "Looking again where motors may be"
    return (yield from _look(request, what, prepared, setup, MIRRORED, plan, blocks, cancel))


def _look(
    request: DetectionRequest[Tomogram, Model],
    what: str,
    prepared: PreparedPart,
    setup: Setup,
    images: Sequence[Axes],
    plan: Callable[[Setup], list[Window]],
    blocks: Callable[[Computed[NDArray[np.float32]]], Iterator[HeatmapBlock]],
    cancel: CancelToken,
) -> Generator[Message, None, Setup]:
    """Run the network over windows; `blocks` keeps their values and says what changed."""
    watch = Watch(cancel)

    def build(setup: Setup) -> Predictor:
        return Predictor(request.model.network, setup.device, setup.dtype, images, watch)

    architecture = request.model.card.architecture

    def cut(window: Window) -> NDArray[np.float32]:
        return prepared.window(window, watch.stop_if_asked)

    steps = over_windows(what, cut, setup, architecture, plan, build, watch)
    with closing(steps):
        for step in steps:
            if isinstance(step, Computed):
                setup = step.setup
                yield from blocks(step)
            else:
                yield step
    return setup


def _windows(request: DetectionRequest[Tomogram, Model], part: Part, setup: Setup) -> list[Window]:
    card, stride = request.model.card, request.model.output.stride
    alignment = request.model.network.alignment
    return plan_windows(part.shape, card.window, card.context, setup.max_voxels, stride, alignment)


def _block(
    part: Part, place: Slices, logits: NDArray[np.float32], calibration: Calibration
) -> Iterator[HeatmapBlock]:
    """Give what lies in the heatmap of the logits at a place; nothing where that is all context."""
    starts = [max(p.start, kept.start) for p, kept in zip(place, part.output, strict=True)]
    stops = [min(p.stop, kept.stop) for p, kept in zip(place, part.output, strict=True)]
    if any(a >= b for a, b in zip(starts, stops, strict=True)):
        return
    z, y, x = (
        slice(a - p.start, b - p.start) for a, b, p in zip(starts, stops, place, strict=True)
    )
    i, j, k = (a - kept.start for a, kept in zip(starts, part.output, strict=True))
    yield HeatmapBlock(start=(i, j, k), values=probability(logits[z, y, x], calibration))
