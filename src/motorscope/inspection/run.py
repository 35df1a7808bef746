"""A stage of a network, from the cache or computed: what every question about it begins with."""

import threading
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from motorscope.contract import CancelToken, Notice, Progress
from motorscope.detection.forward.watch import Cancelled
from motorscope.detection.hardware.precision import precision_name
from motorscope.detection.hardware.setup import choose_setup
from motorscope.inspection.cache import Entry, StageCache, key_of
from motorscope.inspection.reducers import Assemble, Momentum, Reducer, Sample, feeding
from motorscope.inspection.stage import Began, Block, StageRequest, stage_blocks

StageRun = Generator[Progress | Notice, None, Entry | None]
"""A run yields messages and returns a stage, or ``None`` when it was cancelled."""

_SLAB_VALUES = 2**25


def open_stage(
    request: StageRequest, cache: StageCache, cancel: CancelToken | None = None
) -> StageRun:
    """Return a stage from the cache; if it is not there, compute it and keep it there.

    Parameters
    ----------
    request
        Which stage of what.
    cancel
        Looked at between the steps and between the network's layers.

    Raises
    ------
    ConfigError
        If the stage is larger than the cache may be.
    MotorscopeError
        If the cache cannot be written, or see `stage_blocks`.
    """
    cache.check_room(request.map_bytes, f"All maps of {request.stage}")
    whole = yield from reduce_stage(request, (), cache, cancel)
    return cache.get(stage_key(request)) if whole else None


def reduce_stage(
    request: StageRequest,
    reducers: Sequence[Reducer],
    cache: StageCache,
    cancel: CancelToken | None = None,
) -> Generator[Progress | Notice, None, bool]:
    """Give a stage to reducers, from the cache or as it is computed.

    It is kept in the cache if it fits; a larger one streams by, and nothing of it is kept.

    Returns
    -------
    bool
        ``False`` if it was cancelled.

    Raises
    ------
    MotorscopeError
        See `open_stage`.
    """
    cancel = threading.Event() if cancel is None else cancel
    key = stage_key(request)
    entry = cache.get(key)
    if entry is not None:
        reread(entry, reducers)
        return True
    try:
        if request.map_bytes > cache.limit:
            yield from feeding(stage_blocks(request, cancel), list(reducers))
            return True
        with cache.adding(key, request.map_bytes) as draft:
            maps, momentum, sample = Assemble(draft.maps), Momentum(), Sample()
            yield from feeding(stage_blocks(request, cancel), [maps, momentum, sample, *reducers])
            draft.finish(request.spec, request.grid, sample.result(), momentum.result())
    except Cancelled:
        return False
    return True


def reread(entry: Entry, reducers: Sequence[Reducer]) -> None:
    """Give a kept stage to reducers, a few sections at a time."""
    for _ in feeding(_slabs(entry), list(reducers)):
        pass


def _slabs(entry: Entry) -> Generator[Began | Block, None, None]:
    yield Began(entry.spec, entry.grid)
    depth, height, width = entry.grid.shape
    step = max(_SLAB_VALUES // (entry.spec.channels * height * width), 1)
    for start in range(0, depth, step):
        stop = min(start + step, depth)
        place = (slice(start, stop), slice(0, height), slice(0, width))
        yield Block(place, entry.maps[:, start:stop])


def stage_key(request: StageRequest, mark: Mapping[str, Any] | None = None) -> str:
    """Return what a stage is kept under; `mark` as for `key_of`."""
    setup = choose_setup(
        request.settings.device, request.settings.precision, request.model.card.architecture
    )
    return key_of(request, precision_name(setup.dtype), mark)
