"""Encoders: a registry of families, each a module of its own."""

from collections.abc import Mapping

from torch import Tensor

from motorscope.contract import Architecture
from motorscope.errors import ModelError
from motorscope.network.encoders import resnet
from motorscope.network.encoders.base import Encoder, Family, Features

FAMILIES: list[Family] = [resnet.FAMILY]
"""All that there are; the first that recognizes weights takes them."""

__all__ = [
    "FAMILIES",
    "Encoder",
    "Family",
    "Features",
    "backbones",
    "build_encoder",
    "features_of",
    "recognise_encoder",
]


def backbones() -> tuple[str, ...]:
    """Return the names of all backbones."""
    return tuple(name for family in FAMILIES for name in family.backbones)


def build_encoder(
    architecture: Architecture, drop_path_rate: float = 0.0, checkpointing: bool = False
) -> Encoder:
    """Build an architecture's encoder with new random weights.

    Raises
    ------
    ModelError
        If there is no such backbone, or a number makes no sense.
    """
    return _family(architecture.backbone).build(architecture, drop_path_rate, checkpointing)


def features_of(architecture: Architecture) -> Features:
    """Return how large the features of an architecture's encoder are; nothing is built.

    Raises
    ------
    ModelError
        If there is no such backbone.
    """
    return _family(architecture.backbone).features(architecture)


def recognise_encoder(state: Mapping[str, Tensor]) -> Architecture | None:
    """Return backbone, input channels and width of an encoder's state dict, or ``None``."""
    for family in FAMILIES:
        if (found := family.recognise(state)) is not None:
            return found
    return None


def _family(backbone: str) -> Family:
    for family in FAMILIES:
        if backbone in family.backbones:
            return family
    raise ModelError(f"There is no backbone '{backbone}'; choose {' or '.join(backbones())}.")
