"""One tomogram searched: opened, and looked through by an engine. Every loop leads here."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from motorscope.contract import (
    CancelToken,
    DetectionRequest,
    DetectionResult,
    ModelCard,
    ModelRef,
    Notice,
    Progress,
    Run,
    RunSettings,
)
from motorscope.engine import Engine, run_on
from motorscope.picks import Summits
from motorscope.tomogram import Tomogram, heatmap_fingerprint


@dataclass(frozen=True)
class Found:
    """A tomogram and what was found in it."""

    tomogram: Tomogram
    result: DetectionResult

    def summits(self, card: ModelCard) -> Summits:
        """Return all maxima with the model that saw them, as a journal keeps them."""
        maxima = self.result.maxima
        maxima = maxima.set_details(maxima.ids, model=card.name, model_sha256=card.sha256 or "")
        return Summits(maxima, card.minimum_distance, heatmap_fingerprint(self.result.heatmap))


def search(
    opener: Callable[[], Tomogram],
    model: ModelRef,
    settings: RunSettings,
    engine: Engine,
    cancel: CancelToken,
) -> Run[Found]:
    """Open a tomogram and find motors in it.

    Yields `Progress` and `Notice`; nobody looks at a heatmap that fills in.

    Parameters
    ----------
    opener
        Opens the tomogram.
    model, settings
        See `DetectionRequest`.
    engine
        Computes.

    Raises
    ------
    MotorscopeError, OSError
        If the tomogram cannot be opened or searched.
    """
    tomogram = opener()
    tomogram.grid.known_spacing()
    request = DetectionRequest(tomogram, model, settings=settings)
    with closing(run_on(engine, request, cancel)) as run:
        while True:
            try:
                message = next(run)
            except StopIteration as end:
                result: DetectionResult | None = end.value
                break
            if isinstance(message, (Progress, Notice)):
                yield message
    return None if result is None else Found(tomogram, result)
