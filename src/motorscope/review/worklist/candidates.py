"""The candidates of all tomograms of a worklist in one list, to be decided side by side.

They are read from the journals, each of them again only when the tomogram's entry has changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import PicksError
from motorscope.picks import STATUSES
from motorscope.review.summary import THRESHOLD, Summary, replayed
from motorscope.review.worklist.entry import Entry

ORDERS = ("score", "doubt")
"""The best first, or first those whose score is nearest to their tomogram's threshold."""

_COLUMNS = ("z", "y", "x", "score", "status")


@dataclass(frozen=True, eq=False)
class Shown:
    """The picks of a tomogram that are shown: decided, or not below its threshold.

    Attributes
    ----------
    summary
        Of the journal that they are from.
    ids, positions, scores, statuses
        ``(n,)``, ``(n, 3)`` z, y, x in Å, ``(n,)`` with NaN for picks of a person, and ``(n,)``
        numbers in `motorscope.picks.STATUSES`.
    """

    summary: Summary
    ids: NDArray[np.int64]
    positions: NDArray[np.float64]
    scores: NDArray[np.float64]
    statuses: NDArray[np.int8]

    @property
    def doubts(self) -> NDArray[np.float64]:
        """How far the scores are from the threshold ``(n,)``."""
        return np.asarray(np.abs(self.scores - threshold_of(self.summary)))


@dataclass(frozen=True, eq=False)
class Candidates:
    """Picks of many tomograms in an order.

    Attributes
    ----------
    entries
        The tomograms.
    owners
        For each pick the number of its tomogram ``(n,)``.
    ids, positions, scores, statuses
        See `Shown`.
    """

    entries: Sequence[Entry] = ()
    owners: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    positions: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    scores: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    statuses: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))

    def __len__(self) -> int:
        return len(self.ids)

    def key(self, row: int) -> tuple[Path, int]:
        """Return whose a pick is, and its id there."""
        return self.entries[self.owners[row]].path, int(self.ids[row])

    def others(self, rows: Iterable[int], status: str) -> dict[Path, list[int]]:
        """Return by tomogram the ids of those of some picks that do not have a status yet."""
        found: dict[Path, list[int]] = {}
        for row in rows:
            if STATUSES[self.statuses[row]] != status:
                path, pick = self.key(row)
                found.setdefault(path, []).append(pick)
        return found


def threshold_of(summary: Summary) -> float:
    """Return from which score on candidates of a tomogram are shown."""
    threshold = summary.record.threshold
    return THRESHOLD if threshold is None else threshold


def read_shown(entry: Entry) -> Shown:
    """Return what is shown of a tomogram, by its journal; nothing of one that is damaged."""
    try:
        columns, _ = replayed(entry.journal, _COLUMNS)
    except PicksError:  # the entry says so
        columns = {name: {} for name in _COLUMNS}
    ids = np.array(list(columns["status"]), dtype=np.int64)
    positions = np.array([list(columns[axis].values()) for axis in "zyx"], dtype=float).T
    scores = np.array(list(columns["score"].values()), dtype=float)  # None is NaN
    statuses = np.array([STATUSES.index(each) for each in columns["status"].values()], np.int8)
    kept = (statuses > 0) | ~(scores < threshold_of(entry.summary))
    return Shown(entry.summary, ids[kept], positions[kept], scores[kept], statuses[kept])


def to_read(entries: Iterable[Entry], known: Mapping[Path, Shown]) -> list[Entry]:
    """Return the tomograms that have picks and have changed since they were read."""
    changed = []
    for entry in entries:
        summary, shown = entry.summary, known.get(entry.path)
        some = summary.best is not None or summary.undecided or summary.accepted or summary.rejected
        if some and not entry.shut and (shown is None or shown.summary is not summary):
            changed.append(entry)
    return changed


def candidates_of(
    entries: Iterable[Entry], known: Mapping[Path, Shown], order: str = "score", status: str = ""
) -> Candidates:
    """Return the picks of tomograms, as far as they are known, in an order of `ORDERS`.

    Parameters
    ----------
    status
        Only picks with this one of `motorscope.picks.STATUSES`; all if empty. Those without a score
        come last; equal ones are in the order of their tomograms.

    Raises
    ------
    ValueError
        If there is no such order or status.
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
    there = [entry for entry in entries if entry.path in known]
    parts = [known[entry.path] for entry in there]
    if not parts:
        return Candidates()
    owners = np.repeat(np.arange(len(parts)), [len(part.ids) for part in parts])
    statuses = np.concatenate([part.statuses for part in parts])
    values = [-part.scores if order == "score" else part.doubts for part in parts]
    rows = np.argsort(np.concatenate(values), kind="stable")
    if status:
        rows = rows[statuses[rows] == STATUSES.index(status)]
    return Candidates(
        there,
        owners[rows],
        np.concatenate([part.ids for part in parts])[rows],
        np.concatenate([part.positions for part in parts])[rows],
        np.concatenate([part.scores for part in parts])[rows],
        statuses[rows],
    )
