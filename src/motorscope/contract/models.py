"""What there is to choose from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

    @property
    def in_words(self) -> str:
        """What the card says, in a few lines."""
        card, recipe = self.card, self.card.input
        voxels = (
            f"{recipe.spacing:g} Å voxels"
            if recipe.spacing is not None
            else "resized to " + "×".join(str(side) for side in recipe.shape or ())
        )
        lines = [card.description, f"Input: {voxels}."]
        if card.training_data:
            lines.append(f"Training data: {re.split('[;.]', card.training_data)[0].lower()}.")
        if not self.ready:
            lines.append("Comes without weights: press Open file… and choose the checkpoint.")
        return "\n".join(line for line in lines if line)

    @property
    def in_full(self) -> str:
        """The rest of what the card says, a line for each fact."""
        card = self.card
        facts: list[tuple[str, Any]] = [
            ("Trained on", card.training_data),
            ("Licence", card.licence),
            ("Threshold", card.default_threshold),
            ("Flips", "averaged over" if card.flips else "not used"),
            ("Motors at least apart", f"{card.minimum_distance:g} Å"),
            *((key, value) for key, value in card.metrics.items() if not isinstance(value, dict)),
        ]
        return "\n".join(f"{name}: {value}" for name, value in facts if value not in ("", None))


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


def flips_in_words(option: ModelOption | None, wanted: bool) -> str:
    """Return what averaging over flips is, and whether a model was measured that way."""
    lines = [
        "Average over the volume and its mirror images along z, y and x, wherever these can make",
        "a motor: up to four times the network's work.",
    ]
    if option is not None:
        measured = option.card.flips
        lines.append(f"'{option.label}' was measured {'with' if measured else 'without'} it.")
        if wanted != measured:
            lines.append(
                f"{'With' if wanted else 'Without'} it, scores and threshold mean something "
                "slightly different."
            )
    return "\n".join(lines)


@dataclass(frozen=True)
class Inventory:
    """Models, and devices as pairs of name and description."""

    options: tuple[ModelOption, ...]
    devices: tuple[tuple[str, str], ...]
