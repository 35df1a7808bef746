"""What a journal says of its tomogram beside the picks.

On disk these are the journal's remarks, plain values by their names; here they have types. Journals
of earlier versions are read, and what another version wrote besides stays in the file.
"""

import getpass
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypedDict, Unpack, get_args

from motorscope.tomogram import Shade, Vector

UNFIT = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading a line of a journal raises that is damaged."""


@dataclass(frozen=True)
class Search:
    """A search that has ended: with which model, and when (ISO 8601, UTC).

    Attributes
    ----------
    density
        How dense things look, as it was told; ``None`` if it found that out.
    """

    model: str = ""
    model_sha256: str = ""
    when: str = ""
    density: Shade | None = None

    @classmethod
    def now(cls, model: str, sha256: str | None, density: Shade | None = None) -> Self:
        """Return a search that has just ended."""
        return cls(model, sha256 or "", _now(), density)


@dataclass(frozen=True)
class Mark:
    """A review that is finished: whether there is no motor, who says so, and when."""

    no_motor: bool = False
    who: str = ""
    when: str = ""

    @classmethod
    def now(cls, no_motor: bool = False) -> Self:
        """Return the mark of a review that was finished here and now."""
        return cls(no_motor, **stamp())


@dataclass(frozen=True)
class TomogramRecord:
    """What a journal says of its tomogram.

    Attributes
    ----------
    file
        Name of the tomogram's file; empty if nobody knows.
    threshold
        Score from which candidates are shown.
    spacing, origin
        Of the tomogram's grid that the picks are on, z, y, x in Å.
    density
        How dense things look in it, if a person said so.
    searched
        The last search.
    reviewed
        Says that the review is finished.
    heatmap
        Fingerprint of the heatmap that the candidates are from; empty if nobody knows.
    """

    file: str = ""
    threshold: float | None = None
    spacing: Vector | None = None
    origin: Vector | None = None
    density: Shade | None = None
    searched: Search | None = None
    reviewed: Mark | None = None
    heatmap: str = ""

    @classmethod
    def from_json(cls, remarks: Mapping[str, Any]) -> Self:
        """Read remarks of a journal; unknown ones do not matter.

        Raises
        ------
        Exception
            One of `UNFIT`, if a value is none that a journal ever had.
        """
        threshold = remarks.get("threshold")
        return cls(
            file=str(remarks.get("file") or ""),
            threshold=None if threshold is None else float(threshold),
            spacing=_vector(remarks.get("spacing")),
            origin=_vector(remarks.get("origin")),
            density=_shade(remarks.get("density")),
            searched=_search(remarks.get("searched")),
            reviewed=mark_of(remarks),
            heatmap=str(remarks.get("heatmap") or ""),
        )

    @property
    def outdated(self) -> bool:
        """Whether the last search took dense things for other than a person said since."""
        said, last = self.density, self.searched
        return said is not None and last is not None and last.density != said


class Said(TypedDict, total=False):
    """What can be written of a tomogram; ``None`` for what shall be known no more."""

    file: str
    threshold: float
    spacing: Vector | None
    origin: Vector | None
    density: Shade | None
    searched: Search | None
    reviewed: Mark | None


def to_json(**said: Unpack[Said]) -> dict[str, Any]:
    """Return remarks for a journal."""
    return {
        key: asdict(value) if isinstance(value, Search | Mark) else value
        for key, value in said.items()
    }


def mark_of(remarks: Mapping[str, Any]) -> Mark | None:
    """Return the mark among remarks, if there is one; it may be a plain ``true``."""
    said = remarks.get("reviewed")
    if not said:
        return None
    if not isinstance(said, Mapping):
        return Mark()
    return Mark(bool(said["no_motor"]), str(said.get("who", "")), str(said.get("when", "")))


def stamp() -> dict[str, str]:
    """Return who works here, and the time: what every edit carries."""
    return {"who": _user(), "when": _now()}


def _search(said: Any) -> Search | None:
    if not said:
        return None
    if not isinstance(said, Mapping):
        return Search()
    model, sha256, when = (str(said.get(key) or "") for key in ("model", "model_sha256", "when"))
    return Search(model, sha256, when, _shade(said.get("density")))


def _shade(said: Any) -> Shade | None:
    return next((shade for shade in get_args(Shade) if shade == said), None)


def _vector(values: Any) -> Vector | None:
    if not values:
        return None
    z, y, x = values
    return (float(z), float(y), float(x))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process without a name for its user id
        return ""
