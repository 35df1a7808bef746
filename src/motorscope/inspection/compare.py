"""Two models on one tomogram: where their heatmaps, their candidates and their stages differ."""

import threading
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes

from motorscope.contract import CancelToken, DetectionRequest, DetectionResult, Run
from motorscope.contract.compare import (
    CompareDetectionsRequest,
    CompareStagesRequest,
    DetectionComparison,
    StageComparison,
)
from motorscope.detection import detect
from motorscope.detection.tiling.region import choose_part
from motorscope.errors import ConfigError
from motorscope.inspection.alike.search import values_at
from motorscope.inspection.basis import Basis, colors, fit_basis
from motorscope.inspection.cache import Entry, StageCache
from motorscope.inspection.reducers import SAMPLES, Project
from motorscope.inspection.regrid import resampled
from motorscope.inspection.run import open_stage, reread
from motorscope.inspection.stage import StageRequest
from motorscope.network import EncoderModel, Model
from motorscope.tomogram import Tomogram, level_for, prepared_grid

Floats = NDArray[np.float64]

_ALIGNED = 16
"""Components of each model that are turned onto each other."""


def compare_models(
    request: CompareDetectionsRequest[Tomogram, Model], cancel: CancelToken | None = None
) -> Run[DetectionComparison]:
    """Detect with two models and compare what they found: yield messages, then return that.

    Raises
    ------
    MotorscopeError
        See `motorscope.detection.detect`.
    """
    cancel = threading.Event() if cancel is None else cancel
    found = []
    for model, known in ((request.model, request.known), (request.other, None)):
        result = known
        if result is None or not _covers(result, request.tomogram, model):
            fitting = level_for(request.tomogram, model.card.input)
            asked = DetectionRequest(fitting, model, settings=replace(request.settings, flips=None))
            result = yield from detect(asked, cancel)
        if result is None:
            return None
        found.append(result)
    thresholds = request.model.card.default_threshold, request.other.card.default_threshold
    return compare_detections(found[0], found[1], thresholds)


def compare_detections(
    first: DetectionResult,
    second: DetectionResult,
    thresholds: tuple[float, float] = (0.0, 0.0),
) -> DetectionComparison:
    """Compare what two models found in one tomogram.

    Parameters
    ----------
    thresholds
        Least score of a candidate of the first and of the second model.
    """
    moved = resampled(second.heatmap, second.grid, first.grid)
    return DetectionComparison(
        grid=first.grid,
        first=first.heatmap,
        second=moved,
        difference=moved - first.heatmap,
        candidates=(
            first.candidates.above(thresholds[0]),
            second.candidates.above(thresholds[1]),
        ),
    )


def compare_opened(
    request: CompareStagesRequest[Tomogram, Model | EncoderModel],
    cache: StageCache,
    cancel: CancelToken | None = None,
) -> Run[StageComparison]:
    """Open the same stage of two models and compare them: yield messages, then return that.

    Raises
    ------
    MotorscopeError
        See `open_stage`.
    """
    entries = []
    for model in (request.model, request.other):
        stage = StageRequest(request.tomogram, model, request.stage, settings=request.settings)
        entry = yield from open_stage(stage, cache, cancel)
        if entry is None:
            return None
        entries.append(entry)
    return compare_stages(entries[0], entries[1])


def compare_stages(first: Entry, second: Entry, count: int = 3) -> StageComparison:
    """Show the same stage of two models in one basis.

    Channels of two networks have nothing to do with each other, even if both see the same: their
    order, their signs and their mixtures are free. So the principal components of the second are
    turned onto those of the first (orthogonal Procrustes), by turning and one scale for all alone:
    what the second does not see cannot be made up.

    Parameters
    ----------
    count
        Components to return, 3 at most.

    Raises
    ------
    ConfigError
        If a stage has fewer channels than that.
    """
    kept = min(_ALIGNED, first.spec.channels, second.spec.channels)
    if not 1 <= count <= min(kept, 3):
        raise ConfigError(f"Both stages have {kept} components to compare, not {count}.")
    own, other = (fit_basis([each.moments], each.spec.name, "", kept) for each in (first, second))
    total = int(np.prod(first.grid.shape))
    drawn = np.random.default_rng(0).choice(total, min(SAMPLES, total), replace=False)
    voxels = np.stack(np.unravel_index(np.sort(drawn), first.grid.shape), axis=1)
    places = first.grid.to_world(voxels)
    scores, others = (
        _scores(values_at(first, places), own),
        _scores(values_at(second, places), other),
    )
    turn, strength = orthogonal_procrustes(others, scores)
    scale = strength / max(float(np.square(others).sum()), np.finfo(float).tiny)
    turned = (scale * turn.T)[:count]
    left = np.square(scores[:, :count] - others @ turned.T).sum(axis=0)
    whole = np.maximum(np.square(scores[:, :count]).sum(axis=0), np.finfo(float).tiny)
    basis = own.first(count)
    ones = _projected(first, basis.axes, basis.mean)
    twos = _projected(second, turned @ other.axes, other.mean)
    if second.grid != first.grid:
        twos = np.stack([resampled(each, second.grid, first.grid) for each in twos])
    return StageComparison(
        grid=first.grid,
        first=colors(ones, basis),
        second=colors(twos, basis),
        explained=tuple(float(share) for share in basis.explained),
        agreement=tuple(float(share) for share in 1 - left / whole),
    )


def _covers(result: DetectionResult, tomogram: Tomogram, model: Model) -> bool:
    """Tell whether a result is of the whole tomogram."""
    recipe = model.card.input
    prepared = prepared_grid(level_for(tomogram, recipe).grid, recipe)
    part = choose_part(prepared, None, model.card.context, model.output, model.network.alignment)
    return result.grid == part.heatmap


def _scores(values: NDArray[np.float32], basis: Basis) -> Floats:
    """Return the components ``(n, k)`` of values ``(n, channel)``."""
    return np.asarray((values - basis.mean) @ basis.axes.T)


def _projected(entry: Entry, axes: Floats, mean: Floats) -> NDArray[np.float32]:
    project = Project(axes, mean)
    reread(entry, [project])
    return project.result()
