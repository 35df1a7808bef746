"""How each kind of request is answered: one function for each. Loads torch.

A new kind is a request and a result in `motorscope.contract`, and one function here.
"""

from collections.abc import Callable, Generator
from dataclasses import fields, replace
from functools import singledispatch
from typing import Any

from motorscope.contract import (
    CancelToken,
    DetectionRequest,
    DetectionResult,
    Inventory,
    InventoryRequest,
    ModelOption,
    ModelRef,
    ModelRequest,
    Progress,
    Request,
    Run,
    VolumeRef,
)
from motorscope.contract.attribution import (
    Attribution,
    AttributionRequest,
    Effects,
    EffectsRequest,
    MethodFacts,
    MethodsRequest,
)
from motorscope.contract.compare import (
    CompareDetectionsRequest,
    CompareStagesRequest,
    DetectionComparison,
    StageComparison,
)
from motorscope.contract.stages import (
    Alike,
    AlikeElsewhereRequest,
    AlikeRequest,
    OpenStage,
    OpenStageRequest,
    OverviewMap,
    OverviewRequest,
    Ranking,
    RankingRequest,
    StageFacts,
    StagesRequest,
)
from motorscope.detection import choose_device, detect
from motorscope.engine import models
from motorscope.engine.models import ModelCache
from motorscope.inspection import StageCache, compare_models, compare_opened, kept_basis
from motorscope.inspection.attribution.effects import channel_effects
from motorscope.inspection.attribution.explain import attribute
from motorscope.inspection.attribution.methods import list_methods
from motorscope.inspection.opened import (
    alike,
    alike_elsewhere,
    entry_of,
    list_stages,
    opened_stage,
    overview,
    ranked,
)
from motorscope.tomogram import Tomogram

Volume = Tomogram | VolumeRef
LOADING = Progress("Loading the model", 0, 0)


@singledispatch
def answer(request: Request[object], cache: ModelCache, cancel: CancelToken) -> Run[object]:
    """Compute what is asked: yield messages, then return the result, or ``None`` when cancelled.

    Parameters
    ----------
    request
        Of a kind that is registered here, with references to the model and the volume.
    cache
        Loads models.
    """
    raise TypeError(f"There is no answer to a {type(request).__name__}.")


@answer.register
def _(request: DetectionRequest, cache: ModelCache, cancel: CancelToken) -> Run[DetectionResult]:  # type: ignore[type-arg]
    asked = yield from _ready(request, cache.load, cancel)
    return None if asked is None else (yield from detect(asked, cancel))


@answer.register
def _(request: InventoryRequest, cache: ModelCache, cancel: CancelToken) -> Run[Inventory]:
    yield from ()
    return models.take_inventory(request.default)


@answer.register
def _(request: ModelRequest, cache: ModelCache, cancel: CancelToken) -> Run[ModelOption]:
    yield from ()
    return models.open_model(cache, request.model)


@answer.register
def _(
    request: AttributionRequest,  # type: ignore[type-arg]
    cache: ModelCache,
    cancel: CancelToken,
) -> Run[Attribution]:
    asked = yield from _ready(request, cache.load, cancel)
    return None if asked is None else (yield from attribute(asked, cancel))


@answer.register
def _(
    request: MethodsRequest, cache: ModelCache, cancel: CancelToken
) -> Run[tuple[MethodFacts, ...]]:
    yield from ()
    return list_methods()


@answer.register
def _(request: EffectsRequest, cache: ModelCache, cancel: CancelToken) -> Run[Effects]:  # type: ignore[type-arg]
    asked = yield from _ready(request, cache.load, cancel)
    if asked is None:
        return None
    entry = entry_of(StageCache.default(), request.key)
    return (
        yield from channel_effects(
            asked.tomogram,
            asked.model,
            entry.spec.name,
            request.at,
            entry.moments.mean,
            request.settings,
            cancel,
        )
    )


@answer.register
def _(
    request: StagesRequest,  # type: ignore[type-arg]
    cache: ModelCache,
    cancel: CancelToken,
) -> Run[tuple[StageFacts, ...]]:
    asked = yield from _ready(request, cache.load_any, cancel)
    return None if asked is None else list_stages(asked, StageCache.default())


@answer.register
def _(request: OpenStageRequest, cache: ModelCache, cancel: CancelToken) -> Run[OpenStage]:  # type: ignore[type-arg]
    asked = yield from _ready(request, cache.load_any, cancel)
    if asked is None:
        return None
    return (yield from opened_stage(asked, StageCache.default(), cancel))


@answer.register
def _(request: RankingRequest, cache: ModelCache, cancel: CancelToken) -> Run[Ranking]:
    yield from ()
    return ranked(request, entry_of(StageCache.default(), request.key))


@answer.register
def _(request: OverviewRequest, cache: ModelCache, cancel: CancelToken) -> Run[OverviewMap]:  # type: ignore[type-arg]
    yield from ()
    entry = entry_of(StageCache.default(), request.key)
    if request.of != "pca":
        return overview(request.of, entry)
    fingerprint = cache.load_any(request.model).fingerprint
    basis = kept_basis(request.model.name, entry.spec.name, fingerprint)
    return overview(request.of, entry, basis, fingerprint)


@answer.register
def _(request: AlikeRequest, cache: ModelCache, cancel: CancelToken) -> Run[Alike]:
    yield from ()
    return alike(request, entry_of(StageCache.default(), request.key))


@answer.register
def _(
    request: CompareDetectionsRequest,  # type: ignore[type-arg]
    cache: ModelCache,
    cancel: CancelToken,
) -> Run[DetectionComparison]:
    asked = yield from _ready(request, cache.load, cancel)
    return None if asked is None else (yield from compare_models(asked, cancel))


@answer.register
def _(
    request: CompareStagesRequest,  # type: ignore[type-arg]
    cache: ModelCache,
    cancel: CancelToken,
) -> Run[StageComparison]:
    asked = yield from _ready(request, cache.load_any, cancel)
    if asked is None:
        return None
    return (yield from compare_opened(asked, StageCache.default(), cancel))


@answer.register
def _(
    request: AlikeElsewhereRequest,  # type: ignore[type-arg]
    cache: ModelCache,
    cancel: CancelToken,
) -> Run[Alike]:
    asked = yield from _ready(request, cache.load_any, cancel)
    if asked is None:
        return None
    stages = StageCache.default()
    return (yield from alike_elsewhere(asked, entry_of(stages, request.key), stages, cancel))


def _ready(
    request: Any, load: Callable[[ModelRef], Any], cancel: CancelToken
) -> Generator[Progress, None, Any]:
    """Return a request with models and tomogram in place of the references, or ``None``."""
    yield LOADING
    names = (each.name for each in fields(request) if each.name in ("model", "other"))
    loaded = {name: load(getattr(request, name)) for name in names}
    if cancel.is_set():
        return None
    return replace(request, tomogram=opened(request.tomogram), **loaded)


def device_of(request: Request[object]) -> str | None:
    """Return the name of the device that a request needs for itself, never ``auto``.

    Raises
    ------
    DeviceError
        If this machine has no such device.
    """
    return None if request.device is None else str(choose_device(request.device))


def opened(volume: Volume) -> Tomogram:
    """Return a tomogram, opened if it is a reference."""
    return volume.open() if isinstance(volume, VolumeRef) else volume
