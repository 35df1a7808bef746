"""What decides on the candidates of a batch, and what is made of them afterwards."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from motorscope.tomogram.recipe import Shade


@dataclass(frozen=True)
class Settings:
    """What the candidates of a tomogram depend on; another value means to detect again.

    Attributes
    ----------
    model, sha256
        Name and checksum of the weights.
    flips
        Whether to average over flips.
    spacing
        Voxel spacing in Å that overrules the files', or ``None``.
    density
        How dense things look in all tomograms, or ``None`` to find it out in each.
    precision
        As it was asked for; ``auto`` is chosen on each machine.
    """

    model: str
    sha256: str
    flips: bool = False
    spacing: float | None = None
    density: Shade | None = None
    precision: str = "auto"

    @property
    def key(self) -> str:
        """A name for these settings, short and good for a folder."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def changes(self, before: "Settings") -> list[str]:
        """Return what differs from settings of before, as a person says it."""
        return [
            f"{_WORDS[each.name]} was {_said(old)} and is {_said(new)}"
            for each in fields(self)
            if (old := getattr(before, each.name)) != (new := getattr(self, each.name))
        ]


@dataclass(frozen=True)
class Choice:
    """From which score on a candidate is a pick; candidates do not depend on it.

    Attributes
    ----------
    threshold
        A calibrated probability.
    quantile
        If given, the threshold is chosen so that this share of the tomograms has no pick; see
        `motorscope.batch.threshold`.
    """

    threshold: float
    quantile: float | None = None


_WORDS = {
    "model": "the model",
    "sha256": "its checksum",
    "flips": "averaging over flips",
    "spacing": "the spacing",
    "density": "the look of dense things",
    "precision": "the precision",
}


def settings_from(values: Mapping[str, Any]) -> Settings:
    """Return the settings that `dataclasses.asdict` wrote.

    Raises
    ------
    TypeError
        If a value is missing or unknown.
    """
    return Settings(**values)


def _said(value: Any) -> str:
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return "on" if value else "off"
    text = str(value)
    return f"{text[:8]}…" if len(text) == 64 else text
