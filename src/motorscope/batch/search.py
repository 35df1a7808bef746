"""One tomogram searched: opened, and looked through by the network. All loops lead here."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

from motorscope.contract import (
    CancelToken,
    DetectionRequest,
    DetectionResult,
    Message,
    RunSettings,
)
from motorscope.detection import detect
from motorscope.network import Model
from motorscope.tomogram import Tomogram


@dataclass(frozen=True)
class Found:
    """A tomogram and what was found in it."""

    tomogram: Tomogram
    result: DetectionResult


Search = Generator[Message, None, Found | None]
"""A search yields the messages of its run, and returns ``None`` when it was cancelled."""


def search(
    opener: Callable[[], Tomogram],
    model: Model,
    settings: RunSettings,
    cancel: CancelToken | None = None,
) -> Search:
    """Open a tomogram and find motors in it.

    Parameters
    ----------
    opener
        Opens the tomogram.
    model, settings
        See `DetectionRequest`.
    cancel
        See `motorscope.detection.detect`.

    Raises
    ------
    MotorscopeError, OSError
        If the tomogram cannot be opened or searched.
    """
    tomogram = opener()
    tomogram.grid.known_spacing()
    asked = DetectionRequest(tomogram, model, settings=settings)
    with closing(detect(asked, cancel)) as run:
        result = yield from run
    return None if result is None else Found(tomogram, result)
