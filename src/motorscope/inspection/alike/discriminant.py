"""Places that look, to a network, like a few examples: a linear discriminant in closed form.

Cosine similarity does not do it: what all voxels share outweighs what examples have of their own.
The discriminant divides that out with the covariance of the background. A place is described by
the values of its voxel and of the 26 about it. These are taken to have one and the same covariance
of the channels, and none between two voxels: a whole one would be of 27 times the channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.errors import PicksError
from motorscope.inspection.basis import pooled
from motorscope.inspection.reducers import Moments
from motorscope.picks import PickTable
from motorscope.picks.maxima.candidates import LIMIT, find_maxima
from motorscope.picks.thinning import thinned
from motorscope.tomogram import VoxelGrid

SHRINKAGE = 0.6
"""Share of the mean variance that is put in place of the covariance; chosen by measurement."""

REJECTED_SHARE = 0.05
"""How much of the background a rejected example counts as."""

AROUND = np.array(list(np.ndindex(3, 3, 3))) - 1
"""The voxels that describe a place, its own and those about it: steps ``(voxel, 3)``, z, y, x."""

FLOOR = 0.1
"""Least similarity of a candidate: examples have 1 on average, the background 0."""


@dataclass(frozen=True)
class Discriminant:
    """What to look for: similarity is ``sum(weights * (values - center))`` over a voxel and others.

    Attributes
    ----------
    weights
        ``(voxel, channel)``, voxels as in `AROUND`; the examples' mean has similarity 1.
    center
        The background's mean ``(voxel, channel)``, of similarity 0.
    shares
        How much each channel adds to the examples' similarity of 1 ``(channel,)``.
    """

    weights: NDArray[np.float64]
    center: NDArray[np.float64]
    shares: NDArray[np.float64]

    def top_channels(self, count: int = 5) -> list[int]:
        """Return the channels that decide the most, the first of them most of all."""
        return [int(c) for c in np.argsort(-self.shares, kind="stable")[:count]]

    def seen_in(self, tomogram: Moments, examples: Moments) -> "Discriminant":
        """Return it for one tomogram, so that similarities in all tomograms can be compared.

        Noise and contrast differ between tomograms, and with them how far the similarity of mere
        background scatters. It is told from the tomogram's own mean, in its own standard
        deviations, against those of the examples' tomograms.

        Parameters
        ----------
        tomogram
            Where to look.
        examples
            `around_own_means` of the examples' tomograms.
        """
        there, here = (
            float(np.sum(self.weights @ m.covariance * self.weights)) for m in (examples, tomogram)
        )
        ratio = np.sqrt(there / here) if here > 0 else 1.0
        return replace(self, weights=ratio * self.weights, center=tomogram.mean + self.center)


def discriminant(
    background: Moments,
    examples: ArrayLike,
    rejected: ArrayLike | None = None,
    shrinkage: float = SHRINKAGE,
) -> Discriminant:
    """Return ``Σ⁻¹ (q − μ)`` of each voxel, scaled so that the examples have similarity 1.

    Parameters
    ----------
    background
        Mean μ and covariance Σ of the stage over a tomogram, or several.
    examples
        Values ``(n, voxel, channel)`` at what to look for; q is their mean.
    rejected
        Values at what not to look for, or ``None``: they weigh in as part of the background.
    shrinkage
        How much the covariance is drawn to a multiple of the identity, 0 to 1.

    Raises
    ------
    PicksError
        If there is no example, or the examples are no different from the background.
    """
    wanted = np.asarray(examples, dtype=float)
    if not wanted.size:
        raise PicksError("There is no example to look for; choose one pick at least.")
    mean, covariance = background.mean, background.covariance
    if rejected is not None and len(refused := np.asarray(rejected, dtype=float)):
        mean, covariance = _mixed(mean, covariance, refused)
    channels = len(covariance)
    scale = np.trace(covariance) / channels
    covariance = (1 - shrinkage) * covariance + shrinkage * scale * np.eye(channels)
    away = wanted.mean(axis=0) - mean
    if not scale > 0 or not np.any(away):
        raise PicksError(
            "The examples look like the background to this stage; choose another stage or other "
            "picks."
        )
    weights = np.linalg.solve(covariance, away.T).T
    weights /= np.sum(weights * away)
    center = np.broadcast_to(mean, away.shape)
    return Discriminant(weights, center, shares=np.sum(weights * away, axis=0))


def around_own_means(tomograms: Sequence[Moments]) -> Moments:
    """Return the moments of several tomograms' voxels, each less its tomogram's mean."""
    return pooled(
        [
            replace(
                m,
                mean=np.zeros_like(m.mean),
                least=m.least - m.mean,
                greatest=m.greatest - m.mean,
            )
            for m in tomograms
        ]
    )


def find_alike(
    similarity: NDArray[np.float32],
    grid: VoxelGrid,
    minimum_distance: float,
    examples: PickTable | None = None,
    floor: float = FLOOR,
) -> PickTable:
    """Return the maxima of a similarity map, best first, as candidates of origin ``alike``.

    Parameters
    ----------
    similarity
        ``(z, y, x)`` on `grid`.
    minimum_distance
        Least distance of two candidates, and of a candidate and an example, in Å.
    examples
        Picks of this tomogram that were examples, of either kind; they are left out.

    Returns
    -------
    PickTable
        The score is the similarity, which is above 1 where it stands out more than the examples.
    """
    maxima = find_maxima(similarity, grid, floor)
    if examples is not None:
        maxima = maxima.away_from(examples, minimum_distance)
    found = thinned(maxima, minimum_distance, LIMIT)
    return PickTable.from_positions(found.positions, found.scores, origin="alike")


def _mixed(
    mean: NDArray[np.float64], covariance: NDArray[np.float64], refused: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the moments of a background that is in part what was rejected.

    The mean is that of each voxel about a place, ``(voxel, channel)``, the covariance one of all.
    """
    share = 1 - (1 - REJECTED_SHARE) ** len(refused)
    away = refused.mean(axis=0) - mean
    spread = (refused - refused.mean(axis=0)).reshape(-1, refused.shape[-1])
    theirs = spread.T @ spread / len(spread)
    mixed = (1 - share) * covariance + share * theirs
    between = away.T @ away / len(away)
    return mean + share * away, mixed + share * (1 - share) * between
