"""What an encoder is to the rest of the program, and what a family of them tells without one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from motorscope.contract import Architecture, FeatureSpec
from motorscope.errors import ModelError
from motorscope.network.timm_parts import checkpointed

Triple = tuple[int, int, int]
Modules = tuple[nn.Module, ...]
Folds = tuple[tuple[str, str], ...]
"""Names of a module's convolutions, each with that of the batch norm right after it."""


class Encoder(nn.Module, ABC):
    """A network that turns a volume into features, finest first, each of twice the stride before.

    A module of it, or of whatever else, whose convolutions are followed by batch norms names these
    in ``folds``; they are made one for inference.

    Attributes
    ----------
    stem
        Name of the weights of the first convolution, ``(channels, in_channels, z, y, x)``; those
        for three channels are adapted to another number.
    stages
        Name of each feature.
    backbone
        One of its family's.
    in_channels
        Channels of the input.
    channels
        Channels of each feature.
    checkpointing
        Whether to trade compute for memory wherever gradients flow.
    """

    stem: ClassVar[str]
    stages: ClassVar[tuple[str, ...]]
    backbone: str
    in_channels: int
    channels: tuple[int, ...]
    checkpointing: bool

    @property
    @abstractmethod
    def strides(self) -> tuple[Triple, ...]:
        """Stride (z, y, x) of each feature."""

    @abstractmethod
    def receptive_radius(self, stages: int | None = None) -> int:
        """Return how many input voxels to each side of its centre a feature voxel depends on.

        Parameters
        ----------
        stages
            The feature is the last of this many stages; by default of all.
        """

    @property
    @abstractmethod
    def steps(self) -> tuple[Modules, ...]:
        """Modules that lead to each feature from the one before, one after the other."""

    def forward_features(
        self, x: Tensor, stages: int | None = None, first: int = 0
    ) -> list[Tensor]:
        """Return the features of the first `stages` stages.

        Parameters
        ----------
        x
            ``(n, in_channels, z, y, x)``.
        stages
            How many to compute, by default all; deeper ones cost nothing when not asked for.
        first
            How many of the shallowest not to return; each is freed as soon as the next is there.

        Returns
        -------
        list of Tensor
            Each ``(n, channels[i], z / strides[i][0], …)`` from ``i = first`` on, sides rounded up.
        """
        return self.through(self.steps[:stages], x, first)

    def deeper_features(self, x: Tensor, stage: int) -> list[Tensor]:
        """Return the features that lie deeper than one of them, `x`, that of index `stage`."""
        return self.through(self.steps[stage + 1 :], x)

    def through(self, steps: Sequence[Modules], x: Tensor, first: int = 0) -> list[Tensor]:
        """Return what comes of each of some steps, but for the `first` ones."""
        features: list[Tensor] = []
        for index, modules in enumerate(steps):
            if self.checkpointing and torch.is_grad_enabled():
                step = nn.Sequential(*modules)
                x = checkpointed(step, step, x)
            else:
                # One by one: a sequence holds what it was given until it has ended.
                for module in _singly(modules):
                    x = module(x)
            if index >= first:
                features.append(x)
        return features

    def forward(self, x: Tensor) -> Tensor:
        """Return the deepest feature of ``(n, in_channels, z, y, x)``."""
        return self.forward_features(x)[-1]

    @property
    def alignment(self) -> int:
        """Of what the sides and starts of windows are multiples: the deepest stride.

        A window that starts elsewhere would be sampled on another phase, and its output would
        differ from that of the whole volume.
        """
        return max(self.strides[-1])

    @property
    def feature_specs(self) -> tuple[FeatureSpec, ...]:
        """Name, channels, stride and offset of each feature.

        Raises
        ------
        ModelError
            If a stride differs between axes (see `strides`).
        """
        if len(set(self.strides[0])) > 1:
            raise ModelError(
                f"Features with the strides {self.strides[0]} have no single stride; use 'strides'."
            )
        return tuple(
            FeatureSpec(name=name, channels=channels, stride=stride, offset=0.0)
            for name, channels, (stride, _, _) in zip(
                self.stages, self.channels, self.strides, strict=True
            )
        )


@dataclass(frozen=True)
class Features:
    """How large an encoder's features are, known without building it; finest first.

    Attributes
    ----------
    channels, strides
        Of each; strides are those of all axes.
    first_share
        How much of the finest feature there is at a time where nobody asks for it.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    first_share: float = 1.0

    @property
    def values(self) -> tuple[float, ...]:
        """Values of each feature per input voxel."""
        return tuple(n / s**3 for n, s in zip(self.channels, self.strides, strict=True))


@dataclass(frozen=True)
class Family:
    """Encoders that are built alike.

    Attributes
    ----------
    backbones
        Their names.
    build
        Builds one with new random weights of an `Architecture`, of which it reads ``backbone``,
        ``in_channels`` and ``base_width``; then the rate of stochastic depth, and `checkpointing`.
    features
        Tells how large the features of an architecture are.
    recognise
        Returns these three of a state dict, or ``None`` if it is of another family.
    """

    backbones: Mapping[str, object]
    build: Callable[[Architecture, float, bool], Encoder]
    features: Callable[[Architecture], Features]
    recognise: Callable[[Mapping[str, Tensor]], Architecture | None]


def _singly(modules: Iterable[nn.Module]) -> Iterator[nn.Module]:
    """Yield modules, and in place of a sequence those in it, unless somebody hooked on to it."""
    for module in modules:
        hooked = module._forward_hooks or module._forward_pre_hooks
        if type(module) is nn.Sequential and not hooked:
            yield from module
        else:
            yield module


def initialise(module: nn.Module) -> None:
    """Draw convolution weights from He et al.'s distribution; batch norms begin as identities."""
    for m in module.modules():
        if isinstance(m, nn.Conv3d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(m, nn.BatchNorm3d):
            nn.init.ones_(m.weight)
            nn.init.zeros_(m.bias)
