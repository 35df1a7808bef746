"""What a run saw before a least distance was kept: candidates can be chosen from it anew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from motorscope.picks.table import PickTable
from motorscope.picks.thinning import thinned

NO_SUMMITS: Mapping[str, Any] = {"maxima": None, "minimum_distance": None, "heatmap": None}
"""What a journal is told when nothing is known."""

_COLUMNS = ("z", "y", "x", "score")
_MODEL = ("model", "model_sha256")


@dataclass(frozen=True, eq=False)
class Summits:
    """All maxima of a heatmap, and how far apart those are that count as candidates.

    Attributes
    ----------
    maxima
        From the best to the worst, with the model that made them.
    distance
        Least distance of two candidates in Å.
    heatmap
        What tells the heatmap from others; empty if nobody knows.
    """

    maxima: PickTable
    distance: float
    heatmap: str = ""

    @cached_property
    def candidates(self) -> PickTable:
        """The maxima that are far enough apart; of two that are nearer the better one."""
        return thinned(self.maxima, self.distance).renumbered()

    def apart(self, distance: float) -> "Summits":
        """Return the same maxima with another distance in Å."""
        return replace(self, distance=distance)

    def mapped(self, change: Callable[[PickTable], PickTable]) -> "Summits":
        """Return them in another place, for example on another grid."""
        return replace(self, maxima=change(self.maxima))

    @cached_property
    def remarks(self) -> dict[str, Any]:
        """What a journal keeps of them."""
        frame = self.maxima.frame
        columns: dict[str, Any] = {name: frame[name].tolist() for name in _COLUMNS}
        columns["score"] = [None if score != score else score for score in columns["score"]]
        for name in _MODEL:
            words = frame[name].tolist()
            columns[name] = words if len(set(words)) > 1 else "".join(words[:1])
        return {
            "maxima": columns,
            "minimum_distance": self.distance,
            "heatmap": self.heatmap or None,
        }


def summits_of(remarks: Mapping[str, Any]) -> Summits | None:
    """Return the maxima that a journal keeps, or ``None`` if it has none that can be used."""
    try:
        columns, distance = remarks["maxima"], float(remarks["minimum_distance"])
        places = np.array([columns[axis] for axis in "zyx"], dtype=float).T
        scores = np.array(columns["score"], dtype=float)
        heatmap = str(remarks.get("heatmap") or "")
        frame = pd.DataFrame({**dict(zip("zyx", places.T, strict=True)), "score": scores})
        for name in _MODEL:  # one word for all, or one for each
            frame[name] = columns[name]
        return Summits(PickTable.from_frame(frame), distance, heatmap)
    except (KeyError, TypeError, ValueError):
        return None
