"""A search of a part of a tomogram: it replaces candidates in its box, and nothing elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from motorscope.picks.scoring import match_picks
from motorscope.picks.summits import Summits
from motorscope.picks.table import PickTable

Box = tuple[Sequence[float], Sequence[float]]
"""Two corners (z, y, x) in Å, the lower one first."""

_SAME = 0.01  # Å: what a journal's digits may change


@dataclass(frozen=True)
class Patched:
    """What came of a search of a part.

    Attributes
    ----------
    table, summits
        The picks, and what their candidates were chosen from, in the box and elsewhere.
    new, replaced, gone
        How many candidates in the box came, took the place of one nearby, or went; all counts are
        of what is shown.
    decided, kept
        How many picks stayed in the box because a person made, edited or decided about them, and
        how many elsewhere.
    """

    table: PickTable
    summits: Summits
    new: int
    replaced: int
    gone: int
    decided: int
    kept: int

    def __str__(self) -> str:
        parts = [f"{self.new} new", f"{self.replaced} replaced"]
        parts += [f"{self.gone} gone"] if self.gone else []
        parts += [f"{self.decided} decided there kept"] if self.decided else []
        return ", ".join([*parts, f"{self.kept} elsewhere kept"])


def patch(
    mine: PickTable, seen: Summits | None, found: Summits, box: Box, threshold: float
) -> Patched:
    """Take in what a search of a box found.

    In the box, candidates that nobody touched go, and those of the search come under new ids. The
    minimum distance holds for both together. Elsewhere candidates stay as they are, unless a better
    one has come too near.

    Parameters
    ----------
    mine
        The picks as they are.
    seen
        What they were chosen from, if that is known; its minimum distance stays.
    found
        What the search saw, also beyond the box: that does not count.
    box
        Where the search counts.
    threshold
        Score from which an undecided candidate is shown.
    """
    free, within = mine.untouched, inside(mine.positions, box)
    before = mine.select(free) if seen is None else seen.maxima
    distance = found.distance if seen is None else seen.distance
    maxima = _best_first(
        before.select(~inside(before.positions, box)),
        found.maxima.select(inside(found.maxima.positions, box)),
    )
    summits = replace(found, maxima=maxima, distance=distance)
    chosen = summits.candidates
    there, same = _pairs(mine, np.flatnonzero(free & ~within), chosen)
    stays = ~free
    stays[there] = True
    fresh = np.ones(len(chosen), dtype=bool)
    fresh[same] = False
    came = chosen.select(fresh).away_from(mine.select(~free), distance)
    table = mine.select(stays).merge(came)

    came = came.select(inside(came.positions, box)).above(threshold)
    went = mine.select(free & within).above(threshold)
    replaced = len(match_picks(came.positions, went.positions, distance).pairs)
    decided, elsewhere = mine.select(~free & within), table.select(~inside(table.positions, box))
    undecided = elsewhere.statuses == "candidate"
    return Patched(
        table=table,
        summits=summits,
        new=len(came) - replaced,
        replaced=replaced,
        gone=len(went) - replaced,
        decided=len(decided),
        kept=len(elsewhere.select(~undecided | ~(elsewhere.scores < threshold))),
    )


def inside(positions: ArrayLike, box: Box) -> NDArray[np.bool_]:
    """Tell which positions ``(n, 3)`` in Å are in a box."""
    places = np.asarray(positions, dtype=float).reshape(-1, 3)
    low, high = np.asarray(box, dtype=float)
    return np.asarray(((places >= low) & (places <= high)).all(axis=1), dtype=bool)


def _best_first(*tables: PickTable) -> PickTable:
    frame = pd.concat([table.frame for table in tables if len(table)] or [tables[0].frame])
    order = np.argsort(-frame["score"].to_numpy(dtype=float), kind="stable")
    return PickTable(frame=frame.iloc[order].reset_index(drop=True)).renumbered()


def _pairs(
    mine: PickTable, rows: NDArray[np.intp], chosen: PickTable
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return those rows of mine that are chosen again, and which of the chosen they are."""
    if not len(rows) or not len(chosen):
        return rows[:0], rows[:0]
    nearest, which = map(np.asarray, cKDTree(chosen.positions).query(mine.positions[rows]))
    same = nearest <= _SAME
    return rows[same], which[same].astype(np.intp)
