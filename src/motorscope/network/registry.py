"""Models by name or file: their cards, their weights, and both together."""

import os
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import torch

from motorscope.contract import (
    Architecture,
    Calibration,
    ModelCard,
    card_from_json,
    read_card_file,
    write_card_file,
)
from motorscope.errors import ModelError
from motorscope.files import replacing, sha256_of
from motorscope.network.checkpoint import (
    load_encoder_state,
    load_state,
    recognise_architecture,
    recognise_bare_encoder,
)
from motorscope.network.encoders import build_encoder
from motorscope.network.model import EncoderModel, Model
from motorscope.network.unet import UNet3d, outline_network
from motorscope.network.weights import StateDict, read_state_dict
from motorscope.tomogram import InputRecipe

REFERENCE = "byu2025-1st"
"""The shipped card of the reference recipe, which comes without weights."""

_SHIPPED = files("motorscope.network") / "models"
_PICKLES = (".pt", ".pth", ".ckpt", ".bin")

_ENCODER_CARD = ModelCard(
    name="encoder",
    description="An encoder alone, without a detector around it.",
    architecture=Architecture(),
    input=InputRecipe(spacing=16.0),
    calibration=Calibration(),
    window=(512, 512, 512),
    context=(64, 64, 64),
    default_threshold=0.5,
    minimum_distance=500.0,
    training_data="unknown",
    licence="unknown",
)
"""How a bare encoder's input is made: nobody says it, so at a spacing that motors fit."""

PathLike = str | os.PathLike[str]


def list_models() -> list[str]:
    """Return the names of the shipped models."""
    return sorted(
        entry.name.removesuffix(".json")
        for entry in _SHIPPED.iterdir()
        if entry.name.endswith(".json")
    )


def find_models(folder: PathLike) -> list[Path]:
    """Return the cards of the models in the folders of a folder, where trainings leave them.

    Cards without their weights are left out, and so is what cannot be read.
    """
    found: list[Path] = []
    for path in sorted(Path(folder).glob("*/*.json")):
        try:
            card = read_card(path)
        except ModelError:
            continue
        if card.weights is not None and path.with_name(card.weights).is_file():
            found.append(path)
    return found


def read_card(name_or_path: PathLike) -> ModelCard:
    """Return the card of a shipped model, a card file, or of weights that have a card beside them.

    Raises
    ------
    ModelError
        If there is no such model or card, or it is not valid.
    """
    name = os.fspath(name_or_path)
    if name in list_models():
        shipped = _SHIPPED / f"{name}.json"
        return card_from_json(shipped.read_text(encoding="utf-8"), str(shipped))
    return read_card_file(_card_path(Path(name)))


def load_model(name_or_path: PathLike, weights: PathLike | None = None) -> Model:
    """Load a model, ready for use on the CPU in evaluation mode.

    Parameters
    ----------
    name_or_path
        The name of a shipped model (see `list_models`); a card (``.json``); weights with a card of
        the same stem beside them; or a bare ``.pt`` checkpoint of the reference method, which is
        used with the reference recipe.
    weights
        A file of weights to use instead of the card's own.

    Raises
    ------
    ModelError
        If the model or its weights are absent, damaged, altered since the card was written, or do
        not fit.
    """
    name = os.fspath(name_or_path)
    path = Path(name)
    if name in list_models():
        card = read_card(name)
        if weights is not None:
            return _with_foreign_weights(card, Path(weights))
        if card.weights is None:
            raise ModelError(
                f"The model '{name}' comes without weights. Give the checkpoint file that you "
                "have for it "
                "(.pt or .safetensors); nothing is downloaded."
            )
        with as_file(_SHIPPED / card.weights) as own:
            return _with_own_weights(card, own)
    if path.suffix in _PICKLES and not path.with_suffix(".json").is_file():
        if weights is not None:
            raise ModelError(
                f"{path} already is a file of weights; give a model's name or card, or no other "
                "weights."
            )
        return _with_foreign_weights(read_card(REFERENCE), path)
    card_path = _card_path(path)
    card = read_card_file(card_path)
    if weights is not None:
        return _with_foreign_weights(card, Path(weights))
    if path.suffix != ".json":
        own_weights = path
    elif card.weights is not None:
        own_weights = card_path.parent / card.weights
    else:
        raise ModelError(f"The card {card_path} names no weights; give a checkpoint file for it.")
    return _with_own_weights(card, own_weights)


