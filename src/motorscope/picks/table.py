"""The table of picks: what was found where, and what a person decided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from motorscope.picks.rows import (
    COLUMNS,
    DETAILS,
    MOST_ID,
    STATUSES,
    check,
    fixed,
    make_rows,
    texts,
)

_VALUES = (*COLUMNS[1:], *DETAILS)


@dataclass(frozen=True, eq=False)
class PickTable:
    """Picks of one tomogram; every operation returns a new table.

    Attributes
    ----------
    frame
        One row per pick: ``id`` (int, stable for life), ``z, y, x`` (Å in the world of the
        tomogram), ``score`` (calibrated probability, NaN for a pick of a person), ``origin``
        (`ORIGINS`), ``status`` (`STATUSES`), and as text, empty where unknown: ``note``, ``who``
        and ``when`` (ISO 8601, UTC) of the last edit, ``model`` (its name) and ``model_sha256``
        (its checksum). Treat it as read-only.
    next_id
        The id that the next new pick gets; never used before in this table.
    """

    frame: pd.DataFrame
    next_id: int = 0

    @classmethod
    def empty(cls) -> "PickTable":
        """Return a table without picks: an ordinary result."""
        return cls.from_positions(np.empty((0, 3)))

    @classmethod
    def from_positions(
        cls,
        positions: ArrayLike,
        scores: ArrayLike | float = np.nan,
        origin: str | Sequence[str] = "model",
        status: str | Sequence[str] = "candidate",
        **details: str,
    ) -> "PickTable":
        """Make a table of ``(n, 3)`` positions in Å (z, y, x), with ids from 0.

        Origin and status are one word for all, or one for each. `details` are texts for the columns
        of `DETAILS`.

        Raises
        ------
        ValueError
            If the origin, the status or the name of a detail is not one of the known ones.
        """
        frame = make_rows(0, positions, scores, origin, status, details)
        return cls(frame=frame, next_id=len(frame))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, next_id: int | None = None) -> "PickTable":
        """Make a table of a frame with at least the columns z, y, x (Å).

        Other columns of ours are filled in where absent; columns of others are dropped.

        Raises
        ------
        ValueError
            If ids repeat, or an origin or a status is not one of the known ones.
        """
        columns: dict[str, Any] = {
            name: frame[name].to_numpy(dtype=float)
            for name in ("z", "y", "x", "score")
            if name in frame
        }
        full = make_rows(
            0,
            np.column_stack([columns[name] for name in ("z", "y", "x")]),
            columns.get("score", np.nan),
            frame["origin"].tolist() if "origin" in frame else "model",
            frame["status"].tolist() if "status" in frame else "candidate",
            {},
        )
        for name in DETAILS:
            if name in frame:
                full[name] = texts(frame[name].tolist())
        if "id" in frame:
            full["id"] = frame["id"].to_numpy(dtype=np.int64)
            if len(np.unique(full["id"])) != len(full):
                raise ValueError("ids must not repeat")
            if len(full) and full["id"].max() >= MOST_ID:
                raise ValueError(f"ids must be below {MOST_ID}")
        free = int(full["id"].max()) + 1 if len(full) else 0
        return cls(frame=full, next_id=max(free, next_id or 0))

    def __len__(self) -> int:
        return len(self.frame)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PickTable):
            return NotImplemented
        return self.next_id == other.next_id and self.frame.equals(other.frame)

    __hash__ = None  # type: ignore[assignment]

    # Columns are asked for many times while a table lives: they are kept, and cannot be written to.

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """Ids ``(n,)``."""
        return fixed(self.frame["id"].to_numpy(dtype=np.int64))

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """Positions ``(n, 3)`` in Å, z, y, x."""
        columns = [self.frame[axis].to_numpy(dtype=float) for axis in "zyx"]
        return fixed(np.column_stack(columns))

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Scores ``(n,)``; NaN for picks of a person."""
        return fixed(self.frame["score"].to_numpy(dtype=float))

    @cached_property
    def statuses(self) -> NDArray[np.object_]:
        """Statuses ``(n,)``, words of `STATUSES`."""
        return fixed(self.frame["status"].to_numpy(dtype=object))

    @cached_property
    def origins(self) -> NDArray[np.object_]:
        """Origins ``(n,)``, words of `ORIGINS`."""
        return fixed(self.frame["origin"].to_numpy(dtype=object))

    @cached_property
    def untouched(self) -> NDArray[np.bool_]:
        """For each pick whether it is as a model left it ``(n,)``: neither decided nor edited."""
        return self.untouched_of("model")

    def untouched_of(self, origin: str) -> NDArray[np.bool_]:
        """Return for each pick of an origin whether nobody decided about it or edited it."""
        free = (self.origins == origin) & (self.statuses == "candidate")
        return np.asarray(free & (self.frame["who"].to_numpy(dtype=object) == ""), dtype=bool)

    def rows_of(self, ids: ArrayLike) -> NDArray[np.intp]:
        """Return the row numbers of ids, in their order.

        Raises
        ------
        KeyError
            If an id is not in the table.
        """
        wanted = np.atleast_1d(np.asarray(ids, dtype=np.int64))
        order = np.argsort(self.ids)
        found = np.searchsorted(self.ids, wanted, sorter=order)
        known = np.isin(wanted, self.ids)
        if not known.all():
            raise KeyError(f"no pick with id {wanted[~known].tolist()}")
        return order[found]

    def select(self, rows: ArrayLike) -> "PickTable":
        """Return the picks of a boolean mask or of row numbers, with the ids that they had."""
        chosen = np.asarray(rows)
        if chosen.dtype == bool:
            chosen = np.flatnonzero(chosen)
        chosen = chosen.astype(np.intp)  # an empty list arrives as float
        return replace(self, frame=self.frame.iloc[chosen].reset_index(drop=True))

    def above(self, threshold: float) -> "PickTable":
        """Return the picks whose score reaches `threshold`, and all picks of a person."""
        scores = self.scores
        return self.select(np.isnan(scores) | (scores >= threshold))

    def with_status(self, *statuses: str) -> "PickTable":
        """Return the picks that have one of the statuses."""
        for status in statuses:
            check("status", status, STATUSES)
        return self.select(self.frame["status"].isin(statuses).to_numpy())

    def best(self) -> "PickTable":
        """Return the pick with the best score; a person's counts as certain. Empty stays empty."""
        scores = np.where(np.isnan(self.scores), np.inf, self.scores)
        return self.select([int(scores.argmax())] if len(self) else [])

    def renumbered(self) -> "PickTable":
        """Return the same picks with ids from 0 in their order."""
        frame = self.frame.copy()
        frame["id"] = np.arange(len(frame), dtype=np.int64)
        return PickTable(frame=frame, next_id=len(frame))

    def add(
        self,
        positions: ArrayLike,
        scores: ArrayLike | float = np.nan,
        origin: str | Sequence[str] = "user",
        status: str | Sequence[str] = "accepted",
        **details: str,
    ) -> "PickTable":
        """Append picks at ``(n, 3)`` positions in Å; they get the ids from `next_id` on.

        Raises
        ------
        ValueError
            If the origin, the status or the name of a detail is not one of the known ones.
        """
        new = make_rows(self.next_id, positions, scores, origin, status, details)
        return self._with_rows(new)

    def move(self, ids: ArrayLike, positions: ArrayLike, **details: str) -> "PickTable":
        """Put the picks at ``(n, 3)`` positions in Å; scores and statuses stay.

        Raises
        ------
        KeyError
            If an id is not in the table.
        """
        places = np.asarray(positions, dtype=float).reshape(-1, 3)
        return self._changed(
            ids, {"z": places[:, 0], "y": places[:, 1], "x": places[:, 2]}, details
        )

    def set_status(self, ids: ArrayLike, status: str, **details: str) -> "PickTable":
        """Accept, reject, or make candidates again.

        Raises
        ------
        KeyError
            If an id is not in the table.
        ValueError
            If the status is not one of the known ones.
        """
        check("status", status, STATUSES)
        return self._changed(ids, {"status": status}, details)

    def set_details(self, ids: ArrayLike, **details: str) -> "PickTable":
        """Change texts of picks: a note, who, when, and so on.

        Raises
        ------
        KeyError
            If an id is not in the table.
        ValueError
            If the name of a detail is not one of the known ones.
        """
        return self._changed(ids, {}, details)

    def remove(self, ids: ArrayLike) -> "PickTable":
        """Return the table without these picks; their ids are not used again.

        Raises
        ------
        KeyError
            If an id is not in the table.
        """
        return self.select(np.delete(np.arange(len(self)), self.rows_of(ids)))

    def overwrite(self, ids: ArrayLike, other: "PickTable") -> "PickTable":
        """Give picks all that the rows of `other` hold, in their order; the ids stay.

        Raises
        ------
        KeyError
            If an id is not in the table.
        """
        return self._changed(ids, {name: other.frame[name].to_numpy() for name in _VALUES}, {})

    def merge(self, other: "PickTable") -> "PickTable":
        """Append the picks of another table under new ids."""
        new = other.frame.copy()
        new["id"] = np.arange(self.next_id, self.next_id + len(new), dtype=np.int64)
        return self._with_rows(new)

    def with_candidates(
        self, found: "PickTable", minimum_distance: float, origin: str = "model"
    ) -> "PickTable":
        """Take in what a new run found, and keep what a person did.

        Candidates of this origin that nobody touched go. Picks of `found` come in under new ids,
        but for those nearer than `minimum_distance` (Å) to a pick that stays.
        """
        kept = self.select(~self.untouched_of(origin))
        return kept.merge(found.away_from(kept, minimum_distance))

    def away_from(self, others: "PickTable", distance: float) -> "PickTable":
        """Return the picks that are at least `distance` Å away from all of another table's."""
        if not len(others) or not len(self):
            return self
        nearest, _ = cKDTree(others.positions).query(self.positions)
        return self.select(nearest >= distance)

    def _with_rows(self, new: pd.DataFrame) -> "PickTable":
        if not len(new):
            return self
        frame = pd.concat([self.frame, new], ignore_index=True) if len(self) else new
        return PickTable(frame=frame, next_id=self.next_id + len(new))

    def _changed(
        self, ids: ArrayLike, values: dict[str, Any], details: dict[str, str]
    ) -> "PickTable":
        for name in details:
            check("detail", name, DETAILS)
        rows = self.rows_of(ids)
        frame = self.frame.copy(deep=False)  # columns that stay are shared
        for name, value in (values | details).items():
            column = frame[name].array.copy()
            column[rows] = value
            frame[name] = column
        return replace(self, frame=frame)
