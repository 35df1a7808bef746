"""Why here: what can be asked about the network's answer at a point, and what comes back."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from motorscope.contract.card import FeatureSpec
from motorscope.contract.requests import NetworkRequest, Request, RunSettings
from motorscope.errors import ConfigError
from motorscope.tomogram.grid import Shape, Vector, VoxelGrid

M = TypeVar("M")
V = TypeVar("V")

RADII = (100.0, 200.0, 300.0)
"""Å; a motor's C ring has a radius of about 200 Å."""


@dataclass(frozen=True)
class Crop:
    """A part of the network's input, large enough to answer for its middle.

    Attributes
    ----------
    values
        Prepared voxels, float32 ``(z, y, x)``, sides multiples of 32; mirrored beyond the
        tomogram's far ends, as in detection.
    grid
        Where all of `values` lie.
    inside
        How many of them, from the first on, lie within the tomogram.
    output
        Geometry of the heatmap.
    target
        Heatmap voxel of the crop that is nearest to the point.
    """

    values: NDArray[np.float32]
    grid: VoxelGrid
    inside: Shape
    output: FeatureSpec
    target: Shape

    @property
    def mean(self) -> float:
        """What stands for nothing: the mean of the voxels, which is neither ice nor protein."""
        z, y, x = self.inside
        return float(self.values[:z, :y, :x].mean())

    @property
    def inside_grid(self) -> VoxelGrid:
        """Where those voxels lie that are in the tomogram."""
        return VoxelGrid(self.inside, self.grid.spacing, self.grid.origin)

    def map_grid(self, stride: int, offset: float) -> VoxelGrid:
        """Return the grid of those voxels of a map with this geometry that are in the tomogram."""
        z, y, x = (-(-side // stride) for side in self.inside)
        return self.grid.strided(stride, offset, (z, y, x))


@dataclass(frozen=True)
class Attribution:
    """A map that explains the score at a point.

    Attributes
    ----------
    values
        float32 ``(z, y, x)``, in logits: positive where the tomogram speaks for a motor at
        `target`, negative where it speaks against one.
    grid
        Where they lie.
    target
        Centre (z, y, x) in Å of the heatmap voxel that is explained: of the 27 around the point the
        one with the highest score.
    voxel
        The same, as a voxel of the crop's heatmap.
    logit, score
        The network's answer there, and the calibrated probability; of one pass, without flips.
    crop
        What the network saw.
    """

    method: str
    values: NDArray[np.float32]
    grid: VoxelGrid
    target: Vector
    voxel: Shape
    logit: float
    score: float
    crop: Crop
    device: str
    seconds: float

    @property
    def maximum(self) -> Vector:
        """Where (z, y, x) in Å the map is highest."""
        place = np.unravel_index(int(self.values.argmax()), self.values.shape)
        z, y, x = self.grid.to_world(np.array(place)).tolist()
        return z, y, x


@dataclass(frozen=True)
class MethodFacts:
    """A way to explain.

    Attributes
    ----------
    name, label
        What `AttributionRequest` and what a person calls it.
    shows
        What its map shows, in one sentence.
    missing
        What it needs that is not installed, and the remedy, in a sentence; empty if nothing.
    """

    name: str
    label: str
    shows: str
    missing: str = ""


@dataclass(frozen=True)
class MethodsRequest(Request[tuple[MethodFacts, ...]]):
    """Say what ways to explain there are, the quickest first."""


@dataclass(frozen=True)
class AttributionRequest(NetworkRequest[Attribution], Generic[V, M]):
    """Explain the network's answer at a point.

    Attributes
    ----------
    tomogram, model
        What to look at with which network: these, or references to them.
    at
        The point (z, y, x) in Å, a pick's or any other.
    method
        ``hirescam``, ``gradients``, ``integrated`` or ``occlusion``.
    steps
        Points on the way from plain grey to the tomogram (integrated gradients).
    block
        Side of what is covered at once, in Å (occlusion).
    reach
        How far from the point it is covered, in Å (occlusion).
    intensity
        Grey values as `motorscope.tomogram.intensity_range` returns them, if they are known.
    """

    tomogram: V
    model: M
    at: Vector
    method: str = "hirescam"
    steps: int = 16
    block: float = 400.0
    reach: float = 600.0
    intensity: tuple[float, float] | None = None
    settings: RunSettings = field(default_factory=RunSettings)

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.block > 0 or not self.reach > 0:
            raise ConfigError(
                "Steps, block and reach must be positive, not "
                f"{self.steps}, {self.block:g} and {self.reach:g}."
            )


@dataclass(frozen=True)
class Effects:
    """What each channel of a stage adds to the score at a point.

    Attributes
    ----------
    stage
        The stage's name.
    target, logit, score
        See `Attribution`.
    without
        Calibrated probability ``(channel,)`` with that channel alone set to its mean everywhere.
    logits_without
        The same before calibration.
    """

    stage: str
    target: Vector
    logit: float
    score: float
    without: NDArray[np.float32]
    logits_without: NDArray[np.float32]

    @property
    def effect(self) -> NDArray[np.float32]:
        """What of the score is lost without each channel ``(channel,)``; negative: it rises."""
        return np.asarray(self.score - self.without, np.float32)

    @property
    def effect_logit(self) -> NDArray[np.float32]:
        """The same before calibration, in logits: it tells channels apart at any score."""
        return np.asarray(self.logit - self.logits_without, np.float32)

    @property
    def in_words(self) -> str:
        """What the score is, and what it would be without the channel that adds the most."""
        first = int(self.effect_logit.argmax())
        return (
            f"Score of this motor {self.score:.2f} (logit {self.logit:.2f}) in one pass without "
            f"flips; without channel {first} {self.without[first]:.2f} "
            f"({self.logits_without[first]:.2f})."
        )


@dataclass(frozen=True)
class EffectsRequest(NetworkRequest[Effects], Generic[V, M]):
    """Say what each channel of an open stage adds to the score at a point.

    Attributes
    ----------
    tomogram, model
        What to look at with which network: these, or references to them.
    key
        That of the open stage of this network over this tomogram.
    at
        The point (z, y, x) in Å.
    """

    tomogram: V
    model: M
    key: str
    at: Vector
    settings: RunSettings = field(default_factory=RunSettings)


@dataclass(frozen=True)
class Deletion:
    """What is left of the score.

    Attributes
    ----------
    score
        Calibrated probability with nothing replaced.
    voxels
        How many were replaced for each radius.
    scores
        Calibrated probability afterwards.
    """

    score: float
    radii: tuple[float, ...]
    voxels: tuple[int, ...]
    scores: tuple[float, ...]

    @property
    def fall(self) -> float:
        """Share of the score that is lost, averaged over the radii; the more, the better the map.

        It is 0 where a map marks nothing that matters, and 1 where the least replacement ends it.
        """
        if self.score <= 0:
            return 0.0
        return 1 - sum(self.scores) / (self.score * len(self.scores))


@dataclass(frozen=True)
class DeletionRequest(Request[Deletion], Generic[M]):
    """Replace what a map marks by plain grey, the highest values first, and ask for the score.

    Attributes
    ----------
    model, crop, voxel
        What was explained: see `Attribution`. All maps to be compared must have the same.
    values, grid
        The map, of any method and on any grid; only where it is positive does it mark.
    radii
        As many voxels are replaced as balls of these radii in Å hold.
    """

    model: M
    crop: Crop
    voxel: Shape
    values: NDArray[np.float32]
    grid: VoxelGrid
    radii: tuple[float, ...] = RADII
    settings: RunSettings = field(default_factory=RunSettings)

    def __post_init__(self) -> None:
        if not self.radii or min(self.radii) <= 0:
            raise ConfigError(f"A deletion test needs positive radii in Å, not {self.radii}.")

    @classmethod
    def of(
        cls, model: M, attribution: Attribution, settings: RunSettings | None = None
    ) -> "DeletionRequest[M]":
        """Return the request for what was explained."""
        return cls(
            model=model,
            crop=attribution.crop,
            voxel=attribution.voxel,
            values=attribution.values,
            grid=attribution.grid,
            settings=settings or RunSettings(),
        )
