"""Which picks are shown, in what order a person goes through them, and how many are decided."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from motorscope.picks import STATUSES, PickTable
from motorscope.words import counted

ORDERS = ("score", "uncertainty", "position", "status", "id")
"""Orders of going through picks; the first three are offered, the others are columns of a list."""

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Counts:
    """How many picks are accepted, rejected, to be decided, or hidden by the threshold."""

    accepted: int
    rejected: int
    undecided: int
    hidden: int

    def __str__(self) -> str:
        words = f"{self.accepted} accepted · {self.rejected} rejected · {self.undecided} to decide"
        return f"{words} · {self.hidden} below" if self.hidden else words


def is_undecided(table: PickTable) -> NDArray[np.bool_]:
    """Tell for each pick whether nobody has accepted or rejected it ``(n,)``."""
    return np.asarray(table.statuses == "candidate", dtype=bool)


def is_shown(table: PickTable, threshold: float, rejected: bool = True) -> NDArray[np.bool_]:
    """Tell which picks are shown ``(n,)``: the threshold hides undecided candidates only.

    Parameters
    ----------
    threshold
        Score from which a candidate is shown; one without a score always is.
    rejected
        Whether rejected picks are shown.
    """
    reaches = ~(table.scores < threshold)
    shown = reaches | ~is_undecided(table)
    if not rejected:
        shown &= table.statuses != "rejected"
    return np.asarray(shown, dtype=bool)


def count(table: PickTable, threshold: float) -> Counts:
    """Count the picks by what has been decided about them."""
    undecided = is_undecided(table)
    visible = is_shown(table, threshold)
    return Counts(
        accepted=int((table.statuses == "accepted").sum()),
        rejected=int((table.statuses == "rejected").sum()),
        undecided=int((undecided & visible).sum()),
        hidden=int((undecided & ~visible).sum()),
    )


def result_in_words(table: PickTable, threshold: float, key: str) -> str:
    """Return what a search has left to decide, with the best score and the key that goes there."""
    undecided = is_undecided(table)
    scores = table.scores[undecided & ~np.isnan(table.scores)]
    best = float(scores.max()) if len(scores) else 0.0
    found = int((undecided & is_shown(table, threshold)).sum())
    if found:
        motors = counted(found, "motor")
        return f"found {motors} to decide on, the best {best:.2f}; {key} goes to the next"
    return f"no motor, the best candidate has {best:.2f}" if len(scores) else "no motor"


def ordered(table: PickTable, order: str, threshold: float = 0.5, backwards: bool = False) -> Rows:
    """Return all row numbers in an order of `ORDERS`.

    ``score`` begins with the best, ``uncertainty`` with the score nearest to the threshold, and
    ``position`` goes up along z, then y, then x. Picks without a score come last. Equal picks stay
    in the order of their rows.

    Raises
    ------
    ValueError
        If there is no such order.
    """
    if order == "score":
        rows = np.argsort(-table.scores, kind="stable")
    elif order == "uncertainty":
        rows = np.argsort(np.abs(table.scores - threshold), kind="stable")
    elif order == "position":
        rows = np.lexsort(table.positions.T[::-1])
    elif order == "status":
        rank = {status: number for number, status in enumerate(STATUSES)}
        rows = np.argsort(table.frame["status"].map(rank).to_numpy(), kind="stable")
    elif order == "id":
        rows = np.argsort(table.ids, kind="stable")
    else:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
    return np.asarray(rows[::-1] if backwards else rows, dtype=np.intp)


@dataclass(frozen=True, eq=False)
class Listing:
    """What is shown of a table, in order; worked out when it is first asked for, and kept.

    Attributes
    ----------
    table, threshold
        The picks, and the score from which an undecided one is shown.
    order, backwards
        One of `ORDERS`, and whether it is turned round.
    rejected
        Whether rejected picks are shown.
    """

    table: PickTable
    threshold: float
    order: str = "score"
    backwards: bool = False
    rejected: bool = True

    @property
    def state(self) -> tuple[float, str, bool, bool]:
        """What is chosen: threshold, order, backwards, rejected."""
        return self.threshold, self.order, self.backwards, self.rejected

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        """For each pick whether it is shown ``(n,)``."""
        return is_shown(self.table, self.threshold, self.rejected)

    @cached_property
    def rows(self) -> Rows:
        """All row numbers, in order ``(n,)``."""
        return ordered(self.table, self.order, self.threshold, self.backwards)

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """Ids of the picks that are shown, in order."""
        return self.table.ids[self.rows[self.shown[self.rows]]]

    @cached_property
    def counts(self) -> Counts:
        """How many picks are decided, and how."""
        return count(self.table, self.threshold)


def neighbour(
    rows: Rows, wanted: NDArray[np.bool_], current: int | None, step: int = 1
) -> int | None:
    """Return the next row that is wanted, round the end; ``None`` if there is none.

    Parameters
    ----------
    rows
        All row numbers in the order of going.
    wanted
        For each row whether one stops at it ``(n,)``.
    current
        The row where one is; ``None`` before the first step. It is the answer only if no other
        row is wanted.
    step
        1 forwards, -1 backwards.
    """
    if not wanted.any():
        return None
    way = rows[::step]
    if current is not None:
        here = int(np.flatnonzero(way == current)[0])
        way = np.roll(way, -here - 1)  # the current row comes last
    return int(way[wanted[way].argmax()])


def first_difference(before: PickTable, after: PickTable) -> int | None:
    """Return the id of a pick of `after` that `before` lacks or has otherwise.

    ``None`` if there is none, or if there are many: then no pick is meant in particular.
    """
    new = ~np.isin(after.ids, before.ids)
    rows = np.flatnonzero(~new)
    old = before.rows_of(after.ids[rows])
    differs = (after.positions[rows] != before.positions[old]).any(axis=1)
    differs |= after.statuses[rows] != before.statuses[old]
    touched = [*after.ids[new], *after.ids[rows[differs]]]
    return int(touched[0]) if 0 < len(touched) <= 3 else None
