"""Long work as generators, which yield messages, poll a cancel token, and return."""

import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from motorscope.contract import (
    DetectionRequest,
    DetectionResult,
    FeatureRequest,
    FeatureResult,
    ModelCard,
    ModelRef,
    Progress,
    RunSettings,
)
from motorscope.plugin.models import (
    ModelOption,
    ModelShelf,
    Survey,
    open_model,
    survey,
)
from motorscope.plugin.torch_import import import_torch
from motorscope.plugin.viewport import Box
from motorscope.tomogram import Tomogram

Job = Generator[Any, None, Any]


@dataclass(frozen=True)
class Task:
    """What is to be done with which tomogram layer; a result with another generation is stale.

    Attributes
    ----------
    generation
        Larger for every later task.
    layer_id
        Identity of the tomogram's layer.
    tomogram, region
        The volume, and the two corners (z, y, x) in Å of the part to look at, or ``None`` for all
        of it.
    model, card
        Which network, and its card.
    device, precision, flips
        See `motorscope.detection.DetectionRequest`.
    stage, memory_limit
        For feature maps: number of the encoder's stage, stem 0, and the most bytes they may take.
    """

    generation: int
    layer_id: str
    tomogram: Tomogram
    region: Box | None
    model: ModelRef
    card: ModelCard
    device: str = "auto"
    precision: str = "auto"
    flips: bool | None = None
    stage: int = 0
    memory_limit: int = 2_000_000_000


def survey_job(default: str, cancel: threading.Event) -> Generator[Any, None, Survey]:
    """Look at models and devices; loads torch."""
    yield from ()
    import_torch()
    return survey(default)


def open_model_job(
    shelf: ModelShelf, choice: ModelRef, cancel: threading.Event
) -> Generator[Any, None, ModelOption]:
    """Load a model from a file."""
    yield from ()
    return open_model(shelf, choice)


def detection_job(
    task: Task, shelf: ModelShelf, cancel: threading.Event
) -> "Generator[Any, None, DetectionResult | None]":
    """Load the model and find motors; see `motorscope.detection.detect` for the messages."""
    import_torch()
    from motorscope.detection import detect

    yield Progress(what="Loading the model", done=0, total=0)
    model = shelf.load(task.model)
    if cancel.is_set():
        return None
    request = DetectionRequest(
        tomogram=task.tomogram,
        model=model,
        region=task.region,
        settings=RunSettings(task.device, task.precision, task.flips),
        generation=task.generation,
    )
    return (yield from detect(request, cancel))


def features_job(
    task: Task, shelf: ModelShelf, cancel: threading.Event
) -> "Generator[Any, None, FeatureResult | None]":
    """Load the model and compute one stage's maps; see `motorscope.inspection.encoder_maps`."""
    import_torch()
    from motorscope.inspection import encoder_maps

    yield Progress(what="Loading the model", done=0, total=0)
    model = shelf.load(task.model)
    if cancel.is_set():
        return None
    request = FeatureRequest(
        tomogram=task.tomogram,
        model=model,
        stage=task.stage,
        region=task.region,
        settings=RunSettings(task.device, task.precision),
        generation=task.generation,
        memory_limit=task.memory_limit,
    )
    return (yield from encoder_maps(request, cancel))