def load_to_inspect(name_or_path: PathLike) -> Model | EncoderModel:
    """Load a model, or an encoder alone from a file of weights without a detector.

    An encoder has no card: its input is made at 16 Å, its name is that of the file.

    Raises
    ------
    ModelError
        See `load_model`; also if the weights are those of neither.
    """
    name = os.fspath(name_or_path)
    path = Path(name)
    bare = path.suffix in (*_PICKLES, ".safetensors") and path.is_file()
    if name in list_models() or not bare or path.with_suffix(".json").is_file():
        return load_model(name)
    state = read_state_dict(path)
    architecture = recognise_bare_encoder(state)
    if recognise_architecture(state) is not None or architecture is None:
        return load_model(path)
    with torch.device("meta"):
        encoder = build_encoder(architecture)
    load_encoder_state(encoder, state, path)
    card = replace(
        _ENCODER_CARD, name=path.stem.lstrip(".") or "encoder", architecture=architecture
    )
    return EncoderModel(card=card, network=encoder.eval())


def save_model(
    network: UNet3d, card: ModelCard, folder: PathLike, storage: Literal["fp16", "fp32"] = "fp32"
) -> Path:
    """Write ``NAME.safetensors`` and ``NAME.json``, named like the card; return the card's path.

    The card's `weights` and `sha256` are filled in. Where the card's architecture has no auxiliary
    head, the network's is left out.

    Parameters
    ----------
    storage
        ``fp16`` halves the file: kernels are stored in half precision, everything else in full.

    Raises
    ------
    ModelError
        If the card's architecture is not the network's, the weights are not finite, or a file
        cannot be written.
    """
    from safetensors.torch import save_file

    expected = outline_network(card.architecture).state_dict()
    state = {n: t for n, t in network.state_dict().items() if n in expected}
    if {n: t.shape for n, t in state.items()} != {n: t.shape for n, t in expected.items()}:
        raise ModelError(
            f"The card '{card.name}' describes another architecture than the network has."
        )
    stored = {}
    for n, tensor in state.items():
        half = storage == "fp16" and tensor.ndim > 1
        kept = tensor.detach().cpu().to(torch.float16 if half else tensor.dtype).contiguous()
        if kept.is_floating_point() and not torch.isfinite(kept).all():
            raise ModelError(
                f"'{n}' cannot be saved as {storage}: it holds numbers that are not finite there."
            )
        stored[n] = kept

    folder = Path(folder)
    weights_path, card_path = folder / f"{card.name}.safetensors", folder / f"{card.name}.json"
    with replacing(weights_path, ModelError) as partial:
        save_file(stored, partial, metadata={"format": "pt"})
        checksum = sha256_of(partial)
    write_card_file(replace(card, weights=weights_path.name, sha256=checksum), card_path)
    return card_path


def _card_path(path: Path) -> Path:
    if path.suffix == ".json":
        beside = path
    elif path.is_file():
        beside = path.with_suffix(".json")
        if not beside.is_file():
            raise ModelError(
                f"{path} needs its model card beside it, {beside.name}; copy it there."
            )
    else:
        beside = path
    if not beside.is_file():
        raise ModelError(
            f"There is no model '{path}'; choose {', '.join(list_models())}, a card (.json), or a "
            "file of weights."
        )
    return beside


def _with_own_weights(card: ModelCard, weights: Path) -> Model:
    if not weights.is_file():
        raise ModelError(
            f"The weights {weights} of the model '{card.name}' are missing; copy them beside the "
            "card."
        )
    if card.sha256 is not None and sha256_of(weights) != card.sha256:
        raise ModelError(
            f"{weights} is not the file that the card '{card.name}' was written for "
            "(its SHA-256 differs); fetch it again."
        )
    return _build(card, read_state_dict(weights), weights)


def _with_foreign_weights(card: ModelCard, weights: Path) -> Model:
    """Use weights that a person brought; the reference recipe fits both backbones."""
    state = read_state_dict(weights)
    card = replace(card, weights=None, sha256=None)
    if card.name == REFERENCE:
        architecture = _reference_architecture(card.architecture, state, weights)
        card = replace(card, architecture=architecture)
    return _build(card, state, weights)


def _reference_architecture(
    reference: Architecture, state: StateDict, weights: Path
) -> Architecture:
    found = recognise_architecture(state)
    if found is None:
        raise ModelError(
            f"{weights} is not a detector's checkpoint: it has no encoder named 'backbone.*' of a "
            "known depth with a decoder. Weights of an encoder alone cannot find motors; use them "
            "to begin a training."
        )
    wanted = replace(reference, backbone=found.backbone, auxiliary_head=found.auxiliary_head)
    if found != wanted:
        raise ModelError(
            f"{weights} has other widths or channels than the reference ({found}); it needs a "
            "model "
            f"card of its own beside it, {weights.with_suffix('.json').name}."
        )
    return found


def _build(card: ModelCard, state: StateDict, weights: Path) -> Model:
    # Built without storage, which the weights bring: a large network is held once, not twice, and
    # no time goes into random weights.
    try:
        network = outline_network(card.architecture)
    except (ModelError, RuntimeError) as error:  # widths beyond what an array can have
        raise ModelError(f"The card of {weights}: {error}") from error
    load_state(network, state, weights)
    return Model(card=card, network=network.eval())
