"""The table of picks: what was found where, and what a person decided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

ORIGINS = ("model", "user")
STATUSES = ("candidate", "accepted", "rejected")
COLUMNS = ("id", "z", "y", "x", "score", "origin", "status")


@dataclass(frozen=True)
class PickTable:
    """Picks of one tomogram; every operation returns a new table.

    Attributes
    ----------
    frame
        One row per pick: ``id`` (int, stable for life), ``z, y, x`` (Å in the world of the tomogram), ``score``
        (calibrated probability, NaN for a pick of a person), ``origin`` (`ORIGINS`) and ``status`` (`STATUSES`).
        Treat it as read-only.
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
        origin: str = "model",
        status: str = "candidate",
    ) -> "PickTable":
        """Make a table of ``(n, 3)`` positions in Å (z, y, x), with ids from 0."""
        places = np.asarray(positions, dtype=float).reshape(-1, 3)
        count = len(places)
        frame = pd.DataFrame(
            {
                "id": np.arange(count, dtype=np.int64),
                "z": places[:, 0],
                "y": places[:, 1],
                "x": places[:, 2],
                "score": np.broadcast_to(np.asarray(scores, dtype=float), count).copy(),
                "origin": np.full(count, origin, dtype=object),
                "status": np.full(count, status, dtype=object),
            }
        )
        return cls(frame=frame, next_id=count)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Positions ``(n, 3)`` in Å, z, y, x."""
        return self.frame[["z", "y", "x"]].to_numpy(dtype=float)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Scores ``(n,)``; NaN for picks of a person."""
        return self.frame["score"].to_numpy(dtype=float)

    def select(self, rows: ArrayLike | Sequence[bool]) -> "PickTable":
        """Return the picks of a boolean mask or of row numbers, with the ids that they had."""
        return replace(self, frame=self.frame.iloc[np.asarray(rows).nonzero()[0] if np.asarray(rows).dtype == bool else np.asarray(rows)].reset_index(drop=True))

    def above(self, threshold: float) -> "PickTable":
        """Return the picks whose score reaches `threshold`, and all picks of a person."""
        scores = self.scores
        return self.select(np.isnan(scores) | (scores >= threshold))
