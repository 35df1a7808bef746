"""What a batch must know of a model before any network is built; torch stays unloaded."""

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from motorscope.contract import ModelCard, card_from_json, read_card_file
from motorscope.errors import ModelError
from motorscope.files import sha256_of

_SHIPPED = files("motorscope") / "network" / "models"


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
    card = _card_with_weights(name)
    if card is None:  # an error that the registry explains, or a bare checkpoint
        from motorscope.network import load_model

        card = load_model(name).card
    source = str(Path(name).absolute()) if Path(name).exists() else name
    return KnownModel(source, card, checksum(source, card))


def checksum(source: str, card: ModelCard) -> str:
    """Return the checksum of a model's weights, also where its card does not know it."""
    return card.sha256 or sha256_of(source)


def _card_with_weights(name: str) -> ModelCard | None:
    """Return the card of a model whose weights are what the card says, if it is that simple."""
    shipped = _SHIPPED / f"{name}.json"
    if shipped.is_file():
        card = card_from_json(shipped.read_text(encoding="utf-8"), str(shipped))
        if card.weights is None:
            return None
        with as_file(_SHIPPED / card.weights) as weights:
            return card if _fits(card, weights) else None
    path = Path(name)
    try:
        card = read_card_file(path.with_suffix(".json"))
    except ModelError:
        return None
    weights = path if path.suffix != ".json" else path.parent / (card.weights or "")
    return card if _fits(card, weights) else None


def _fits(card: ModelCard, weights: Path) -> bool:
    return weights.is_file() and card.sha256 is not None and sha256_of(weights) == card.sha256
