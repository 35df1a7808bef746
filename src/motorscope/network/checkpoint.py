"""Weights from files: what is in them, whether they fit, and only then into the network.

Pickles are only ever read with ``weights_only=True``, which builds tensors and plain containers and
runs nothing.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from motorscope.contract import Architecture
from motorscope.errors import ModelError
from motorscope.network.resnet import BACKBONES, ResNetEncoder3d
from motorscope.network.unet import UNet3d

StateDict = dict[str, Tensor]

# Averaged weights come first: where a file has both, they are the ones to use.
_WRAPPERS = (
    "ema_state_dict", "state_dict_ema", "model_ema", "ema",
    "state_dict", "model_state_dict", "model", "network", "net", "module", "weights",
)  # fmt: skip
_PREFIX = re.compile(r"^(?:module\.|_orig_mod\.)+")
_CLASSIFIER = "fc."
_ENCODER_PREFIX = "backbone."
_DETECTOR_ONLY = ("decoder.", "seg_head.", "aux_head.")
_STEM = "conv1.weight"
# Counters of batches that no forward pass looks at, which old files lack.
_OPTIONAL = ".num_batches_tracked"


@dataclass(frozen=True)
class LoadReport:
    """What was done with a file of weights.

    Attributes
    ----------
    path
        The file.
    loaded
        Names that were loaded, as the network calls them.
    dropped
        Names in the file that the network has no use for: a classifier, or a detector's heads for
        an encoder.
    adapted
        Names whose shape was changed on the way: a stem for another number of input channels.
    """

    path: Path
    loaded: tuple[str, ...]
    dropped: tuple[str, ...]
    adapted: tuple[str, ...]

    def __str__(self) -> str:
        text = f"{len(self.loaded)} tensors loaded from {self.path.name}"
        if self.dropped:
            text += f", {len(self.dropped)} left out ({_some(self.dropped)})"
        if self.adapted:
            text += f", adapted to the input channels: {_some(self.adapted)}"
        return text


class WeightsMismatch(ModelError):
    """Weights do not fit a network; nothing was loaded.

    Attributes
    ----------
    missing, unexpected
        Names that the file lacks, and that it has too many.
    wrong_shape
        Name, shape in the file, shape in the network.
    """

    def __init__(
        self,
        message: str,
        missing: tuple[str, ...],
        unexpected: tuple[str, ...],
        wrong_shape: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...],
    ) -> None:
        super().__init__(message)
        self.missing = missing
        self.unexpected = unexpected
        self.wrong_shape = wrong_shape


def load_weights(network: UNet3d, path: str | os.PathLike[str]) -> LoadReport:
    """Load a whole detector's weights from a ``.safetensors``, ``.pt`` or ``.pth`` file.

    The file holds a state dict, bare or in a wrapper (``state_dict``, ``model``, ``ema``, …), its
    names perhaps beginning with ``module.`` or ``_orig_mod.``. A stem for three channels is adapted
    to the network's. The weights of an auxiliary head are left out where the network has none.

    Raises
    ------
    ModelError
        If the file cannot be read or is no checkpoint.
    WeightsMismatch
        If names or shapes do not fit; the network is then left as it was.
    """
    return load_state(network, read_state_dict(path), path)


def load_state(
    network: UNet3d, state: Mapping[str, Tensor], path: str | os.PathLike[str]
) -> LoadReport:
    """Load weights that `read_state_dict` read from `path`; see `load_weights`.

    A network on the ``meta`` device takes the tensors over instead of copying them.
    """
    unwanted: tuple[str, ...] = (_CLASSIFIER,)
    if network.aux_head is None:
        unwanted += ("aux_head.",)
    return _load(network, state, Path(path), unwanted, _ENCODER_PREFIX + _STEM)


def load_encoder_weights(encoder: ResNetEncoder3d, path: str | os.PathLike[str]) -> LoadReport:
    """Load an encoder's weights, from an encoder's, a classifier's or a detector's checkpoint.

    Like `load_weights`; a prefix ``backbone.``, the classifier's ``fc.*`` and a detector's decoder
    and heads are left out.

    Raises
    ------
    ModelError
        If the file cannot be read, is no checkpoint, or is of another backbone.
    WeightsMismatch
        If names or shapes do not fit; the encoder is then left as it was.
    """
    return load_encoder_state(encoder, read_state_dict(path), path)


def load_encoder_state(
    encoder: ResNetEncoder3d, state: Mapping[str, Tensor], path: str | os.PathLike[str]
) -> LoadReport:
    """Load weights that `read_state_dict` read from `path`; see `load_encoder_weights`."""
    state = {name.removeprefix(_ENCODER_PREFIX): tensor for name, tensor in state.items()}
    found = recognise_backbone(state)
    if found is not None and found != encoder.backbone:
        raise ModelError(
            f"{path} holds the weights of the backbone {found}, but the encoder is "
            f"{encoder.backbone}; "
            f"choose the backbone {found} or another file."
        )
    return _load(encoder, state, Path(path), (_CLASSIFIER, *_DETECTOR_ONLY), _STEM)


def read_state_dict(path: str | os.PathLike[str]) -> StateDict:
    """Read a checkpoint's tensors by name, without wrappers, ``module.`` and ``_orig_mod.``.

    Raises
    ------
    ModelError
        If the file is absent, damaged, needs more than tensors and plain containers, or holds no
        state dict.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"There is no file {path}; check the path of the weights.")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    state = _unwrap(content)
    if state is None:
        raise ModelError(
            f"{path} holds no state dict (names with tensors), so it is not a checkpoint of a "
            "network."
        )
    return {_PREFIX.sub("", name): tensor for name, tensor in state.items() if name != "n_averaged"}


