"""Weights into networks: whether they fit, and only then."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from motorscope.contract import Architecture
from motorscope.errors import ModelError
from motorscope.network.encoders import Encoder, recognise_encoder
from motorscope.network.unet import UNet3d
from motorscope.network.weights import StateDict, read_state_dict

_CLASSIFIER = "fc."
_ENCODER_PREFIX = "backbone."
_DETECTOR_ONLY = ("decoder.", "seg_head.", "aux_head.")
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
    return _load(network, state, Path(path), unwanted, _ENCODER_PREFIX + network.encoder.stem)


def load_encoder_weights(encoder: Encoder, path: str | os.PathLike[str]) -> LoadReport:
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
    encoder: Encoder, state: Mapping[str, Tensor], path: str | os.PathLike[str]
) -> LoadReport:
    """Load weights that `read_state_dict` read from `path`; see `load_encoder_weights`."""
    state = _without_prefix(state)
    found = recognise_encoder(state)
    if found is not None and found.backbone != encoder.backbone:
        raise ModelError(
            f"{path} holds the weights of the backbone {found.backbone}, but the encoder is "
            f"{encoder.backbone}; choose the backbone {found.backbone} or another file."
        )
    return _load(encoder, state, Path(path), (_CLASSIFIER, *_DETECTOR_ONLY), encoder.stem)


def _without_prefix(state: Mapping[str, Tensor]) -> StateDict:
    """Return weights by the names that they have in an encoder alone."""
    return {name.removeprefix(_ENCODER_PREFIX): tensor for name, tensor in state.items()}


def recognise_architecture(state: Mapping[str, Tensor]) -> Architecture | None:
    """Return a detector's architecture as far as names and shapes tell, or ``None``.

    How the heads interpolate does not show; the reference's way is assumed.
    """
    encoder = recognise_encoder(
        {
            name.removeprefix(_ENCODER_PREFIX): tensor
            for name, tensor in state.items()
            if name.startswith(_ENCODER_PREFIX)
        }
    )
    if encoder is None:
        return None
    decoder: list[int] = []
    while (fused := state.get(f"decoder.blocks.{len(decoder)}.conv1.conv.weight")) is not None:
        decoder.append(fused.shape[0])
    if not decoder:
        return None
    return replace(
        encoder,
        decoder_channels=tuple(decoder),
        auxiliary_head="aux_head.conv.weight" in state,
    )


def recognise_bare_encoder(state: Mapping[str, Tensor]) -> Architecture | None:
    """Return backbone and width of an encoder's or a detector's weights, for one input channel."""
    found = recognise_encoder(_without_prefix(state))
    return None if found is None else replace(found, in_channels=1)


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
