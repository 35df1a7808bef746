"""From a heatmap to points: local maxima, a minimum distance, and positions finer than a voxel."""

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from motorscope.picks.table import PickTable
from motorscope.picks.thinning import thinned
from motorscope.tomogram.grid import VoxelGrid

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

LIMIT = 10_000
"""Most candidates of a tomogram."""

FLOOR = 0.01
"""Lowest probability of a candidate; below it, maxima are everywhere, and mean nothing.

It is low on purpose: a threshold is chosen afterwards, without a new run.
"""

_AROUND = 8  # voxels around a corner, the most between which a summit can lie
_NEIGHBOURS = np.array([o for o in itertools.product((-1, 0, 1), repeat=3) if any(o)])


def find_candidates(
    heatmap: ArrayLike,
    grid: VoxelGrid,
    minimum_distance: float,
    floor: float = FLOOR,
    limit: int = LIMIT,
) -> PickTable:
    """Return the local maxima of a heatmap, best first; none is an ordinary answer.

    Parameters
    ----------
    heatmap
        Calibrated probabilities ``(z, y, x)``; values that are not finite count as 0.
    grid
        The heatmap's grid; the spacing must be known.
    minimum_distance
        Closest distance of two candidates in Å. Of two that are closer the better one stays.
    floor
        Lowest probability of a candidate.
    limit
        Most candidates.

    Returns
    -------
    PickTable
        Positions in Å; the score is the probability at the maximum's voxel.

    Raises
    ------
    SpacingError
        If the grid's spacing is unknown.
    """
    return thinned(find_maxima(heatmap, grid, floor), minimum_distance, limit).renumbered()


def find_maxima(heatmap: ArrayLike, grid: VoxelGrid, floor: float = FLOOR) -> PickTable:
    """Return all local maxima of a heatmap, best first, however near to each other they are.

    Parameters, result and errors are those of `find_candidates`.
    """
    values = np.nan_to_num(np.asarray(heatmap, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    voxels, scores = _local_maxima(values, floor)
    order = np.argsort(-scores, kind="stable")
    return PickTable.from_positions(grid.to_world(voxels[order]), scores[order])


def _local_maxima(values: NDArray[np.float32], floor: float) -> tuple[Floats, Floats]:
    """Return sub-voxel positions ``(n, 3)`` and values ``(n,)`` of all maxima.

    A maximum is as high as its 26 neighbours; neighbours of equal value are one, in their middle.
    """
    highest = ndimage.maximum_filter(values, size=3, mode="nearest")
    mask = (values == highest) & (values >= floor) & (values > 0)
    if not mask.any():
        return np.empty((0, 3)), np.empty(0)
    labels, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    members = np.argwhere(mask)
    groups = labels[mask] - 1
    summit = np.ones(count, dtype=bool)
    summit[groups[_touches_higher_ground(values, mask, members)]] = False

    sizes = np.bincount(groups, minlength=count)
    # Voxels are equal around a summit between them, where the parabolas of all find it.
    few = summit[groups] & (sizes[groups] <= _AROUND)
    peaks = members[few]
    _, first, owner, shares = np.unique(
        groups[few], return_index=True, return_inverse=True, return_counts=True
    )
    refined = np.zeros((len(first), 3))
    np.add.at(refined, owner, peaks + _quadratic_shift(values, peaks))
    plateaus = np.flatnonzero(summit & (sizes > _AROUND))
    positions = [refined / shares[:, None]]
    scores = [values[tuple(peaks[first].T)]]
    by_group = np.split(members[np.argsort(groups, kind="stable")], np.cumsum(sizes)[:-1])
    for group in plateaus:
        places = by_group[group]
        positions.append(_middle(places)[None])
        scores.append(values[tuple(places[:1].T)])
    return np.concatenate(positions), np.concatenate(scores).astype(float)


def _touches_higher_ground(
    values: NDArray[np.float32], mask: NDArray[np.bool_], members: Indices
) -> NDArray[np.bool_]:
    """Tell which members have an equal neighbour outside of the mask, that is on a slope."""
    size = np.array(values.shape)
    own = values[tuple(members.T)]
    touches = np.zeros(len(members), dtype=bool)
    for offset in _NEIGHBOURS:
        # Clipping at the border looks at another neighbour twice, which does no harm.
        near = tuple(np.clip(members + offset, 0, size - 1).T)
        touches |= (values[near] == own) & ~mask[near]
    return touches


def _middle(places: Indices) -> Floats:
    """Return the centroid of a plateau, or its nearest member where the plateau is hollow."""
    centroid = places.mean(axis=0)
    distances = np.abs(places - centroid).max(axis=1)
    nearest = int(distances.argmin())
    return np.asarray(centroid if distances[nearest] <= 0.5 else places[nearest], dtype=float)


def _quadratic_shift(values: NDArray[np.float32], peaks: Indices) -> Floats:
    """Return the vertex of a parabola through each peak and its neighbours, within ±0.5 voxel.

    The parabola is fitted to the logarithm: networks are trained to draw Gaussians, whose logarithm
    is a parabola, so that the vertex is exact. A peak at the border stays where it is on that axis.
    """
    shifts = np.zeros((len(peaks), 3))
    tiny = np.finfo(np.float32).tiny
    centre = np.log(values[tuple(peaks.T)].astype(float))
    for axis, side in enumerate(values.shape):
        inside = np.flatnonzero((peaks[:, axis] > 0) & (peaks[:, axis] < side - 1))
        step = np.eye(3, dtype=np.intp)[axis]
        below, above = (
            np.log(np.maximum(values[tuple((peaks[inside] + sign * step).T)].astype(float), tiny))
            for sign in (-1, 1)
        )
        curvature = 2 * centre[inside] - below - above  # positive: both neighbours are lower
        curved = curvature > 0  # not within a plateau
        vertex = (above - below)[curved] / (2 * curvature[curved])
        shifts[inside[curved], axis] = np.clip(vertex, -0.5, 0.5)
    return shifts
