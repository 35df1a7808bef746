"""The network as a worker's detector: one tomogram, from its file to its outcome."""

import socket
import threading
from dataclasses import replace
from functools import lru_cache, partial

from motorscope.batch.errors import BatchError
from motorscope.batch.folder.outcome import Effort, Outcome
from motorscope.batch.items import Item
from motorscope.batch.model import checksum
from motorscope.batch.search import search
from motorscope.batch.workers.job import Job, Place
from motorscope.contract import (
    Message,
    ModelCard,
    ModelRef,
    ModelRequest,
    Notice,
    RunSettings,
    run_to_end,
)
from motorscope.engine import ThreadEngine
from motorscope.errors import MotorscopeError


def detect_item(job: Job, item: Item, place: Place) -> Outcome | None:
    """Find the motors of a tomogram with the network.

    Raises
    ------
    BatchError
        If the model is not the one that the run was started with.
    MotorscopeError, OSError
        If the tomogram cannot be opened or searched.
    """
    from motorscope.tomogram import open_tomogram, write_heatmap

    settings, notes = job.settings, list[str]()
    device = place.device if job.device == "auto" and place.device else job.device
    run = RunSettings(device, settings.precision, settings.flips)
    card = _card(job.model, settings.sha256, run, place.threads)

    def note(message: Message) -> None:
        if isinstance(message, Notice):
            notes.append(message.text)

    opener = partial(open_tomogram, item.path, spacing=settings.spacing, density=settings.density)
    cancel = place.cancel or threading.Event()
    found = run_to_end(search(opener, ModelRef(job.model), run, _engine(), cancel), note)
    if found is None:
        return None
    grid, result = found.tomogram.grid, found.result
    if job.heatmaps:
        write_heatmap(job.store.heatmap(item), result.heatmap, result.grid)
    scores = result.candidates.scores
    return Outcome(
        item,
        grid.shape,
        grid.spacing,
        grid.origin,
        count=len(scores),
        best=float(scores.max()) if len(scores) else None,
        precision=result.precision,
        notes=tuple(notes),
        heatmap=job.heatmaps,
        effort=Effort(device=result.device),
        summits=found.summits(card),
    )


@lru_cache(maxsize=1)
def _engine() -> ThreadEngine:
    """Return the engine of this process, which keeps the model for all tomograms."""
    return ThreadEngine()


@lru_cache(maxsize=1)
def _card(name: str, sha256: str, settings: RunSettings, threads: int | None) -> ModelCard:
    """Load a model, once, and return its card with the checksum; see that it can run here at all.

    Raises
    ------
    BatchError
        If it cannot, or is another one than the run was started with.
    """
    import torch

    from motorscope.detection import choose_device, choose_precision

    if threads is not None:
        torch.set_num_threads(threads)
    try:
        choose_precision(settings.precision, choose_device(settings.device))
        option = _engine().submit(ModelRequest(ModelRef(name))).result()
        assert option is not None  # nobody cancels it
        known = checksum(name, option.card)
    except MotorscopeError as error:
        raise BatchError(f"The worker on {socket.gethostname()}: {error}") from error
    if known != sha256:
        raise BatchError(
            f"The worker on {socket.gethostname()} has another file as the model {name} than the "
            "batch was started with; give all workers the same one."
        )
    return replace(option.card, sha256=sha256)
