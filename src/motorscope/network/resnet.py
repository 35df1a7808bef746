"""The encoder: 3D residual networks with the names and shapes of Hara et al.'s 3D-ResNets.

Every convolution with a stride has an odd kernel and symmetric padding, so voxel *i* of a feature
of stride *s* is centred on input voxel ``s * i``.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motorscope.contract import FeatureSpec
from motorscope.errors import ModelError
from motorscope.network.convolution import Conv3d
from motorscope.network.timm_parts import checkpointed, drop_path

Triple = tuple[int, int, int]

_STEM_SLABS = 24
"""Slabs of the stem in inference; as many for every input, so that layers can be counted.

So many that one stays below 32 MB for the windows in use: larger blocks of memory are fetched anew
from the system each time, which cost a tenth of a whole window's time.
"""

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4")


class BasicBlock(nn.Module):
    """Two 3³ convolutions and a shortcut; the first carries the stride."""

    expansion = 1

    def __init__(self, in_channels: int, width: int, stride: int, drop_path_rate: float) -> None:
        super().__init__()
        self.conv1 = Conv3d(in_channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = Conv3d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.drop_path = drop_path(drop_path_rate)
        self.downsample = _shortcut(in_channels, width * self.expansion, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, in_channels, z, y, x)`` to ``(n, width, z/stride, …)``."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.drop_path(self.bn2(self.conv2(y)))
        y += self.downsample(x)
        out: Tensor = self.relu(y)
        return out


class Bottleneck(nn.Module):
    """1³, 3³ (with the stride) and 1³ convolutions, the last four times as wide, and a shortcut."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int, drop_path_rate: float) -> None:
        super().__init__()
        self.conv1 = Conv3d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = Conv3d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = Conv3d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(width * self.expansion)
        self.drop_path = drop_path(drop_path_rate)
        self.downsample = _shortcut(in_channels, width * self.expansion, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, in_channels, z, y, x)`` to ``(n, 4 * width, z/stride, …)``."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.drop_path(self.bn3(self.conv3(y)))
        y += self.downsample(x)
        out: Tensor = self.relu(y)
        return out


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        Conv3d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm3d(out_channels)
    )


BACKBONES: dict[str, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, ...]]] = {
    "r3d18": (BasicBlock, (2, 2, 2, 2)),
    "r3d34": (BasicBlock, (3, 4, 6, 3)),
    "r3d50": (Bottleneck, (3, 4, 6, 3)),
    "r3d101": (Bottleneck, (3, 4, 23, 3)),
    "r3d200": (Bottleneck, (3, 24, 36, 3)),
}
"""Kinds of blocks and their numbers in four layers (He et al. 2016, arXiv 1512.03385, in 3D)."""


def expansion_of(backbone: str) -> int:
    """Return how many times as many channels a layer of a backbone gives as its blocks are wide.

    Raises
    ------
    ModelError
        If there is no such backbone.
    """
    if backbone not in BACKBONES:
        raise ModelError(f"There is no backbone '{backbone}'; choose {' or '.join(BACKBONES)}.")
    return BACKBONES[backbone][0].expansion


class ResNetEncoder3d(nn.Module):
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
        expansion_of(backbone)  # refuses one that is not there
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
        self.channels: tuple[int, ...] = (
            base_width,
            *(block.expansion * width for width in widths),
        )
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

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Name, channels, stride and offset of each feature, stem first.

        Raises
        ------
        ModelError
            If the stem's stride differs between axes, since a feature then has no single stride
            (see `strides`).
        """
        if len(set(self.stem_stride)) > 1:
            raise ModelError(
                f"Features of a stem with the strides {self.stem_stride} have no single stride; "
                "use 'strides'."
            )
        return tuple(
            FeatureSpec(name=name, channels=channels, stride=stride, offset=0.0)
            for name, channels, (stride, _, _) in zip(
                STAGES, self.channels, self.strides, strict=True
            )
        )

    def receptive_radius(self, stages: int = len(STAGES)) -> int:
        """Return how many input voxels to each side of its centre a feature voxel depends on.

        Counted along the axis of the widest stem stride.

        Parameters
        ----------
        stages
            The feature is the last of this many stages.
        """
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

    def forward_features(
        self, x: Tensor, stages: int = len(STAGES), first: int = 0
    ) -> list[Tensor]:
        """Return the features of the first `stages` stages, stem first.

        Parameters
        ----------
        x
            ``(n, in_channels, z, y, x)``.
        stages
            How many of the five to compute; deeper ones cost nothing when they are not asked for.
        first
            How many of the shallowest not to return; each is freed as soon as the next is there.

        Returns
        -------
        list of Tensor
            Each ``(n, channels[i], z / strides[i][0], …)`` from ``i = first`` on, sides rounded up.
        """
        steps = self._steps
        features: list[Tensor] = []
        if first > 0 and stages > 1 and not torch.is_grad_enabled():
            x = self._pooled_stem(x)
            steps = [(), (self.layer1,), *steps[2:]]
        for index, modules in enumerate(steps[:stages]):
            x = self._step(modules, x)
            if index >= first:
                features.append(x)
        return features

    def deeper_features(self, x: Tensor, stage: int) -> list[Tensor]:
        """Return the features that lie deeper than one of them, `x`, that of index `stage`."""
        features = []
        for modules in self._steps[stage + 1 :]:
            x = self._step(modules, x)
            features.append(x)
        return features

    def forward(self, x: Tensor) -> Tensor:
        """Return the deepest feature of ``(n, in_channels, z, y, x)``."""
        return self.forward_features(x)[-1]

    @property
    def _steps(self) -> list[tuple[nn.Module, ...]]:
        return [
            (self.conv1, self.bn1, self.relu),
            (self.maxpool, self.layer1),
            (self.layer2,),
            (self.layer3,),
            (self.layer4,),
        ]

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
        slabs = []
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
            slabs.append(F.max_pool3d(y, pool.kernel_size, pool.stride, (0, 1, 1)))
        return torch.cat(slabs, dim=2)

    def _step(self, modules: Sequence[nn.Module], x: Tensor) -> Tensor:
        step = nn.Sequential(*modules)
        if self.checkpointing and torch.is_grad_enabled():
            return checkpointed(step, step, x)
        y: Tensor = step(x)
        return y


def initialise(module: nn.Module) -> None:
    """Draw convolution weights from He et al.'s distribution; batch norms begin as identities."""
    for m in module.modules():
        if isinstance(m, nn.Conv3d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(m, nn.BatchNorm3d):
            nn.init.ones_(m.weight)
            nn.init.zeros_(m.bias)
