"""The models that can be chosen, and the one that was used last.

Every function imports torch when called: call it in a worker.
"""

import threading
from typing import TYPE_CHECKING

from motorscope.contract import Inventory, ModelCard, ModelOption, ModelRef

if TYPE_CHECKING:
    from motorscope.network import Model


class ModelCache:
    """Keeps the model that was used last, so that a second run does not load it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[ModelRef, Model] | None = None

    def load(self, ref: ModelRef) -> "Model":
        """Return the model, loaded if it is not the last one.

        Raises
        ------
        ModelError
            If it cannot be loaded.
        """
        from motorscope.network import load_model

        with self._lock:
            if self._last is None or self._last[0] != ref:
                self._last = None  # frees the old one first
                self._last = (ref, load_model(ref.name, weights=ref.weights))
            return self._last[1]

    def put(self, ref: ModelRef, model: "Model") -> None:
        """Keep a model that is loaded already."""
        with self._lock:
            self._last = (ref, model)


def take_inventory(default: str = "built-in") -> Inventory:
    """Return models and devices; see `motorscope.contract.InventoryRequest`."""
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
    return Inventory(options=tuple(options), devices=tuple(_devices()))


def open_model(cache: ModelCache, ref: ModelRef) -> ModelOption:
    """Load a model and return it as an option.

    Raises
    ------
    ModelError
        If it cannot be loaded.
    """
    model = cache.load(ref)
    return ModelOption(choice=ref, card=model.card, stages=model.features, ready=True)


def _option_of_card(choice: ModelRef, card: ModelCard) -> ModelOption:
    from motorscope.network.unet import outline_network

    return ModelOption(
        choice=choice,
        card=card,
        stages=outline_network(card.architecture).encoder.feature_specs,
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
