"""The detector: an encoder, a decoder that fits any encoder, and a heatmap head."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from motorscope.contract import Architecture, FeatureSpec
from motorscope.errors import ModelError
from motorscope.network.convolution import Conv3d
from motorscope.network.encoders import Encoder, build_encoder
from motorscope.network.encoders.base import Folds, Triple, initialise


class Logits(NamedTuple):
    """What training looks at: logits ``(n, 1, z, y, x)`` of the head and, if any, the auxiliary."""

    main: Tensor
    auxiliary: Tensor | None


class UNet3d(nn.Module):
    """A heatmap of motors from an encoder's features.

    Each decoder stage doubles the resolution and takes in the next shallower feature; the head
    doubles it once more.

    Parameters
    ----------
    encoder
        Any number of channels; nothing about it has to be repeated here.
    decoder_channels
        Channels of each decoder stage, deepest first; one to four stages.
    auxiliary_head
        Whether a second head looks at the deepest feature (deep supervision; used in training
        only).
    align_corners
        How heads interpolate. ``True`` is the reference's way and makes the map's geometry depend
        on the window's size; ``False`` keeps it the same everywhere.

    Raises
    ------
    ModelError
        If there are no or too many decoder stages.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder_channels: Sequence[int] = (256,),
        auxiliary_head: bool = True,
        align_corners: bool = True,
    ) -> None:
        super().__init__()
        most = len(encoder.channels) - 1
        if not 1 <= len(decoder_channels) <= most or min(decoder_channels) < 1:
            raise ModelError(
                f"A decoder has one to {most} stages of at least one channel, not "
                f"{tuple(decoder_channels)}."
            )
        deepest = encoder.channels[-1]
        with torch.device(next(encoder.parameters()).device):
            # The reference's name for the encoder in a state dict is "backbone".
            self.backbone = encoder
            self.decoder = Decoder(encoder.channels, decoder_channels)
            self.seg_head = Head(decoder_channels[-1], align_corners)
            self.aux_head = Head(deepest, align_corners) if auxiliary_head else None
        initialise(self.decoder)

    @property
    def encoder(self) -> Encoder:
        """The encoder."""
        return self.backbone

    @property
    def alignment(self) -> int:
        """Of what sides and starts of windows are multiples; see `Encoder.alignment`."""
        return self.backbone.alignment

    @property
    def input_multiple(self) -> Triple:
        """What the input's sides (z, y, x) must be multiples of."""
        return self.backbone.strides[-1]

    @property
    def output_spec(self) -> FeatureSpec:
        """Geometry of the heatmap; voxel *i* covers `stride` input voxels from ``stride * i``."""
        specs = self.backbone.feature_specs
        stride = specs[-1 - len(self.decoder.blocks)].stride // 2
        return FeatureSpec(name="heatmap", channels=1, stride=stride, offset=(stride - 1) / 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return the heatmap's logits.

        Parameters
        ----------
        x
            ``(n, in_channels, z, y, x)``, sides multiples of `input_multiple`.

        Returns
        -------
        Tensor
            ``(n, 1, z / s, y / s, x / s)`` with the stride ``s`` of `output_spec`.

        Raises
        ------
        ModelError
            If the input does not fit.
        """
        self._check(x)
        # Features that no decoder stage takes in are not kept.
        first = len(self.backbone.channels) - 1 - len(self.decoder.blocks)
        features = self.backbone.forward_features(x, first=first)
        logits: Tensor = self.seg_head(self.decoder(features))
        return logits

    def forward_with_auxiliary(self, x: Tensor) -> Logits:
        """Return the heatmap's logits and the auxiliary head's, at half the deepest stride.

        See `forward`.
        """
        self._check(x)
        features = self.backbone.forward_features(x)
        auxiliary = None if self.aux_head is None else self.aux_head(features[-1])
        return Logits(main=self.seg_head(self.decoder(features)), auxiliary=auxiliary)

    def _check(self, x: Tensor) -> None:
        channels = self.backbone.in_channels
        if x.ndim != 5 or x.shape[1] != channels:
            raise ModelError(
                f"The network takes arrays (n, {channels}, z, y, x), not one of shape "
                f"{tuple(x.shape)}."
            )
        sides, multiple = tuple(x.shape[2:]), self.input_multiple
        if any(side == 0 or side % m for side, m in zip(sides, multiple, strict=True)):
            fitting = tuple(
                -(-max(side, 1) // m) * m for side, m in zip(sides, multiple, strict=True)
            )
            raise ModelError(
                f"The network's input sides must be multiples of {multiple} (z, y, x), not "
                f"{sides}; pad them to {fitting}."
            )


class Decoder(nn.Module):
    """Decoder stages, deepest first."""

    def __init__(self, features: Sequence[int], channels: Sequence[int]) -> None:
        super().__init__()
        deeper = [features[-1], *channels]
        skips = reversed(features[:-1])
        self.blocks = nn.ModuleList(
            DecoderBlock(below, skip, n)
            for below, skip, n in zip(deeper, skips, channels, strict=False)
        )

    def forward(self, features: list[Tensor]) -> Tensor:
        """Turn an encoder's features, shallowest first, into one map.

        Features are taken out of the list, so that each is freed as soon as it was used.
        """
        x = features.pop()
        for block in self.blocks:
            x = block(x, features.pop())
        return x


class DecoderBlock(nn.Module):
    """Upsample, put beside the skip, and fuse with two convolutions."""

    def __init__(self, deeper: int, skip: int, channels: int) -> None:
        super().__init__()
        self.upsample = Upsample(deeper)
        self.conv1 = ConvNormReLU(deeper + skip, channels)
        self.conv2 = ConvNormReLU(channels, channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Fuse `x` with a `skip` of twice its sides."""
        y: Tensor = self.conv2(self.conv1(torch.cat([self.upsample(x), skip], dim=1)))
        return y


class Upsample(nn.Module):
    """Learned doubling of the sides that keeps the number of channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose3d(channels, channels, kernel_size=2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, c, z, y, x)`` to ``(n, c, 2z, 2y, 2x)``."""
        y: Tensor = self.deconv(x)
        return y


class ConvNormReLU(nn.Module):
    """3³ convolution, batch norm, ReLU."""

    folds: Folds = (("conv", "norm"),)

    def __init__(self, n_in: int, channels: int) -> None:
        super().__init__()
        self.conv = Conv3d(n_in, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm3d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, n_in, z, y, x)`` to ``(n, channels, z, y, x)``."""
        y: Tensor = self.relu(self.norm(self.conv(x)))
        return y


class Head(nn.Module):
    """One channel of logits at twice the resolution."""

    def __init__(self, channels: int, align_corners: bool) -> None:
        super().__init__()
        self.conv = Conv3d(channels, 1, 3, padding=1)
        self.align_corners = align_corners

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, channels, z, y, x)`` to ``(n, 1, 2z, 2y, 2x)``."""
        return F.interpolate(
            self.conv(x), scale_factor=2.0, mode="trilinear", align_corners=self.align_corners
        )


class _NoRandomNumbers(TorchFunctionMode):
    """Leaves out the filling of tensors with random numbers."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in (Tensor.normal_, Tensor.uniform_):
            return args[0]
        return func(*args, **(kwargs or {}))


def outline_network(architecture: Architecture) -> UNet3d:
    """Build a network of names and shapes alone, on the ``meta`` device, for weights to fill in.

    PyTorch would "draw" random weights there too, for which it imports its compiler: seconds.

    Raises
    ------
    ModelError
        If the architecture is impossible.
    """
    with torch.device("meta"), _NoRandomNumbers():
        return build_network(architecture)


def build_network(
    architecture: Architecture, drop_path_rate: float = 0.0, checkpointing: bool = False
) -> UNet3d:
    """Build a network with new random weights.

    Parameters
    ----------
    architecture
        What to build.
    drop_path_rate, checkpointing
        Settings for training that leave the weights' names and shapes alone; see `build_encoder`.

    Raises
    ------
    ModelError
        If the architecture is impossible.
    """
    return UNet3d(
        build_encoder(architecture, drop_path_rate, checkpointing),
        decoder_channels=architecture.decoder_channels,
        auxiliary_head=architecture.auxiliary_head,
        align_corners=architecture.align_corners,
    )
