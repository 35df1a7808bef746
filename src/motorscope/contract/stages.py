"""What the encoder sees: what can be asked about a stage of a network, and what comes back.

A stage is opened first: it is computed, or found among those that are kept on disk. What is asked
of it afterwards names the open stage by its key and needs no device.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motorscope.contract.card import FeatureSpec
from motorscope.contract.requests import NetworkRequest, Region, Request, RunSettings
from motorscope.picks.table import PickTable
from motorscope.tomogram.grid import Shape, Vector, VoxelGrid
from motorscope.words import counted, duration, in_angstrom, in_bytes

M = TypeVar("M")
V = TypeVar("V")

BY_BACKGROUND = "accepted picks against background"
BY_VARIANCE = "variance"
"""What channels are ranked by."""

Overview = Literal["mean", "max", "std", "pca"]
"""Mean, maximum, standard deviation over the channels; principal components in color."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of which a stage's values are told, channel by channel."""

BINS = 32
"""Into how many bins a channel's values are counted."""


def stage_to_ask(names: Sequence[str], detector: bool) -> str:
    """Return the stage that tells motors from other things best, as far as was measured.

    That is the last of a detector's decoder, just before its logits; of an encoder alone, its
    middle.

    Parameters
    ----------
    names
        Of all stages, from the stem on.
    """
    return names[-2] if detector else names[len(names) // 2]


@dataclass(frozen=True)
class StageFacts:
    """A stage of a network for a tomogram, before it is computed; triples are z, y, x.

    Attributes
    ----------
    spec
        Name, channels, stride in voxels of the network's input, offset.
    spacing
        Size of its voxels in Å.
    sees
        Sides of the box in Å that one voxel depends on at most.
    shape
        Its voxels.
    bytes
        What all its maps take.
    kept
        Whether it is on disk already.
    """

    spec: FeatureSpec
    spacing: Vector
    sees: Vector
    shape: Shape
    bytes: int
    kept: bool = False

    def in_words(self, seconds: float | None = None) -> str:
        """Return what a person should know; `seconds` is how long it takes, if that is known."""
        room = f"{in_bytes(self.bytes)} on disk"
        if self.kept:
            room += ", computed already"
        elif seconds is not None:
            room += f", about {duration(seconds)} to compute"
        return (
            f"{counted(self.spec.channels, 'channel')}; voxels of {in_angstrom(self.spacing)}, "
            f"{self.spec.stride} of the network's wide; "
            f"each sees {in_angstrom(self.sees)} at most; {room}."
        )


@dataclass(frozen=True)
class StagesRequest(Request[tuple[StageFacts, ...]], Generic[V, M]):
    """Say what can be looked at in a network for a tomogram, from the stem to the logits.

    Attributes
    ----------
    tomogram, model
        What to look at with which network: these, or references to them.
    region
        The box to look at, or ``None`` for the whole tomogram.
    """

    tomogram: V
    model: M
    region: Region | None = None
    settings: RunSettings = field(default_factory=RunSettings)


@dataclass(frozen=True)
class OpenStage:
    """A stage that was computed, and is kept on disk.

    Attributes
    ----------
    key
        What it is known by, for what is asked of it next.
    spec, grid
        Its geometry.
    maps
        float16 ``(channel, z, y, x)``, mapped from the disk.
    limits
        Values ``(channel, 2)`` from which to which a map is shown.
    quantiles
        Values ``(quantile, channel)`` at `QUANTILES`, of voxels drawn at random.
    counts
        How many of those ``(channel, bin)`` are in each of `BINS` bins between the limits.
    """

    key: str
    spec: FeatureSpec
    grid: VoxelGrid
    maps: NDArray[np.float16]
    limits: NDArray[np.float32]
    quantiles: NDArray[np.float32]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class OpenStageRequest(NetworkRequest[OpenStage], Generic[V, M]):
    """Open a stage of a network over a tomogram, or over a box in it.

    Attributes
    ----------
    tomogram, model
        What to look at with which network: these, or references to them.
    stage
        One of the names in `StagesRequest`'s answer.
    region
        The box to look at, or ``None`` for the whole tomogram.
    """

    tomogram: V
    model: M
    stage: str
    region: Region | None = None
    settings: RunSettings = field(default_factory=RunSettings)


@dataclass(frozen=True)
class Ranking:
    """The channels of a stage, best first.

    Attributes
    ----------
    by
        What they are ranked by: `BY_BACKGROUND` or, without accepted picks, `BY_VARIANCE`.
    table
        ``channel``; ``auc``, the chance that an accepted pick stands out against a voxel of the
        background; ``direction``, ``up`` where picks are brighter and ``down`` where darker;
        ``auc_rejected``, ``direction_rejected``, the same against rejected picks;
        ``variance``, ``mean``, ``at_accepted``, the mean over the picks. NaN or empty where
        unknown.
    """

    by: str
    table: pd.DataFrame


@dataclass(frozen=True)
class RankingRequest(Request[Ranking]):
    """Rank the channels of an open stage.

    Attributes
    ----------
    accepted, rejected
        Places ``(n, 3)`` in Å of picks.
    at
        A place (z, y, x) in Å: the answer's table gets columns ``at``, the value there, and
        ``percentile``, the share of the stage's values, in percent, that lie below.
    """

    key: str
    accepted: NDArray[np.float64]
    rejected: NDArray[np.float64]
    at: Vector | None = None


@dataclass(frozen=True)
class OverviewMap:
    """All channels of a stage in one picture.

    Attributes
    ----------
    of
        What was asked for.
    values
        float32 ``(z, y, x)``; of principal components uint8 ``(z, y, x, 3)``, red, green, blue.
    limits
        Values from which to which it is shown.
    explained
        Shares of the variance that the components explain.
    own
        Whether the components were fitted to this very stage, so that a color means nothing in
        another tomogram.
    """

    of: Overview
    values: NDArray[np.float32] | NDArray[np.uint8]
    limits: tuple[float, float] = (0.0, 255.0)
    explained: tuple[float, ...] = ()
    own: bool = False

    @property
    def in_words(self) -> str:
        """What the colors of principal components mean."""
        names = ("red", "green", "blue")[: len(self.explained)]
        pairs = zip(names, self.explained, strict=True)
        parts = ", ".join(f"{name} {100 * share:.0f} %" for name, share in pairs)
        end = (
            "fitted to this tomogram: a color means nothing in another one"
            if self.own
            else "the model's own: a color means the same in every tomogram"
        )
        return f"Share of the variance: {parts}; {end}."


@dataclass(frozen=True)
class OverviewRequest(Request[OverviewMap], Generic[M]):
    """Show all channels of an open stage in one picture.

    Attributes
    ----------
    model
        Whose basis of colors is taken, where one is kept with it.
    """

    key: str
    of: Overview
    model: M


@dataclass(frozen=True)
class Alike:
    """Where a stage looks like examples.

    Attributes
    ----------
    similarity
        float32 ``(z, y, x)`` on `grid`: 1 is what the examples have, 0 the background;
        what stands out more than the examples has more than 1.
    candidates
        Its maxima, best first, of origin ``alike``; the examples left out.
    channels
        Those that decide the most, and how much each adds to the examples' 1.
    """

    similarity: NDArray[np.float32]
    grid: VoxelGrid
    candidates: PickTable
    channels: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class AlikeRequest(Request[Alike]):
    """Find what looks, to an open stage, like some picks.

    Attributes
    ----------
    wanted, rejected
        What to look for, and what not; picks of the stage's tomogram.
    minimum_distance
        Least distance, in Å, of two candidates, and of a candidate and an example.
    """

    key: str
    wanted: PickTable
    rejected: PickTable
    minimum_distance: float


@dataclass(frozen=True)
class AlikeElsewhereRequest(NetworkRequest[Alike], Generic[V, M]):
    """Find in another tomogram what looks, to a stage, like picks of an open stage's tomogram.

    Attributes
    ----------
    tomogram, model
        Where to look with which network: these, or references to them.
    key
        That of the open stage of the examples' tomogram, computed with the same network.
    wanted, rejected, minimum_distance
        See `AlikeRequest`.
    """

    tomogram: V
    model: M
    key: str
    wanted: PickTable
    rejected: PickTable
    minimum_distance: float
    settings: RunSettings = field(default_factory=RunSettings)
