"""Places that look like examples, among the picks of a tomogram."""

import numpy as np

from motorscope.picks.scoring import match_picks
from motorscope.picks.table import PickTable

ORIGIN = "alike"

AT_ONCE = 10
"""How many undecided ones there are at a time: a decision brings on the next."""


def with_alike(mine: PickTable, found: PickTable, distance: float, threshold: float) -> PickTable:
    """Take in what looks like examples, in place of what did before; what a person did stays.

    A place that was there before keeps its id. Places that are near to a pick which is decided or
    shown are left out; a candidate that is hidden for its low score keeps none away.

    Parameters
    ----------
    found
        Candidates of origin ``alike``, best first; the first `AT_ONCE` that are not left out count.
    distance
        How far apart two picks are at least, in Å.
    threshold
        Score from which an undecided candidate is shown.
    """
    free = mine.untouched_of(ORIGIN)
    before, others = mine.select(free), mine.select(~free)
    shown = others.select((others.statuses != "candidate") | ~(others.scores < threshold))
    found = found.away_from(shown, distance)
    found = found.select(np.arange(min(len(found), AT_ONCE)))
    pairs = match_picks(found.positions, before.positions, distance / 2).pairs
    again, there = pairs[:, 0], pairs[:, 1]
    table = mine.overwrite(before.ids[there], found.select(again))
    table = table.remove(np.delete(before.ids, there))
    return table.merge(found.select(np.delete(np.arange(len(found)), again)))
