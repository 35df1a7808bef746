"""Two tables of picks of one tomogram as one, without the same motor twice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.picks.scoring import match_picks
from motorscope.picks.table import PickTable

_SAME = 0.01  # Å: what a file's digits may change


@dataclass(frozen=True)
class Merged:
    """What came of merging.

    Attributes
    ----------
    table
        Mine with theirs.
    added, replaced, kept
        How many of theirs are new, took the place of an undecided pick of mine, or were left out
        because mine is decided or the same.
    """

    table: PickTable
    added: int
    replaced: int
    kept: int


def merge_picks(mine: PickTable, theirs: PickTable, radius: float) -> Merged:
    """Take theirs into mine; one of theirs and one of mine within `radius` Å are the same motor.

    They are matched one to one (see `match_picks`). Of a pair, mine stays if somebody decided about
    it; if nobody did, it keeps its id and becomes what theirs is. Picks of theirs without a partner
    come in under new ids.
    """
    matches = match_picks(mine.positions, theirs.positions, radius)
    ours, others = matches.pairs[:, 0], matches.pairs[:, 1]
    undecided = mine.frame["status"].to_numpy(dtype=object)[ours] == "candidate"
    differs = undecided & ~_same(mine, ours, theirs, others)
    table = mine
    if differs.any():
        table = table.overwrite(mine.ids[ours[differs]], theirs.select(others[differs]))
    new = theirs.select(matches.unmatched_truth)
    return Merged(
        table=table.merge(new),
        added=len(new),
        replaced=int(differs.sum()),
        kept=int(len(ours) - differs.sum()),
    )


def _same(
    one: PickTable, rows: NDArray[np.intp], other: PickTable, others: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell which rows have the same place, score and status in both tables."""
    places = np.abs(one.positions[rows] - other.positions[others]).max(axis=1, initial=0) <= _SAME
    scores = np.isclose(one.scores[rows], other.scores[others], atol=1e-6, equal_nan=True)
    words = [each.frame["status"].to_numpy(dtype=object) for each in (one, other)]
    return np.asarray(places & scores & (words[0][rows] == words[1][others]), dtype=bool)
