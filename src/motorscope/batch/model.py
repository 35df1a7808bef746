"""What a batch must know of a model before any network is built."""

from dataclasses import dataclass
from pathlib import Path

from motorscope.files import sha256_of
from motorscope.network import ModelCard, list_models, load_model


@dataclass(frozen=True)
class KnownModel:
    """A model as workers are told of it.

    Attributes
    ----------
    source
        Its name, or its file with the whole path.
    card, sha256
        What it is, and the checksum of its weights.
    """

    source: str
    card: ModelCard
    sha256: str


def known_model(name: str) -> KnownModel:
    """Return what there is to know of a model.

    Raises
    ------
    ModelError
        If there is no such model, or its weights are missing or altered.
    """
    card = load_model(name).card
    source = name if name in list_models() else str(Path(name).absolute())
    return KnownModel(source, card, checksum(source, card))


def checksum(source: str, card: ModelCard) -> str:
    """Return the checksum of a model's weights, also where its card does not know it."""
    return card.sha256 or sha256_of(source)
