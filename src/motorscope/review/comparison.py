"""Two sets of picks of one tomogram side by side: who has what, and where they disagree."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.errors import PicksError
from motorscope.picks import Counts, PickTable, match_picks

RADIUS = 500.0
"""Å within which two picks mean the same motor: about its diameter."""

VERDICTS = ("both", "mine", "theirs")
"""Who has a motor."""


@dataclass(frozen=True)
class Comparison:
    """What two sets of picks have in common.

    Attributes
    ----------
    places
        Positions ``(n, 3)`` in Å, z, y, x: of a pair, mine.
    verdicts
        For each place one of `VERDICTS`.
    ids
        The id of my pick at each place ``(n,)``; -1 for those that only they have.
    counts
        With theirs as the truth.
    """

    places: NDArray[np.float64]
    verdicts: tuple[str, ...]
    ids: NDArray[np.int64]
    counts: Counts

    @property
    def disagreements(self) -> NDArray[np.intp]:
        """Rows of what only one side has, along z, then y, then x."""
        rows = np.flatnonzero([verdict != "both" for verdict in self.verdicts])
        return rows[np.lexsort(self.places[rows].T[::-1])]


@dataclass(frozen=True)
class Compared:
    """A comparison, and how it came about.

    Attributes
    ----------
    comparison
        What came out.
    other
        The identity of the other set's layer.
    radius
        In Å.
    remark
        What was assumed; empty if nothing.
    stale
        Whether my picks have changed since.
    place
        Where the last step led, z, y, x in Å.
    """

    comparison: Comparison
    other: str
    radius: float
    remark: str = ""
    stale: bool = False
    place: tuple[float, ...] | None = None

    def stepped(self, step: int) -> tuple["Compared", int]:
        """Go to the next disagreement (-1: the one before), round the end.

        Returns
        -------
        Compared
            The comparison with the `place` of that.
        int
            Its number among `Comparison.disagreements`.

        Raises
        ------
        PicksError
            If all is the same.
        """
        rows = self.comparison.disagreements
        if not len(rows):
            raise PicksError("Both sets have the same motors; there is no disagreement.")
        places = [tuple(place) for place in self.comparison.places[rows].tolist()]
        if self.place is None:
            number = 0 if step > 0 else len(rows) - 1
        elif step > 0:
            number = bisect_right(places, self.place) % len(rows)
        else:
            number = (bisect_left(places, self.place) - 1) % len(rows)
        return replace(self, place=places[number]), number


def compare(mine: PickTable, theirs: ArrayLike, radius: float) -> Comparison:
    """Match my picks with positions ``(m, 3)`` in Å, one to one, within a radius in Å."""
    ours, others = mine.positions, np.asarray(theirs, dtype=float).reshape(-1, 3)
    matches = match_picks(ours, others, radius)
    rows = np.concatenate([matches.pairs[:, 0], matches.unmatched_found])
    missing = matches.unmatched_truth
    numbers = (len(matches.pairs), len(matches.unmatched_found), len(missing))
    return Comparison(
        places=np.concatenate([ours[rows], others[missing]]),
        verdicts=tuple(np.repeat(VERDICTS, numbers).tolist()),
        ids=np.concatenate([mine.ids[rows], np.full(len(missing), -1)]),
        counts=matches.counts,
    )


def summary(counts: Counts) -> str:
    """Return precision, recall, F1 and F2 in a line; a dash where there is nothing to count."""
    values = {
        "precision": counts.precision,
        "recall": counts.recall,
        "F1": counts.f_beta(1.0),
        "F2": counts.f_beta(2.0),
    }
    return " · ".join(
        f"{name} {'–' if np.isnan(value) else f'{value:.2f}'}" for name, value in values.items()
    )
