"""The stream of training samples, each a function of the seed and its number alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from motorscope.contract import FeatureSpec
from motorscope.tomogram.grid import Shape
from motorscope.training.data.augmentation import Crop, augment_geometry, augment_grey
from motorscope.training.data.target import heatmap_target, known_share
from motorscope.training.settings.config import TrainConfig


class CropSource(Protocol):
    """Something that crops are drawn from: simulated scenes, a folder of tomograms."""

    def draw(self, config: TrainConfig, shape: Shape, rng: np.random.Generator) -> Crop:
        """Return a crop of a shape; grey values in any range."""
        ...


@dataclass(frozen=True)
class MixedSource:
    """Crops from several sources with given shares (they sum to 1)."""

    sources: tuple[CropSource, ...]
    shares: tuple[float, ...]

    def draw(self, config: TrainConfig, shape: Shape, rng: np.random.Generator) -> Crop:
        """Return a crop from a source chosen by chance."""
        chosen = rng.choice(len(self.sources), p=self.shares)
        return self.sources[int(chosen)].draw(config, shape, rng)


class Stream(Dataset[tuple[Tensor, Tensor]]):
    """Part of an endless row of samples, each of which is a function of its number.

    Attributes
    ----------
    config
        The run; its seed and the number decide on everything.
    output
        Geometry of the network's heatmap.
    first, stop
        Range of the numbers of this part.
    """

    config: TrainConfig
    output: FeatureSpec
    first: int
    stop: int

    def sample(self, number: int) -> tuple[Tensor, Tensor]:
        """Return an input and its target."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self.stop - self.first

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.sample(self.first + index)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return (self[index] for index in range(len(self)))


@dataclass(eq=False)
class Samples(Stream):
    """Augmented inputs ``(1, z, y, x)`` and their targets ``(2, z, y, x)``, one for each number.

    The target's channels are the heatmap that the network should give, and how far each of its
    voxels is known: 0 about a candidate on which nobody decided, else 1.

    Attributes
    ----------
    source
        Where the crops come from.
    config, output, first, stop
        See `Stream`.
    per_step
        Samples of one step, which have one shape.
    """

    source: CropSource
    config: TrainConfig
    output: FeatureSpec
    first: int
    stop: int
    per_step: int

    def __post_init__(self) -> None:
        self._closing = replace(self.config, data=self.config.data.anywhere())

    def sample(self, number: int) -> tuple[Tensor, Tensor]:
        """Return a crop's grey values, and its heatmap beside what is known of it."""
        rng = np.random.default_rng([self.config.seed, 1, number])
        step, steps = number // self.per_step, self.config.optimiser.steps
        closes = step >= (1 - self.config.data.closing_share) * steps
        config = self._closing if closes else self.config
        data, options = config.data, config.augmentation
        shape = data.crops[step % len(data.crops)]
        drawn = self.source.draw(config, shape, rng)
        crop = augment_grey(augment_geometry(drawn, options, rng), options, rng)
        stride, offset = self.output.stride, self.output.offset
        target = heatmap_target(
            torch.from_numpy(crop.positions),
            [side // stride for side in crop.volume.shape],
            stride,
            offset,
            config.loss.sigma,
        )
        radius = config.validation.minimum_distance / data.spacing
        known = known_share(torch.from_numpy(crop.undecided), target, stride, offset, radius)
        volume = torch.from_numpy(np.ascontiguousarray(crop.volume))
        return volume[None], torch.stack((target, known))
