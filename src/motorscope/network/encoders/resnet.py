"""The encoder: 3D residual networks with the names and shapes of Hara et al.'s 3D-ResNets.

Every convolution with a stride has an odd kernel and symmetric padding, so voxel *i* of a feature
of stride *s* is centred on input voxel ``s * i``.
"""

import re
from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motorscope.contract import Architecture
from motorscope.errors import ModelError
from motorscope.network.convolution import Conv3d
from motorscope.network.encoders.base import (
    Encoder,
    Family,
    Features,
    Folds,
    Modules,
    Triple,
    initialise,
)
from motorscope.network.encoders.blocks import BasicBlock, Bottleneck

_STEM_SLABS = 24
"""Slabs of the stem in inference; as many for every input, so that layers can be counted.

So many that one stays below 32 MB for the windows in use: larger blocks of memory are fetched anew
from the system each time, which cost a tenth of a whole window's time.
"""

_SLABBED = 3 / 8
"""Share of the stem's output that lives at once where it is made in slabs, pooled ones included."""

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4")


BACKBONES: dict[str, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, ...]]] = {
    "r3d18": (BasicBlock, (2, 2, 2, 2)),
    "r3d34": (BasicBlock, (3, 4, 6, 3)),
    "r3d50": (Bottleneck, (3, 4, 6, 3)),
    "r3d101": (Bottleneck, (3, 4, 23, 3)),
    "r3d200": (Bottleneck, (3, 24, 36, 3)),
}
"""Kinds of blocks and their numbers in four layers (He et al. 2016, arXiv 1512.03385, in 3D)."""