def recognise_backbone(state: Mapping[str, Tensor]) -> str | None:
    """Return the backbone whose blocks an encoder's state dict has, or ``None``."""
    blocks = {m.group(0) for name in state if (m := re.match(r"layer[1-4]\.\d+\.", name))}
    depths = tuple(sum(b.startswith(f"layer{i}.") for b in blocks) for i in range(1, 5))
    has_third = "layer1.0.conv3.weight" in state
    for name, (block, expected) in BACKBONES.items():
        if depths == expected and has_third == (block.expansion > 1):
            return name
    return None


def recognise_architecture(state: Mapping[str, Tensor]) -> Architecture | None:
    """Return a detector's architecture as far as names and shapes tell, or ``None``.

    How the heads interpolate does not show; the reference's way is assumed.
    """
    encoder = {
        name.removeprefix(_ENCODER_PREFIX): t
        for name, t in state.items()
        if name.startswith(_ENCODER_PREFIX)
    }
    backbone = recognise_backbone(encoder)
    stem = encoder.get(_STEM)
    if backbone is None or stem is None or stem.ndim != 5:
        return None
    decoder: list[int] = []
    while (fused := state.get(f"decoder.blocks.{len(decoder)}.conv1.conv.weight")) is not None:
        decoder.append(fused.shape[0])
    if not decoder:
        return None
    return Architecture(
        backbone=backbone,
        in_channels=stem.shape[1],
        base_width=stem.shape[0],
        decoder_channels=tuple(decoder),
        auxiliary_head="aux_head.conv.weight" in state,
    )


def recognise_encoder(state: Mapping[str, Tensor]) -> Architecture | None:
    """Return backbone and width of an encoder's state dict, for one input channel, or ``None``."""
    own = {name.removeprefix(_ENCODER_PREFIX): tensor for name, tensor in state.items()}
    backbone, stem = recognise_backbone(own), own.get(_STEM)
    if backbone is None or stem is None or stem.ndim != 5:
        return None
    return Architecture(backbone=backbone, base_width=stem.shape[0])


def _read_safetensors(path: Path) -> StateDict:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        # Copied out of the mapped file, which can then be replaced while the network lives.
        state = {name: tensor.clone() for name, tensor in load_file(path, device="cpu").items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(
            f"{path} is not a whole safetensors file ({error}); fetch it again."
        ) from error
    return state


def _read_pickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}).") from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        name = _forbidden_global(str(error))
        if name is not None:
            raise ModelError(
                f"{path} was refused: besides weights it would load '{name}', and a pickle that "
                "does that can run any program. "
                "Ask its author for a plain state dict (.pt) or a .safetensors file."
            ) from error
        # Torch's own words advise to switch the safety off, so they are not repeated.
        raise ModelError(
            f"{path} is damaged, cut short, or no PyTorch checkpoint; fetch or save it again."
        ) from error


