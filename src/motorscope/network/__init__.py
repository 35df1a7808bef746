"""The detector: its parts, its weights and what must be known to use it."""

from motorscope.network.checkpoint import (
    LoadReport,
    WeightsMismatch,
    load_encoder_weights,
    load_weights,
)
from motorscope.network.encoders.base import Encoder
from motorscope.network.encoders.resnet import ResNetEncoder3d
from motorscope.network.inference import fuse_for_inference
from motorscope.network.model import EncoderModel, Model
from motorscope.network.registry import (
    find_models,
    list_models,
    load_model,
    load_to_inspect,
    read_card,
    save_model,
)
from motorscope.network.taps import Split, receptive_radius, tap_named, tap_output, taps_of
from motorscope.network.unet import Logits, UNet3d, build_network
from motorscope.network.weights import read_state_dict

__all__ = [
    "Encoder",
    "EncoderModel",
    "LoadReport",
    "Logits",
    "Model",
    "ResNetEncoder3d",
    "Split",
    "UNet3d",
    "WeightsMismatch",
    "build_network",
    "find_models",
    "fuse_for_inference",
    "list_models",
    "load_encoder_weights",
    "load_model",
    "load_to_inspect",
    "load_weights",
    "read_card",
    "read_state_dict",
    "receptive_radius",
    "save_model",
    "tap_named",
    "tap_output",
    "taps_of",
]
