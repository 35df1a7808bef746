"""Where one can look into a network: its maps by name, from the stem to the logits."""

from torch import Tensor

from motorscope.contract import FeatureSpec
from motorscope.errors import ModelError
from motorscope.network.resnet import ResNetEncoder3d
from motorscope.network.unet import DecoderBlock, UNet3d

Network = UNet3d | ResNetEncoder3d
"""A detector, or an encoder alone."""

LOGITS = "logits"
_DECODER = "decoder"


def taps_of(network: Network) -> tuple[FeatureSpec, ...]:
    """Return all maps that can be looked at, in the order in which they are computed.

    Those of a detector are ``stem``, ``layer1`` to ``layer4``, the stages of its decoder from
    ``decoder1`` on, deepest first, and ``logits``. A decoder's voxels lie on those of the encoder's
    stage that it takes in; the logits are before calibration.
    """
    encoder = _encoder(network).feature_specs
    if isinstance(network, ResNetEncoder3d):
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
        ``(n, in_channels, z, y, x)``, sides multiples of 32.
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
    blocks = list(network.decoder.blocks)
    wanted = blocks if name == LOGITS else blocks[: int(name.removeprefix(_DECODER))]
    *skips, y = encoder.forward_features(x, first=len(names) - 1 - len(wanted))
    for block in wanted:
        y = block(y, skips.pop())
    return network.seg_head(y) if name == LOGITS else y


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


def _encoder(network: Network) -> ResNetEncoder3d:
    return network if isinstance(network, ResNetEncoder3d) else network.encoder
