"""What there is to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motorscope.contract.card import FeatureSpec, ModelCard
from motorscope.contract.refs import ModelRef


@dataclass(frozen=True)
class ModelOption:
    """A model that can be chosen.

    Attributes
    ----------
    choice, card
        Which model, and what is said of it.
    stages
        Geometry of its encoder's maps, stem first.
    ready
        Whether it can be run; if not, a person must bring its weights first.
    detects
        Whether it is a detector; an encoder alone can be looked into, but finds nothing.
    """

    choice: ModelRef
    card: ModelCard
    stages: tuple[FeatureSpec, ...]
    ready: bool
    detects: bool = True

    @property
    def label(self) -> str:
        """What stands in a list of models."""
        path = Path(self.choice.name)
        return f"{path.name} (file)" if path.suffix else self.choice.name


def labels(options: Sequence[ModelOption]) -> tuple[str, ...]:
    """Return what stands in a list of models: files of one name are told apart by their folders."""
    files = [each.choice.weights or Path(each.choice.name) for each in options]
    found = [each.label for each in options]
    for words in ("{0.parent.name}/{0.name} (file)", "{0} (file)"):
        found = [
            label if found.count(label) == 1 or not file.suffix else words.format(file)
            for label, file in zip(found, files, strict=True)
        ]
    return tuple(found)


@dataclass(frozen=True)
class Inventory:
    """Models, and devices as pairs of name and description."""

    options: tuple[ModelOption, ...]
    devices: tuple[tuple[str, str], ...]
