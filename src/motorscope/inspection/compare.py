"""Two models on one tomogram: where their heatmaps, their candidates and their stages differ."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes

from motorscope.contract import DetectionResult, FeatureResult
from motorscope.errors import ConfigError
from motorscope.inspection.basis import principal_axes
from motorscope.inspection.regrid import resampled
from motorscope.picks.scoring import Matches, match_picks
from motorscope.tomogram import VoxelGrid

Floats = NDArray[np.float64]

_SAMPLE = 200_000  # voxels that the axes are fitted to
_ALIGNED = 16  # components of each model that are turned onto each other


@dataclass(frozen=True)
class DetectionComparison:
    """What two models found in one tomogram.

    Attributes
    ----------
    grid
        That of the first model's heatmap; both are given on it.
    first, second, difference
        Calibrated probabilities, float32 ``(z, y, x)``, and the second minus the first.
    matches
        Which candidates are the same: rows of the second's as found, of the first's as truth.
    """

    grid: VoxelGrid
    first: NDArray[np.float32]
    second: NDArray[np.float32]
    difference: NDArray[np.float32]
    matches: Matches


@dataclass(frozen=True)
class StageComparison:
    """The same stage of two models in the colors of the first.

    Attributes
    ----------
    grid
        That of the first model's maps; both are given on it.
    first, second
        Components, float32 ``(k, z, y, x)``: the first model's principal ones, most variance first,
        and what of the second model is like them.
    agreement
        How much of the first model's components the second one's have too: the share of their
        variance that is left of 1 when the difference is taken off, for each ``(k,)``; at most 1.
    """

    grid: VoxelGrid
    first: NDArray[np.float32]
    second: NDArray[np.float32]
    agreement: Floats


def compare_detections(
    first: DetectionResult,
    second: DetectionResult,
    radius: float,
    thresholds: tuple[float, float] = (0.0, 0.0),
) -> DetectionComparison:
    """Compare what two models found in one tomogram.

    Parameters
    ----------
    radius
        How far apart in Å two candidates may be and be the same.
    thresholds
        Least score of a candidate of the first and of the second model.
    """
    moved = resampled(second.heatmap, second.grid, first.grid)
    one, two = (
        result.candidates.above(threshold).positions
        for result, threshold in zip((first, second), thresholds, strict=True)
    )
    return DetectionComparison(
        grid=first.grid,
        first=first.heatmap,
        second=moved,
        difference=moved - first.heatmap,
        matches=match_picks(two, one, radius),
    )


def compare_stages(
    first: FeatureResult, second: FeatureResult, count: int = 3, seed: int = 0
) -> StageComparison:
    """Show the same stage of two models in one basis.

    Channels of two networks have nothing to do with each other, even if both see the same: their
    order, their signs and their mixtures are free. So the principal components of the second are
    turned onto those of the first (orthogonal Procrustes), by turning and one scale for all alone:
    what the second does not see cannot be made up.

    Parameters
    ----------
    count
        Components to return.
    seed
        Of the voxels that the axes are fitted to.

    Raises
    ------
    ConfigError
        If a stage has fewer channels than that.
    """
    kept = min(_ALIGNED, len(first.maps), len(second.maps))
    if not 1 <= count <= kept:
        raise ConfigError(f"Both stages have {kept} components to compare, not {count}.")
    spatial = first.grid.shape
    one = first.maps.reshape(len(first.maps), -1)
    two = np.stack([resampled(each, second.grid, first.grid).ravel() for each in second.maps])
    some = np.random.default_rng(seed).permutation(one.shape[1])[:_SAMPLE]
    own = _Axes(one[:, some].astype(float), kept)
    other = _Axes(two[:, some].astype(float), kept)
    scores, others = own.of(one[:, some]), other.of(two[:, some])
    turn, strength = orthogonal_procrustes(others.T, scores.T)
    scale = strength / max(float(np.square(others).sum()), np.finfo(float).tiny)
    turned = (scale * turn.T)[:count]
    left = np.square(scores[:count] - turned @ others).sum(axis=1)
    whole = np.maximum(np.square(scores[:count]).sum(axis=1), np.finfo(float).tiny)
    return StageComparison(
        grid=first.grid,
        first=own.of(one)[:count].astype(np.float32).reshape(count, *spatial),
        second=(turned @ other.of(two)).astype(np.float32).reshape(count, *spatial),
        agreement=1 - left / whole,
    )


class _Axes:
    """Principal axes of samples ``(channel, n)``, the largest weight of each positive."""

    def __init__(self, samples: Floats, count: int) -> None:
        self._mean = samples.mean(axis=1, keepdims=True)
        self._axes, _ = principal_axes(np.cov(samples).reshape(len(samples), -1), count)

    def of(self, samples: NDArray[np.floating]) -> Floats:
        """Return the components ``(k, n)``."""
        return np.asarray(self._axes @ (samples - self._mean))
