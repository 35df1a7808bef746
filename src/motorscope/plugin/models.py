"""Models as the plugin offers them.

Every function that needs torch imports it when called: call it in a worker.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from motorscope.contract import FeatureSpec, ModelCard, ModelRef

if TYPE_CHECKING:
    from motorscope.network import Model


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
    """

    choice: ModelRef
    card: ModelCard
    stages: tuple[FeatureSpec, ...]
    ready: bool

    @property
    def label(self) -> str:
        """What stands in a list of models."""
        path = Path(self.choice.name)
        return f"{path.name} (file)" if path.suffix else self.choice.name


@dataclass(frozen=True)
class Survey:
    """What there is to choose from: models, and devices as pairs of name and description."""

    options: tuple[ModelOption, ...]
    devices: tuple[tuple[str, str], ...]


class ModelShelf:
    """Keeps the model that was used last, so that a second run does not load it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[ModelRef, Model] | None = None

    def load(self, choice: ModelRef) -> "Model":
        """Return the model, loaded if it is not the last one.

        Raises
        ------
        ModelError
            If it cannot be loaded.
        """
        from motorscope.network import load_model

        with self._lock:
            if self._last is None or self._last[0] != choice:
                self._last = None  # frees the old one first
                self._last = (choice, load_model(choice.name, weights=choice.weights))
            return self._last[1]

    def put(self, choice: ModelRef, model: "Model") -> None:
        """Keep a model that is loaded already."""
        with self._lock:
            self._last = (choice, model)


def survey(default: str = "built-in") -> Survey:
    """Look at the shipped models, at a default model that may be a file, and at the devices.

    A default that cannot be read is left out.
    """
    from motorscope.errors import MotorscopeError
    from motorscope.network import list_models, read_card

    names = list_models()
    options = [_option_of_card(ModelRef(name), read_card(name)) for name in names]
    if default not in names:
        try:
            options.insert(0, _option_of_card(ModelRef(default), read_card(default)))
        except MotorscopeError:
            pass
    options.sort(key=lambda option: option.choice.name != default)
    return Survey(options=tuple(options), devices=tuple(_devices()))


def open_model(shelf: ModelShelf, choice: ModelRef) -> ModelOption:
    """Load a model from a file and return it as an option.

    Raises
    ------
    ModelError
        If it cannot be loaded.
    """
    model = shelf.load(choice)
    return ModelOption(choice=choice, card=model.card, stages=model.features, ready=True)


def _option_of_card(choice: ModelRef, card: ModelCard) -> ModelOption:
    import torch

    from motorscope.network import ResNetEncoder3d

    with torch.device("meta"):  # the geometry, without the memory
        encoder = ResNetEncoder3d(
            backbone=card.architecture.backbone,
            in_channels=card.architecture.in_channels,
            base_width=card.architecture.base_width,
            drop_path_rate=0.0,
        )
    return ModelOption(
        choice=choice,
        card=card,
        stages=encoder.feature_specs,
        ready=card.weights is not None,
    )


def _devices() -> list[tuple[str, str]]:
    import torch

    from motorscope.detection import available_devices

    texts = {"auto": "Automatic", "cpu": "CPU", "mps": "Apple GPU"}
    return [
        (name, texts.get(name) or torch.cuda.get_device_name(name))
        for name in ("auto", *available_devices())
    ]
