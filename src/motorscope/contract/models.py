"""What there is to choose from."""

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


@dataclass(frozen=True)
class Inventory:
    """Models, and devices as pairs of name and description."""

    options: tuple[ModelOption, ...]
    devices: tuple[tuple[str, str], ...]
