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

    Parameters
    ----------
    first, stop
        Range of the numbers of this part.
    """

    def __init__(self, first: int, stop: int) -> None:
        self.first = first
        self.stop = stop

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


class Samples(Stream):
    """Augmented inputs ``(1, z, y, x)`` and their targets ``(2, z, y, x)``, one for each number.

    The target's channels are the heatmap that the network should give, and how far each of its
    voxels is known: 0 about a candidate on which nobody decided, else 1.

    Parameters
    ----------
    source
        Where the crops come from.
    config
        The run; its seed and the index decide on everything.
    output
        Geometry of the network's heatmap.
    first, stop
        Range of sample numbers that this part of the stream covers.
    per_step
        Samples of one step, which have one shape.
    """

    def __init__(
        self,
        source: CropSource,
        config: TrainConfig,
        output: FeatureSpec,
        first: int,
        stop: int,
        per_step: int,
    ) -> None:
        super().__init__(first, stop)
        self.per_step = per_step
        self.source = source
        self.config = config
        self.closing = replace(config, data=config.data.anywhere())
        self.output = output

    def sample(self, number: int) -> tuple[Tensor, Tensor]:
        """Return a crop's grey values, and its heatmap beside what is known of it."""
        rng = np.random.default_rng([self.config.seed, 1, number])
        step, steps = number // self.per_step, self.config.optimiser.steps
        closes = step >= (1 - self.config.data.closing_share) * steps
        config = self.closing if closes else self.config
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
