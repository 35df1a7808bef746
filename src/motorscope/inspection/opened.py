"""A stage that is open: what a window asks of it, one answer each."""

import threading
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.contract import CancelToken, Notice, Progress, Run
from motorscope.contract.stages import (
    BINS,
    QUANTILES,
    Alike,
    AlikeElsewhereRequest,
    AlikeRequest,
    OpenStage,
    OpenStageRequest,
    Overview,
    OverviewMap,
    Ranking,
    RankingRequest,
    StageFacts,
    StagesRequest,
)
from motorscope.errors import ConfigError
from motorscope.inspection.alike.discriminant import find_alike
from motorscope.inspection.alike.search import deviations_at, look_for, similarity, values_at
from motorscope.inspection.basis import Basis, colors, fit_basis
from motorscope.inspection.cache import Entry, StageCache, mark_of
from motorscope.inspection.facts import stage_facts
from motorscope.inspection.ranking import percentiles, rank_channels
from motorscope.inspection.reducers import Across, Project
from motorscope.inspection.run import open_stage, reread, stage_key
from motorscope.inspection.stage import StageRequest
from motorscope.network import EncoderModel, Model
from motorscope.picks import PickTable
from motorscope.tomogram import Tomogram

_SHOWN = (1.0, 99.8)  # percentiles of the values from which to which a map is shown


def list_stages(
    request: StagesRequest[Tomogram, Model | EncoderModel], cache: StageCache
) -> tuple[StageFacts, ...]:
    """Return what can be looked at, from the stem on.

    Raises
    ------
    SpacingError
        If the tomogram's voxel spacing is unknown.
    TomogramError
        If the region lies outside of the tomogram, or voxels cannot be read.
    """
    mark = mark_of(request.tomogram)
    found = []
    for tap in request.model.taps:
        stage = StageRequest(
            request.tomogram, request.model, tap.name, request.region, request.settings
        )
        found.append(stage_facts(stage, kept=stage_key(stage, mark) in cache))
    return tuple(found)


def opened_stage(
    request: OpenStageRequest[Tomogram, Model | EncoderModel],
    cache: StageCache,
    cancel: CancelToken | None = None,
) -> Generator[Progress | Notice, None, OpenStage | None]:
    """Open a stage: from the cache, or computed and kept there; ``None`` if it was cancelled.

    Raises
    ------
    MotorscopeError
        See `open_stage`.
    """
    cancel = threading.Event() if cancel is None else cancel
    stage = StageRequest(
        request.tomogram, request.model, request.stage, request.region, request.settings
    )
    entry = yield from open_stage(stage, cache, cancel)
    return None if entry is None else _opened(stage_key(stage), entry)


def entry_of(cache: StageCache, key: str) -> Entry:
    """Return an open stage.

    Raises
    ------
    ConfigError
        If it is not kept any more.
    """
    entry = cache.get(key)
    if entry is None:
        raise ConfigError("This stage is no longer kept on disk; show it again.")
    return entry


def ranked(request: RankingRequest, entry: Entry) -> Ranking:
    """Rank the channels of an open stage."""
    sample = np.asarray(entry.sample, np.float32)
    ranking = rank_channels(
        entry.moments,
        sample,
        *(values_at(entry, at) for at in (request.accepted, request.rejected)),
    )
    if request.at is not None:
        here = values_at(entry, request.at)[0]
        order = ranking.table["channel"].to_numpy()
        ranking.table["at"] = here[order]
        ranking.table["percentile"] = percentiles(here, sample)[order]
    return ranking


def overview(
    of: Overview, entry: Entry, basis: Basis | None = None, fingerprint: str = ""
) -> OverviewMap:
    """Show all channels of an open stage in one picture.

    Parameters
    ----------
    basis
        That of the model's colors, or ``None`` to fit one to this very stage.
    fingerprint
        Of the model.
    """
    if of != "pca":
        across = Across(of)
        reread(entry, [across])
        return OverviewMap(of, across.result(), _limits(across.result()))
    fitted = basis or fit_basis(
        [entry.moments], entry.spec.name, fingerprint, min(3, entry.spec.channels)
    )
    project = Project(fitted.axes, fitted.mean)
    reread(entry, [project])
    return OverviewMap(
        of,
        colors(project.result(), fitted),
        explained=tuple(float(share) for share in fitted.explained),
        own=basis is None,
    )


def alike(request: AlikeRequest, entry: Entry) -> Alike:
    """Find what looks, to an open stage, like some picks.

    Raises
    ------
    PicksError
        If there is no example, or the examples look like the background.
    """
    examples = request.wanted.merge(request.rejected)
    return _alike(request, entry, entry, examples)


def alike_elsewhere(
    request: AlikeElsewhereRequest[Tomogram, Model | EncoderModel],
    examples: Entry,
    cache: StageCache,
    cancel: CancelToken | None = None,
) -> Run[Alike]:
    """Find in another tomogram what looks like picks of an open stage; ``None`` if cancelled.

    Raises
    ------
    MotorscopeError
        See `alike` and `open_stage`.
    """
    name = examples.spec.name
    stage = StageRequest(request.tomogram, request.model, name, settings=request.settings)
    entry = yield from open_stage(stage, cache, cancel)
    return None if entry is None else _alike(request, examples, entry, None)


def _alike(
    request: AlikeRequest | AlikeElsewhereRequest[Any, Any],
    examples: Entry,
    entry: Entry,
    left_out: PickTable | None,
) -> Alike:
    what = look_for(
        deviations_at(examples, request.wanted.positions),
        deviations_at(examples, request.rejected.positions),
        [examples.moments],
        entry.moments,
        among=entry is examples,
    )
    values = similarity(entry, what)
    candidates = find_alike(values, entry.grid, request.minimum_distance, left_out)
    top = tuple((channel, float(what.shares[channel])) for channel in what.top_channels())
    return Alike(values, entry.grid, candidates, top)


def _opened(key: str, entry: Entry) -> OpenStage:
    sample = np.asarray(entry.sample, np.float32)
    low, high = np.percentile(sample, _SHOWN, axis=0)
    limits = np.stack([low, np.where(high > low, high, low + 1)], axis=1).astype(np.float32)
    counts = [
        np.histogram(np.clip(values, *ends), BINS, (float(ends[0]), float(ends[1])))[0]
        for values, ends in zip(sample.T, limits, strict=True)
    ]
    return OpenStage(
        key=key,
        spec=entry.spec,
        grid=entry.grid,
        maps=entry.maps,
        limits=limits,
        quantiles=np.quantile(sample, QUANTILES, axis=0).astype(np.float32),
        counts=np.stack(counts),
    )


def _limits(values: ArrayLike) -> tuple[float, float]:
    sample: NDArray[np.float32] = np.asarray(values)[::2, ::2, ::2]
    low, high = (float(value) for value in np.percentile(sample, _SHOWN))
    return low, high if high > low else low + 1
