"""A least distance between picks, and what is left when it is kept."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from motorscope.picks.table import PickTable


def thinned(picks: PickTable, distance: float, limit: int | None = None) -> PickTable:
    """Return picks of which no two are nearer than a distance; the better one of two stays.

    Parameters
    ----------
    picks
        From the best to the worst.
    distance
        In Å; picks that are exactly so far apart both stay.
    limit
        Most picks to return, the best ones; all if ``None``.
    """
    return picks.select(far_apart(picks.positions, distance, limit))


def far_apart(
    places: NDArray[np.float64], distance: float, limit: int | None = None
) -> NDArray[np.intp]:
    """Return the row numbers of `thinned` for positions ``(n, 3)`` alone, best first."""
    most = len(places) if limit is None else limit
    if distance <= 0 or not len(places):
        return np.arange(min(most, len(places)))
    tree = cKDTree(places)
    free = np.ones(len(places), dtype=bool)
    radius = np.nextafter(distance, 0.0)
    kept: list[int] = []
    for row in range(len(places)):
        if len(kept) == most:
            break
        if free[row]:
            kept.append(row)
            free[tree.query_ball_point(places[row], radius)] = False
    return np.array(kept, dtype=np.intp)
