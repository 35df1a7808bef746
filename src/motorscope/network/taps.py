"""Where one can look into a network: its maps by name, from the stem to the logits."""

import itertools
from dataclasses import dataclass

from torch import Tensor, nn

from motorscope.contract import FeatureSpec
from motorscope.errors import ModelError
from motorscope.network.encoders import Encoder
from motorscope.network.unet import DecoderBlock, UNet3d

Network = UNet3d | Encoder
"""A detector, or an encoder alone."""

LOGITS = "logits"
_DECODER = "decoder"


def taps_of(network: Network) -> tuple[FeatureSpec, ...]:
    """Return all maps that can be looked at, in the order in which they are computed.

    Those of a detector are its encoder's (``stem``, ``layer1``, …), the stages of its decoder from
    ``decoder1`` on, deepest first, and ``logits``. A decoder's voxels lie on those of the encoder's
    stage that it takes in; the logits are before calibration.
    """
    encoder = _encoder(network).feature_specs
    if isinstance(network, Encoder):
        return encoder
    decoder = []
    for number, skip in enumerate(encoder[-2::-1][: len(network.decoder.blocks)], start=1):
        block = network.decoder.blocks[number - 1]
        assert isinstance(block, DecoderBlock)
        channels = block.conv2.conv.out_channels
        decoder.append(FeatureSpec(f"{_DECODER}{number}", channels, skip.stride, skip.offset))
    output = network.output_spec
    return (*encoder, *decoder, FeatureSpec(LOGITS, 1, output.stride, output.offset))


def tap_named(network: Network, name: str) -> FeatureSpec:
    """Return the tap of a name.

    Raises
    ------
    ModelError
        If the network has none of this name; the message lists those there are.
    """
    taps = taps_of(network)
    for tap in taps:
        if tap.name == name:
            return tap
    known = ", ".join(tap.name for tap in taps)
    raise ModelError(f"This network has no stage '{name}'; choose one of {known}.")


def tap_output(network: Network, x: Tensor, name: str) -> Tensor:
    """Return the map of a tap, and compute nothing that lies deeper.

    Parameters
    ----------
    x
        ``(n, in_channels, z, y, x)``, sides multiples of the encoder's alignment.
    name
        One of `taps_of`.

    Returns
    -------
    Tensor
        ``(n, channels, z / stride, y / stride, x / stride)``.
    """
    encoder = _encoder(network)
    names = [spec.name for spec in encoder.feature_specs]
    if name in names:
        count = names.index(name) + 1
        return encoder.forward_features(x, count, first=count - 1)[0]
    assert isinstance(network, UNet3d)  # an encoder has no other taps
    return Split(network, name).before(x)[0]


@dataclass(frozen=True)
class Split:
    """A detector cut in two at a tap, so that what follows can be computed of another map.

    Attributes
    ----------
    network
        The detector.
    name
        One of `taps_of`.

    Raises
    ------
    ModelError
        If there is no such tap.
    """

    network: UNet3d
    name: str

    def __post_init__(self) -> None:
        _ = self.spec

    @property
    def spec(self) -> FeatureSpec:
        """Geometry of the tap."""
        return tap_named(self.network, self.name)

    def before(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the tap's map of ``(n, in_channels, z, y, x)``, and what else `after` needs."""
        encoder, stage = self.network.encoder, self._stage
        finest = len(encoder.channels) - 1 - len(self._blocks)  # that the decoder reads
        others = encoder.forward_features(x, stage + 1, first=min(finest, stage))
        y = others.pop()
        for block in self._blocks[: self._done]:
            y = block(y, others.pop())
        return self.network.seg_head(y) if self.name == LOGITS else y, others

    def after(self, y: Tensor, others: list[Tensor]) -> Tensor:
        """Return the logits ``(n, 1, …)`` that maps of the tap lead to.

        Parameters
        ----------
        y
            ``(n, channels, …)``.
        others
            What `before` returned beside the map of one input.
        """
        if self.name == LOGITS:
            return y
        features = [each.expand(len(y), *each.shape[1:]) for each in others]
        if not self._done:
            features += [y, *self.network.encoder.deeper_features(y, self._stage)]
            y = features.pop()
        for block in self._blocks[self._done :]:
            y = block(y, features.pop())
        logits: Tensor = self.network.seg_head(y)
        return logits

    @property
    def share(self) -> float:
        """About which share of the network's layers `after` passes through."""
        if self.name == LOGITS:
            return 0.0
        encoder, decoder = self.network.encoder, self.network.decoder
        deeper = itertools.chain(*encoder.steps[self._stage + 1 :])
        rest = (*deeper, *self._blocks[self._done :])
        return sum(map(_leaves, rest)) / (_leaves(encoder) + _leaves(decoder))

    @property
    def _blocks(self) -> list[nn.Module]:
        return list(self.network.decoder.blocks)

    @property
    def _done(self) -> int:
        """How many blocks of the decoder lie before the tap."""
        if self.name == LOGITS:
            return len(self._blocks)
        return int(self.name.removeprefix(_DECODER)) if self.name.startswith(_DECODER) else 0

    @property
    def _stage(self) -> int:
        """Index of the last of the encoder's features that lies before the tap, or is it."""
        names = [spec.name for spec in self.network.encoder.feature_specs]
        return names.index(self.name) if self.name in names else len(names) - 1


def _leaves(module: nn.Module) -> int:
    return sum(not any(each.children()) for each in module.modules())


def receptive_radius(network: Network, name: str) -> int:
    """Return how many input voxels to each side of its centre a tap's voxel depends on, at most."""
    encoder = _encoder(network)
    specs = encoder.feature_specs
    names = [spec.name for spec in specs]
    if name in names:
        return encoder.receptive_radius(names.index(name) + 1)
    stages = [tap for tap in taps_of(network) if tap.name.startswith(_DECODER)]
    if name != LOGITS:
        stages = stages[: int(name.removeprefix(_DECODER))]
    radius = encoder.receptive_radius()
    for stage in stages:
        radius += 3 * stage.stride  # doubling the sides, and two kernels of three voxels
    return radius + 2 * stages[-1].stride if name == LOGITS else radius


def _encoder(network: Network) -> Encoder:
    return network if isinstance(network, Encoder) else network.encoder
