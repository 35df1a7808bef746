"""Crops of a folder of tomograms with picks: real data, or simulated data from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import ConfigError
from motorscope.files import make_folder, replacing
from motorscope.tomogram import InputRecipe, level_for, prepare, prepared_grid
from motorscope.tomogram.grid import Shape
from motorscope.training.data.augmentation import Crop
from motorscope.training.data.labelled import LabelledTomogram
from motorscope.training.data.scenes import draw_crop
from motorscope.training.settings.config import TrainConfig

Positions = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PreparedTomogram:
    """A tomogram at the network's spacing, and what is known of it in its voxels ``(n, 3)``.

    Attributes
    ----------
    file
        ``.npy``, float16 ``(z, y, x)``.
    motors, rejected, undecided
        As in :class:`~motorscope.training.data.labelled.LabelledTomogram`.
    """

    file: Path
    motors: Positions
    rejected: Positions
    undecided: Positions


@dataclass(frozen=True)
class TomogramSource:
    """Tomograms that were brought to the network's spacing once and are kept on disk."""

    tomograms: tuple[PreparedTomogram, ...]

    def draw(self, config: TrainConfig, shape: Shape, rng: np.random.Generator) -> Crop:
        """Return a crop of a tomogram.

        Each is as likely as any other, but for the share of crops near rejected picks, each of
        which is as likely as any other.
        """
        data = config.data
        places = [(one, place) for one in self.tomograms for place in one.rejected]
        chosen, place = self.tomograms[rng.integers(len(self.tomograms))], None
        if places and rng.random() < data.rejected_share:
            chosen, place = places[rng.integers(len(places))]
        whole = Crop(np.load(chosen.file, mmap_mode="r"), chosen.motors, chosen.undecided)
        return draw_crop(whole, config, shape, rng, place)


def prepare_tomograms(
    tomograms: Sequence[LabelledTomogram], recipe: InputRecipe, cache: Path
) -> TomogramSource:
    """Prepare tomograms for training.

    Parameters
    ----------
    cache
        Folder for the prepared volumes; what lies there already is used.

    Raises
    ------
    ConfigError
        If a tomogram has another shape than its labels say, or the disk is full.
    TomogramError
        If a file cannot be read.
    """
    make_folder(cache, ConfigError)
    prepared = []
    for tomogram in tomograms:
        file = cache / f"{tomogram.name}.npy"
        if not file.exists():
            volume = prepare(level_for(tomogram.open(), recipe), recipe).astype(np.float16)
            with replacing(file, ConfigError) as partial, partial.open("wb") as stream:
                np.save(stream, volume)
        to_voxels = prepared_grid(tomogram.grid, recipe).to_voxels
        prepared.append(
            PreparedTomogram(
                file,
                to_voxels(tomogram.motors),
                to_voxels(tomogram.rejected),
                to_voxels(tomogram.undecided),
            )
        )
    return TomogramSource(tuple(prepared))