def _forbidden_global(message: str) -> str | None:
    patterns = (
        r"GLOBAL (\S+) was not an allowed global",
        r"Trying to load unsupported GLOBAL (\S+)",
        r"Trying to call reduce for unrecognized function (.+?)(?:\n|$)",
        r"Can only (?:build|create new object).* but got (.+?)(?:\n|$)",
    )
    for pattern in patterns:
        if match := re.search(pattern, message):
            return match.group(1).strip()
    return None


def _unwrap(content: Any, depth: int = 3) -> StateDict | None:
    if not isinstance(content, Mapping):
        return None
    tensors = {
        name: value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    if any(name.endswith(".weight") for name in tensors):
        return tensors
    if depth == 0:
        return None
    for wrapper in _WRAPPERS:
        inner = _unwrap(content.get(wrapper), depth - 1)
        if inner is not None:
            return inner
    return None


def _load(
    module: nn.Module, state: Mapping[str, Tensor], path: Path, unwanted: tuple[str, ...], stem: str
) -> LoadReport:
    dropped = tuple(name for name in state if name.startswith(unwanted))
    state = {name: tensor for name, tensor in state.items() if name not in dropped}
    expected = module.state_dict()

    adapted: tuple[str, ...] = ()
    if stem in state and stem in expected:
        fitted = _adapt_stem(state[stem], expected[stem].shape[1])
        if fitted is not state[stem]:
            state[stem] = fitted
            adapted = (stem,)

    missing = tuple(n for n in expected if n not in state and not n.endswith(_OPTIONAL))
    unexpected = tuple(n for n in state if n not in expected)
    wrong_shape = tuple(
        (n, tuple(t.shape), tuple(expected[n].shape))
        for n, t in state.items()
        if n in expected and t.shape != expected[n].shape
    )
    if missing or unexpected or wrong_shape:
        said = []
        if missing:
            said.append(f"{len(missing)} missing ({_some(missing)})")
        if unexpected:
            said.append(f"{len(unexpected)} unexpected ({_some(unexpected)})")
        if wrong_shape:
            shapes = tuple(f"{n} is {has} and should be {wants}" for n, has, wants in wrong_shape)
            said.append(f"{len(wrong_shape)} of the wrong shape ({_some(shapes)})")
        raise WeightsMismatch(
            f"The weights in {path} do not fit the network: {'; '.join(said)}. Choose the "
            "architecture they were made for.",
            missing,
            unexpected,
            wrong_shape,
        )
    broken = tuple(
        n for n, t in state.items() if t.is_floating_point() and not torch.isfinite(t).all()
    )
    if broken:
        raise ModelError(
            f"The weights in {path} are not all finite numbers ({_some(broken)}); the file is of "
            "no use."
        )
    complete = {
        # Only counters are optional.
        name: state[name].to(tensor.dtype)
        if name in state
        else torch.zeros(tensor.shape, dtype=tensor.dtype)
        for name, tensor in expected.items()
    }
    without_storage = any(tensor.is_meta for tensor in expected.values())
    module.load_state_dict(complete, assign=without_storage)
    return LoadReport(path=path, loaded=tuple(state), dropped=dropped, adapted=adapted)


def _adapt_stem(weight: Tensor, in_channels: int) -> Tensor:
    """Turn a stem for three channels into one for `in_channels`; equal channels give equal sums."""
    if weight.ndim != 5 or weight.shape[1] != 3 or in_channels == 3:
        return weight
    total = weight.float().sum(dim=1, keepdim=True) / in_channels
    return total.to(weight.dtype).repeat(1, in_channels, 1, 1, 1)


def _some(names: tuple[str, ...], most: int = 6) -> str:
    more = f", … and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
