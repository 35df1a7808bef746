"""What became of one tomogram: a file with a line of facts, and a line with its candidates.

The first line is short, so that a batch of thousands can be looked through in a moment.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motorscope.batch.items import Item
from motorscope.tomogram import Shape, Vector, VoxelGrid

if TYPE_CHECKING:
    from motorscope.picks import Summits

FORMAT = "motorscope outcome"
SUFFIX = ".outcome.jsonl"

Candidates = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Positions ``(n, 3)`` in Å, z, y, x, and scores ``(n,)``, best first."""


@dataclass(frozen=True)
class Effort:
    """What it took; nothing here depends on the tomogram alone.

    Attributes
    ----------
    seconds
        From opening the file to the candidates.
    device
        Where it ran in the end, such as ``cuda:0``.
    memory, device_memory
        Peak of the process and of the accelerator in bytes; ``None`` where nobody knows.
    host, when
        The computer's name, and the end (ISO 8601, UTC).
    """

    seconds: float = 0.0
    device: str = ""
    memory: int | None = None
    device_memory: int | None = None
    host: str = ""
    when: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a tomogram.

    Attributes
    ----------
    item
        The tomogram, as it was when it was opened.
    shape, spacing, origin
        Its grid; ``None`` for one that could not be opened.
    count, best
        The number of candidates above the floor, and the best one's score.
    precision
        What was used in the end.
    notes
        Fallbacks that a person should know of.
    error, trace
        Why there is no result, in a sentence, and where in the program that was if it is a fault of
        the program; empty if all went well.
    heatmap
        Whether the heatmap lies beside the outcome.
    version
        Of motorscope.
    effort
        See the class.
    summits
        What was seen: all maxima of the heatmap, and how far apart candidates are. ``None`` after
        an error, and where only the first line was read.
    """

    item: Item
    shape: Shape | None = None
    spacing: Vector | None = None
    origin: Vector | None = None
    count: int = 0
    best: float | None = None
    precision: str = ""
    notes: tuple[str, ...] = ()
    error: str = ""
    trace: str = ""
    heatmap: bool = False
    version: str = ""
    effort: Effort = Effort()
    summits: "Summits | None" = field(default=None, repr=False)

    @property
    def grid(self) -> VoxelGrid:
        """The tomogram's grid."""
        assert self.shape is not None
        return VoxelGrid(self.shape, self.spacing, self.origin or (0.0, 0.0, 0.0))


def to_text(outcome: Outcome) -> str:
    """Return the two lines of an outcome; `from_lines` gives back the same."""
    facts = {"format": FORMAT} | {
        key: value for key, value in vars(outcome).items() if key not in ("item", "summits")
    }
    facts |= {"item": asdict(outcome.item), "effort": asdict(outcome.effort)}
    seen = None if outcome.summits is None else outcome.summits.remarks
    return "".join(json.dumps(part, ensure_ascii=False) + "\n" for part in (facts, seen))


def from_lines(facts: str | bytes, seen: str | bytes | None = None) -> Outcome:
    """Return the outcome of a file's first line, or of both.

    Raises
    ------
    ValueError, TypeError, KeyError
        If that is no outcome, or a torn one.
    """
    values: dict[str, Any] = json.loads(facts)
    if values.pop("format") != FORMAT:
        raise ValueError("no outcome")
    values["item"] = Item(**values["item"])
    values["effort"] = Effort(**values["effort"])
    values["notes"] = tuple(values["notes"])
    for key in ("shape", "spacing", "origin"):
        values[key] = None if values[key] is None else tuple(values[key])
    if seen is not None:
        values["summits"] = _summits(json.loads(seen))
    return Outcome(**values)


def candidates_of(seen: str | bytes) -> Candidates:
    """Return the candidates of an outcome's second line, best first, without making tables.

    Raises
    ------
    ValueError, TypeError, KeyError
        If the line is torn.
    """
    from motorscope.picks.thinning import far_apart

    remarks = json.loads(seen)
    if remarks is None:
        return np.empty((0, 3)), np.empty(0)
    columns = remarks["maxima"]
    places = np.array([columns[axis] for axis in "zyx"], dtype=float).T
    kept = far_apart(places, remarks["minimum_distance"])
    return places[kept], np.array(columns["score"], dtype=float)[kept]


def _summits(remarks: Mapping[str, Any] | None) -> "Summits | None":
    from motorscope.picks import summits_of

    if remarks is None:
        return None
    summits = summits_of(remarks)
    if summits is None:
        raise ValueError("no candidates")
    return summits
