"""From which score on a candidate is a pick, in a folder of many tomograms.

A fixed threshold says of each tomogram by itself whether it holds a motor. A quantile says it of
the folder: the tomograms are ranked by their best candidate, and the given share with the lowest
ones is called empty. That is how the winners of the BYU competition chose (0.545 to 0.565); it
needs a folder whose share of tomograms with a motor is known, but no calibrated scores.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from motorscope.batch.settings import Choice


@dataclass(frozen=True)
class Threshold:
    """A threshold, and how it came about in a few words."""

    value: float
    why: str


def find_threshold(choice: Choice, best: Iterable[float | None]) -> Threshold:
    """Return the threshold for a folder.

    Parameters
    ----------
    best
        The best score of each tomogram that was searched; ``None`` where there is no candidate.
    """
    if choice.quantile is None:
        return Threshold(choice.threshold, "fixed")
    ranked = sorted(-math.inf if score is None else score for score in best)
    empty = round(choice.quantile * len(ranked))
    share = f"{100 * choice.quantile:g} %"
    if not ranked or empty >= len(ranked):
        return Threshold(1.0, f"so that {share} of the tomograms are empty")
    lowest = ranked[empty]  # the first that counts
    return Threshold(
        max(lowest, 0.0), f"so that {share} of {len(ranked)} tomograms, {empty}, are empty"
    )
