"""Two models on one tomogram: what can be asked, and what comes back."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from motorscope.contract.requests import NetworkRequest, RunSettings
from motorscope.contract.results import DetectionResult
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import VoxelGrid

M = TypeVar("M")
V = TypeVar("V")


@dataclass(frozen=True)
class DetectionComparison:
    """What two models found in one tomogram.

    Attributes
    ----------
    grid
        That of the first model's heatmap; both are given on it.
    first, second, difference
        Calibrated probabilities, float32 ``(z, y, x)``, and the second minus the first.
    candidates
        Of the first and of the second, those that reach the threshold of each model's card.
    """

    grid: VoxelGrid
    first: NDArray[np.float32]
    second: NDArray[np.float32]
    difference: NDArray[np.float32]
    candidates: tuple[PickTable, PickTable]


@dataclass(frozen=True)
class StageComparison:
    """The same stage of two models in the colors of the first.

    Attributes
    ----------
    grid
        That of the first model's maps; both are given on it.
    first, second
        Principal components of the first model's, and what of the second model is like them, as
        red, green and blue, uint8 ``(z, y, x, 3)``.
    explained
        Share of the first model's variance along each component.
    agreement
        How much of each component of the first model the second one has too: the share of its
        variance that is left of 1 when the difference is taken off; at most 1.
    """

    grid: VoxelGrid
    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    explained: tuple[float, ...]
    agreement: tuple[float, ...]


@dataclass(frozen=True)
class CompareDetectionsRequest(NetworkRequest[DetectionComparison], Generic[V, M]):
    """Compare what two models find in a tomogram; flips are those of each model's card.

    Attributes
    ----------
    tomogram, model, other
        What to look at with which networks: these, or references to them.
    known
        What the first has found already; used if it is of the whole tomogram.
    """

    tomogram: V
    model: M
    other: M
    known: DetectionResult | None = None
    settings: RunSettings = field(default_factory=RunSettings)


@dataclass(frozen=True)
class CompareStagesRequest(NetworkRequest[StageComparison], Generic[V, M]):
    """Compare a stage of two models; what is not kept on disk is computed.

    Attributes
    ----------
    tomogram, model, other
        What to look at with which networks: these, or references to them.
    stage
        Its name, which both must have.
    """

    tomogram: V
    model: M
    other: M
    stage: str
    settings: RunSettings = field(default_factory=RunSettings)
