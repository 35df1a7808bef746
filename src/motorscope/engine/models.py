"""The models that can be chosen, and the one that was used last.

Every function imports torch when called: call it in a worker.
"""

import threading
from typing import TYPE_CHECKING

from motorscope.contract import Inventory, ModelCard, ModelOption, ModelRef

if TYPE_CHECKING:
    from motorscope.network import EncoderModel, Model


class ModelCache:
    """Keeps the model that was used last, so that a second run does not load it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[ModelRef, Model | EncoderModel] | None = None

    def load(self, ref: ModelRef) -> "Model":
        """Return the model, loaded if it is not the last one.

        Raises
        ------
        ModelError
            If it cannot be loaded, or is an encoder without a detector.
        """
        from motorscope.errors import ModelError
        from motorscope.network import Model

        model = self.load_any(ref)
        if not isinstance(model, Model):
            raise ModelError(
                f"{ref.name} is an encoder without a detector, which finds nothing; look into it "
                "with Encoder…, or choose a detector."
            )
        return model

    def load_any(self, ref: ModelRef) -> "Model | EncoderModel":
        """Return the model, or the encoder alone, loaded if it is not the last one.

        Raises
        ------
        ModelError
            If it cannot be loaded.
        """
        from motorscope.network import load_model, load_to_inspect

        with self._lock:
            if self._last is None or self._last[0] != ref:
                self._last = None  # frees the old one first
                if ref.weights is None:
                    self._last = (ref, load_to_inspect(ref.name))
                else:
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
    from motorscope.network import Model

    model = cache.load_any(ref)
    detects = isinstance(model, Model)
    stages = model.features if isinstance(model, Model) else model.taps
    return ModelOption(ref, model.card, stages, ready=True, detects=detects)


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
