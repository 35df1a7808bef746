"""A batch from its request to its tables."""

import math
import os
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from motorscope.batch.errors import BatchError
from motorscope.batch.executors import open_pool
from motorscope.batch.executors.handing_out import run_items
from motorscope.batch.executors.pool import Wanted
from motorscope.batch.folder.outcome import Outcome
from motorscope.batch.folder.plan import Plan, make_plan
from motorscope.batch.folder.store import Record, Store, write_record
from motorscope.batch.items import Item, list_items
from motorscope.batch.loop import Begun, Done, Standing, Totals
from motorscope.batch.settings import Choice, Settings
from motorscope.batch.workers.job import Detector, Job
from motorscope.contract import Message
from motorscope.tomogram.recipe import Shade


@dataclass(frozen=True)
class BatchRequest:
    """Find motors in many tomograms.

    Attributes
    ----------
    sources
        Folders, files, lists and patterns; see `motorscope.batch.items.list_items`.
    out
        The folder for the outcomes; it is made.
    model
        A model's name or file.
    threshold, quantile
        See `Choice`; the model's own threshold if both are ``None``.
    spacing, density, device, precision, flips
        See `motorscope.batch.table.FilesRequest`.
    heatmaps
        Whether to keep heatmaps.
    retry_failed
        Whether to try those again that failed before.
    on, workers, directives
        See `Wanted`.
    """

    sources: Sequence[str]
    out: Path
    model: str = "built-in"
    threshold: float | None = None
    quantile: float | None = None
    spacing: float | None = None
    density: Shade | None = None
    device: str = "auto"
    precision: str = "auto"
    flips: bool | None = None
    heatmaps: bool = False
    retry_failed: bool = False
    on: str = "local"
    workers: int | None = None
    directives: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """What is to be done; `maps` files of ours are left out."""

    plan: Plan
    maps: int = 0


@dataclass(frozen=True)
class Opened:
    """There is somebody to work, and where."""

    where: str


@dataclass(frozen=True)
class Ended:
    """What was asked, and what this run did of it."""

    record: Record
    plan: Plan
    totals: Totals


BatchRun = Generator[
    Planned | Opened | Begun[Item] | Message | Done[Item, Outcome] | Standing, None, Ended
]


def run_batch(request: BatchRequest, detector: Detector | None = None) -> BatchRun:
    """Find motors in many tomograms; what has an outcome already is left out.

    Parameters
    ----------
    detector
        What finds the motors; the network if ``None``.

    Raises
    ------
    BatchError
        If the batch cannot start or go on.
    MotorscopeError
        If the sources cannot be read, or there is no such model.
    """
    from motorscope.batch.model import known_model

    _check(request)
    listed = list_items(request.sources)
    model = known_model(request.model)
    settings = Settings(
        model=model.card.name,
        sha256=model.sha256,
        flips=model.card.flips if request.flips is None else request.flips,
        spacing=request.spacing,
        density=request.density,
        precision=request.precision,
    )
    threshold = model.card.default_threshold if request.threshold is None else request.threshold
    record = Record(settings, Choice(threshold, request.quantile))
    out = request.out.absolute()
    plan = make_plan(out, settings, listed.items, request.retry_failed, request.heatmaps)
    yield Planned(plan, listed.maps)
    store = Store(out, settings.key)
    if not plan.left:
        _write(store, record, plan)
        return Ended(record, plan, Totals(0, 0))
    job = Job(
        out,
        settings,
        model.source,
        request.heatmaps,
        request.device,
        owner=f"{os.getpid()}-{uuid.uuid4().hex}",
    )
    wanted = Wanted(
        request.on,
        request.workers,
        request.device,
        max(item.size for item in plan.left),
        request.directives,
        out / "slurm",
    )
    with open_pool(wanted) as pool:
        yield Opened(pool.where)
        _write(store, record, plan)
        totals = yield from run_items(job, plan.left, pool, detector)
    return Ended(record, plan, totals)


def _write(store: Store, record: Record, plan: Plan) -> None:
    write_record(store.out, record)
    store.write_items(plan.items)
    store.forget(plan.again)


def _check(request: BatchRequest) -> None:
    for name in ("threshold", "quantile"):
        value = getattr(request, name)
        if value is not None and not 0 <= value <= 1:
            raise BatchError(f"The {name} must lie between 0 and 1, not at {value}.")
    spacing = request.spacing
    if spacing is not None and not (math.isfinite(spacing) and spacing > 0):
        raise BatchError(f"The spacing must be a positive number of Å, not {spacing}.")
    if request.out.exists() and not request.out.is_dir():
        raise BatchError(f"{request.out} is a file; name a folder for the outcomes.")
