"""Training pictures: drawn sections, kept in a pool; the imaging is new in every picture."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from motorscope.contract import FeatureSpec
from motorscope.errors import ConfigError
from motorscope.files import make_folder
from motorscope.simulation import draw_section, image_section
from motorscope.training.augmentation import (
    Crop,
    augment_geometry,
    augment_grey,
    cut,
    draw_scale,
    inside,
    inward,
)
from motorscope.training.config import TrainConfig
from motorscope.training.scenes import keep
from motorscope.training.target import heatmap_target


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
        density_file = self.folder / f"section-{number:05d}.npy"
        motors_file = self.folder / f"motors-{number:05d}.npy"
        if not motors_file.exists():
            make_folder(self.folder, ConfigError)
            rng = np.random.default_rng([config.seed, 4, number])
            drawing = replace(config.pictures.drawing, spacing=config.data.spacing)
            drawn = draw_section(drawing, rng)
            keep(density_file, drawn.density.astype(np.float16))
            keep(motors_file, drawn.motors / drawn.spacing)  # last: it says that all is there
        places = np.load(motors_file)
        flat = np.column_stack((np.zeros(len(places)), places))
        return inside(Crop(np.load(density_file).astype(np.float32)[None], flat))

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


class Pictures(Dataset[tuple[Tensor, Tensor]]):
    """Augmented pictures ``(1, 1, y, x)`` and their targets ``(1, 1, y, x)``, one an index.

    Parameters
    ----------
    pool
        Where the sections come from.
    config
        The run; its seed and the index decide on everything.
    output
        Geometry of the network's heatmap.
    first, stop
        Range of picture numbers that this part of the stream covers.
    """

    def __init__(
        self, pool: SectionPool, config: TrainConfig, output: FeatureSpec, first: int, stop: int
    ) -> None:
        self.pool = pool
        self.config = config
        self.output = output
        self.first = first
        self.stop = stop

    def __len__(self) -> int:
        return self.stop - self.first

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        config, output = self.config, self.output
        rng = np.random.default_rng([config.seed, 5, self.first + index])
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
