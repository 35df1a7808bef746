"""The detector: its parts, its weights and what must be known to use it."""

from motorscope.network.card import Architecture, Calibration, FeatureSpec, ModelCard
from motorscope.network.card_json import (
    card_from_json,
    card_to_json,
    read_card_file,
    write_card_file,
)
from motorscope.network.checkpoint import (
    LoadReport,
    WeightsMismatch,
    load_encoder_weights,
    load_weights,
    read_state_dict,
)
from motorscope.network.inference import fuse_for_inference
from motorscope.network.model import Model
from motorscope.network.registry import list_models, load_model, read_card, save_model
from motorscope.network.resnet import ResNetEncoder3d
from motorscope.network.unet import Logits, UNet3d, build_network

__all__ = [
    "Architecture",
    "Calibration",
    "FeatureSpec",
    "LoadReport",
    "Logits",
    "Model",
    "ModelCard",
    "ResNetEncoder3d",
    "UNet3d",
    "WeightsMismatch",
    "build_network",
    "card_from_json",
    "card_to_json",
    "fuse_for_inference",
    "list_models",
    "load_encoder_weights",
    "load_model",
    "load_weights",
    "read_card",
    "read_card_file",
    "read_state_dict",
    "save_model",
    "write_card_file",
]
