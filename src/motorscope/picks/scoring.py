"""Comparing picks with a truth."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from motorscope.picks.table import PickTable


@dataclass(frozen=True)
class Matches:
    """Which picks were matched with which.

    Attributes
    ----------
    pairs
        ``(k, 2)`` row numbers: found, truth; in the order of the first.
    distances
        ``(k,)`` in Å.
    unmatched_found, unmatched_truth
        Row numbers of those without a partner.
    """

    pairs: NDArray[np.intp]
    distances: NDArray[np.float64]
    unmatched_found: NDArray[np.intp]
    unmatched_truth: NDArray[np.intp]

    @property
    def counts(self) -> "Counts":
        """True positives, false positives and false negatives."""
        return Counts(len(self.pairs), len(self.unmatched_found), len(self.unmatched_truth))


@dataclass(frozen=True)
class Counts:
    """True positives, false positives, false negatives; they add up over tomograms with ``+``."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of the found that is true; NaN when nothing was found."""
        return _share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the truth that was found; NaN when there was nothing to find."""
        return _share(self.tp, self.tp + self.fn)

    def f_beta(self, beta: float) -> float:
        """Weighted harmonic mean of precision and recall, see `f_beta`."""
        return f_beta(self.tp, self.fp, self.fn, beta)


def match_picks(found: ArrayLike, truth: ArrayLike, radius: float) -> Matches:
    """Match points one to one, none farther apart than `radius`.

    Of all such matchings it takes one with the most pairs, and of those one with the smallest sum
    of distances.

    Parameters
    ----------
    found, truth
        Positions ``(n, 3)`` and ``(m, 3)`` in Å.
    radius
        In Å.
    """
    left = np.asarray(found, dtype=float).reshape(-1, 3)
    right = np.asarray(truth, dtype=float).reshape(-1, 3)
    pairs = [np.empty((0, 2), dtype=np.intp)]
    for rows, columns in _groups(left, right, radius):
        distances = cdist(left[rows], right[columns])
        # One pair too far apart costs more than all pairs within the radius together.
        too_far = radius * (min(distances.shape) + 1) + 1.0
        costs = np.where(distances <= radius, distances, too_far)
        first, second = _assigned(costs)
        near = distances[first, second] <= radius
        pairs.append(np.column_stack((rows[first[near]], columns[second[near]])))
    matched = np.concatenate(pairs)
    matched = matched[np.argsort(matched[:, 0])]
    return Matches(
        pairs=matched,
        distances=np.linalg.norm(left[matched[:, 0]] - right[matched[:, 1]], axis=1),
        unmatched_found=np.setdiff1d(np.arange(len(left)), matched[:, 0]),
        unmatched_truth=np.setdiff1d(np.arange(len(right)), matched[:, 1]),
    )


def _assigned(
    costs: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns of the cheapest one-to-one assignment."""
    if 1 in costs.shape:
        row, column = divmod(int(costs.argmin()), costs.shape[1])
        return np.array([row]), np.array([column])
    # Its import stops a window for a fifth of a second, and is hardly ever needed.
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(costs)
    return rows, columns


def _groups(
    left: NDArray[np.float64], right: NDArray[np.float64], radius: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield row numbers of both sides that may be matched with each other and with no others."""
    if not len(left) or not len(right):
        return
    reach = radius * (1 + 1e-9) + 1e-9  # the exact comparison comes later
    near = cKDTree(left).query_ball_tree(cKDTree(right), reach)
    rows = np.repeat(np.arange(len(left)), [len(each) for each in near])
    columns = np.fromiter(chain.from_iterable(near), dtype=np.intp, count=len(rows))
    total = len(left) + len(right)
    graph = coo_array((np.ones(len(rows)), (rows, len(left) + columns)), shape=(total, total))
    _, group = connected_components(graph, directed=False)
    order = np.argsort(group, kind="stable")  # the left ones of a group come first
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        split = int(np.searchsorted(members, len(left)))
        if 0 < split < len(members):
            yield members[:split], members[split:] - len(left)


def f_beta(tp: int, fp: int, fn: int, beta: float) -> float:
    """Return (1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP); NaN when all three counts are zero."""
    weight = beta * beta
    return _share((1 + weight) * tp, (1 + weight) * tp + weight * fn + fp)


def competition_counts(
    found: Mapping[str, PickTable], truth: Mapping[str, PickTable], radius: float = 1000.0
) -> Counts:
    """Count tomograms by the rules of "BYU – Locating Bacterial Flagellar Motors 2025".

    Of each tomogram only the pick with the best score counts. Where there are motors it is a true
    positive within `radius` Å of one of them; else the tomogram is one false negative, and no false
    positive. Where there are none, any pick is one false positive. A tomogram that is missing in
    one of the mappings has no picks there.
    """
    total = Counts()
    nothing = PickTable.empty()
    for name in found.keys() | truth.keys():
        picks = found.get(name, nothing)
        motors = truth.get(name, nothing)
        if not len(motors):
            total += Counts(fp=int(len(picks) > 0))
        else:
            distances = cdist(picks.best().positions, motors.positions)
            hit = bool((distances <= radius).any())
            total += Counts(tp=int(hit), fn=int(not hit))
    return total


def competition_f2(
    found: Mapping[str, PickTable], truth: Mapping[str, PickTable], radius: float = 1000.0
) -> float:
    """Return the competition's score, F2 over tomograms; see `competition_counts`."""
    return competition_counts(found, truth, radius).f_beta(2.0)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