class ResNetEncoder3d(Encoder):
    """3D ResNet that gives the features of all its stages.

    Parameters
    ----------
    backbone
        One of `BACKBONES`.
    in_channels
        Channels of the input.
    base_width
        Channels of the stem, by which every other width scales; 64 gives the standard networks.
    drop_path_rate
        Stochastic depth of the last block; it rises linearly from 0 at the first.
    stem_stride, stem_dilation
        Stride and dilation (z, y, x) of the first convolution; its padding is three times the
        dilation.
    checkpointing
        Whether to trade compute for memory wherever gradients flow: the stem and each layer are
        computed again in the backward pass.

    Raises
    ------
    ModelError
        If the backbone is unknown or a number makes no sense.

    References
    ----------
    Hara, Kataoka, Satoh, "Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and ImageNet?",
    CVPR 2018.
    """

    stem = "conv1.weight"
    stages = STAGES
    folds: Folds = (("conv1", "bn1"),)

    def __init__(
        self,
        backbone: str = "r3d18",
        in_channels: int = 1,
        base_width: int = 64,
        drop_path_rate: float = 0.2,
        stem_stride: Triple = (2, 2, 2),
        stem_dilation: Triple = (1, 1, 1),
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise ModelError(f"There is no backbone '{backbone}'; choose {' or '.join(BACKBONES)}.")
        if in_channels < 1 or base_width < 1:
            raise ModelError(
                f"in_channels and base_width must be at least 1, not {in_channels} and "
                f"{base_width}."
            )
        block, depths = BACKBONES[backbone]
        self.backbone = backbone
        self.in_channels = in_channels
        self.stem_stride = stem_stride
        self.checkpointing = checkpointing

        d, h, w = stem_dilation
        self.conv1 = Conv3d(
            in_channels,
            base_width,
            7,
            stem_stride,
            (3 * d, 3 * h, 3 * w),
            stem_dilation,
            bias=False,
        )
        self.bn1 = nn.BatchNorm3d(base_width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool3d(3, stride=2, padding=1)

        widths = [base_width * 2**i for i in range(4)]
        self.channels = _channels(backbone, base_width)
        rates = torch.linspace(0, drop_path_rate, sum(depths), device="cpu").tolist()
        layers = []
        for i, (depth, width, (n_in, n_out)) in enumerate(
            zip(depths, widths, pairwise(self.channels), strict=True)
        ):
            blocks = [
                block(
                    in_channels=n_in if j == 0 else n_out,
                    width=width,
                    stride=2 if i > 0 and j == 0 else 1,
                    drop_path_rate=rates.pop(0),
                )
                for j in range(depth)
            ]
            layers.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = layers
        initialise(self)

    @property
    def strides(self) -> tuple[Triple, ...]:
        """Stride (z, y, x) of each feature, stem first."""
        z, y, x = self.stem_stride
        return tuple((z * 2**i, y * 2**i, x * 2**i) for i in range(len(STAGES)))

    def receptive_radius(self, stages: int | None = None) -> int:
        """Return how many input voxels to each side of its centre a feature voxel depends on.

        Counted along the axis of the widest stem stride.

        Parameters
        ----------
        stages
            The feature is the last of this many stages.
        """
        stages = len(STAGES) if stages is None else stages
        stem = self.conv1
        jump = max(stem.stride)
        radius = max(d * (k // 2) for d, k in zip(stem.dilation, stem.kernel_size, strict=True))
        if stages > 1:
            radius += jump  # the pooling's kernel has three voxels
            jump *= 2
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4)[: stages - 1]:
            for block in layer:
                for module in block.children():
                    if isinstance(module, nn.Conv3d):
                        radius += jump * (module.kernel_size[0] // 2)
                        jump *= module.stride[0]
        return radius

    @property
    def steps(self) -> tuple[Modules, ...]:
        """Stem and layers."""
        return (
            (self.conv1, self.bn1, self.relu),
            (self.maxpool, self.layer1),
            (self.layer2,),
            (self.layer3,),
            (self.layer4,),
        )

    def forward_features(
        self, x: Tensor, stages: int | None = None, first: int = 0
    ) -> list[Tensor]:
        """Return features, the stem's made in slabs where nobody asks for it; see `Encoder`."""
        if first == 0 or stages == 1 or torch.is_grad_enabled():
            return super().forward_features(x, stages, first)
        steps = ((), (self.layer1,), *self.steps[2:])
        return self.through(steps[:stages], self._pooled_stem(x), first)

    def _pooled_stem(self, x: Tensor) -> Tensor:
        """Return the pooled stem, which is made in slabs along z and is never there as a whole.

        It would be by far the largest array of the network: with the stride 2 and 64 channels eight
        times the input.
        """
        conv, pool = self.conv1, self.maxpool
        stride, dilation, padding = conv.stride[0], conv.dilation[0], int(conv.padding[0])
        reach = dilation * (conv.kernel_size[0] - 1)
        depth = (x.shape[2] + 2 * padding - reach - 1) // stride + 1
        pooled = (depth - 1) // 2 + 1
        last: Tensor | None = None  # the plane before a slab, with which its first is pooled
        whole: Tensor | None = None  # made at once, so that no piece of it splits up freed memory
        for part in range(_STEM_SLABS):
            # Planes of the stem, and of the input for those.
            start, stop = (2 * (pooled * p // _STEM_SLABS) for p in (part, part + 1))
            stop = min(stop, depth)
            low, high = start * stride - padding, (stop - 1) * stride - padding + reach + 1
            if start == stop:  # of a thin volume, for the count
                self.relu(self.bn1(x.new_zeros(len(x), conv.out_channels, 0, 1, 1)))
                continue
            y = x[:, :, max(low, 0) : min(high, x.shape[2])]
            y = F.pad(y, (0, 0, 0, 0, max(-low, 0), max(high - x.shape[2], 0)))
            y = F.conv3d(
                y, conv.weight, conv.bias, conv.stride, (0, *conv.padding[1:]), conv.dilation
            )
            y = self.relu(self.bn1(y))
            # What is beyond the ends must not win; nothing after a ReLU is below 0.
            beyond = torch.zeros_like(y[:, :, :1])
            after = [beyond] if (stop - start) % 2 else []
            y = torch.cat([beyond if last is None else last, y, *after], dim=2)
            last = y[:, :, -1:].clone()
            y = F.max_pool3d(y, pool.kernel_size, pool.stride, (0, 1, 1))
            if whole is None:
                sides = (*y.shape[:2], pooled, *y.shape[3:])
                whole = torch.empty_permuted(sides, y.dim_order(), dtype=y.dtype, device=y.device)
            whole[:, :, start // 2 : start // 2 + y.shape[2]] = y
        assert whole is not None
        return whole


def _channels(backbone: str, base_width: int) -> tuple[int, ...]:
    expansion = BACKBONES[backbone][0].expansion
    return (base_width, *(expansion * base_width * 2**i for i in range(4)))


def _build(architecture: Architecture, drop_path_rate: float, checkpointing: bool) -> Encoder:
    return ResNetEncoder3d(
        backbone=architecture.backbone,
        in_channels=architecture.in_channels,
        base_width=architecture.base_width,
        drop_path_rate=drop_path_rate,
        checkpointing=checkpointing,
    )


def _features(architecture: Architecture) -> Features:
    channels = _channels(architecture.backbone, architecture.base_width)
    return Features(channels, (2, 4, 8, 16, 32), _SLABBED)


def _recognise(state: Mapping[str, Tensor]) -> Architecture | None:
    """Recognize the blocks; heads do not count."""
    stem = state.get(ResNetEncoder3d.stem)
    if stem is None or stem.ndim != 5:
        return None
    blocks = {m.group(0) for name in state if (m := re.match(r"layer[1-4]\.\d+\.", name))}
    depths = tuple(sum(b.startswith(f"layer{i}.") for b in blocks) for i in range(1, 5))
    has_third = "layer1.0.conv3.weight" in state
    for name, (block, expected) in BACKBONES.items():
        if depths == expected and has_third == (block.expansion > 1):
            return Architecture(name, in_channels=stem.shape[1], base_width=stem.shape[0])
    return None


FAMILY = Family(BACKBONES, _build, _features, _recognise)
