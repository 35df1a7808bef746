"""Training pictures: drawn sections, kept in a pool; the imaging is new in every picture."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from motorscope.contract import FeatureSpec
from motorscope.simulation import draw_section, image_section
from motorscope.training.data.augmentation import (
    Crop,
    augment_geometry,
    augment_grey,
    cut,
    draw_scale,
    inside,
    inward,
)
from motorscope.training.data.samples import Stream
from motorscope.training.data.scenes import kept
from motorscope.training.data.target import heatmap_target
from motorscope.training.settings.config import TrainConfig


@dataclass(frozen=True)
class SectionPool:
    """Noise-free sections by number, drawn when first asked for.

    Section *k* is a function of the run's seed and *k*.

    Attributes
    ----------
    folder
        Where sections are kept.
    """

    folder: Path

    def section(self, config: TrainConfig, number: int) -> Crop:
        """Return a section as a volume ``(1, y, x)`` of densities, and the motors in it."""

        def drawn() -> Crop:
            rng = np.random.default_rng([config.seed, 4, number])
            drawing = replace(config.pictures.drawing, spacing=config.data.spacing)
            section = draw_section(drawing, rng)
            flat = np.pad(section.motors / section.spacing, ((0, 0), (1, 0)))
            return inside(Crop(section.density[None], flat))

        return kept(self.folder, "section", number, drawn)

    def draw(self, config: TrainConfig, rng: np.random.Generator) -> Crop:
        """Return an imaged picture ``(1, side, side)``, dense things dark, and its motors."""
        options, spacing = config.pictures, config.data.spacing
        section = self.section(config, int(rng.integers(options.sections)))
        shape = (1, options.side, options.side)
        scale = draw_scale(config.augmentation, rng)
        centre = rng.uniform(0, section.volume.shape)
        if len(section.positions) and rng.random() < options.near_share:
            away = options.jitter * options.side / scale
            centre = section.positions[rng.integers(len(section.positions))]
            centre = centre + rng.uniform(-away, away)
        centre = inward(centre, section, shape, scale)
        centre[0] = 0
        piece = cut(section, centre, shape, scale)
        places = piece.positions[:, 1:] * spacing
        image = image_section(piece.volume[0], places, spacing, options.drawing, rng)
        return replace(piece, volume=image[None])


@dataclass(eq=False)
class Pictures(Stream):
    """Augmented pictures ``(1, 1, y, x)`` and their targets ``(1, 1, y, x)``, one for each number.

    Attributes
    ----------
    pool
        Where the sections come from.
    config, output, first, stop
        See `Stream`.
    """

    pool: SectionPool
    config: TrainConfig
    output: FeatureSpec
    first: int
    stop: int

    def sample(self, number: int) -> tuple[Tensor, Tensor]:
        """Return a picture, and its heatmap."""
        config, output = self.config, self.output
        rng = np.random.default_rng([config.seed, 7, number])
        # Imaging has drawn the borders of the field of view, and one plane has no ends along z.
        options = replace(config.augmentation, mirror=0.0, edge=0.0)
        crop = augment_geometry(self.pool.draw(config, rng), options, rng)
        crop = augment_grey(crop, options, rng)
        places = crop.positions.copy()
        places[:, 0] = output.offset  # the same at every z
        side = config.pictures.side // output.stride
        target = heatmap_target(
            torch.from_numpy(places),
            (1, side, side),
            output.stride,
            output.offset,
            config.loss.sigma,
        )
        return torch.from_numpy(np.ascontiguousarray(crop.volume))[None], target[None]
