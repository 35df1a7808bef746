"""Crops of simulated scenes: scenes are drawn once and kept, imaging is new in every crop."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motorscope.errors import ConfigError
from motorscope.files import make_folder, replacing
from motorscope.simulation import draw_imaging, image_density, simulate_density
from motorscope.tomogram.grid import Shape
from motorscope.training.data.augmentation import Crop, cut, cuts_motor, draw_scale, inward
from motorscope.training.data.distractors import draw_distractors
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.crop_config import DataConfig

TRIES = 8
"""How often a crop's place is drawn anew because a face of it went through a motor."""


@dataclass(frozen=True, eq=False)
class ScenePool:
    """Noise-free scenes by number, drawn when first asked for.

    Scene *k* is a function of the run's seed and *k*, so it does not matter which process draws it,
    or when.

    Attributes
    ----------
    folder
        Where scenes are kept.
    mistakes
        Where a model was wrong in them: numbers of scenes and places in voxels, ``(n, 4)``.
    """

    folder: Path
    mistakes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))

    def scene(self, config: TrainConfig, number: int) -> Crop:
        """Return a scene: density (a memory map, half precision) and its motors in voxels."""
        return kept(self.folder, "scene", number, lambda: Crop(*draw_scene(config, number)))

    def mistakes_file(self, number: int) -> Path:
        """Return the file of the places ``(n, 3)`` in voxels where a model was wrong in a scene."""
        return self.folder / f"mistakes-{number:05d}.npy"

    def draw(self, config: TrainConfig, shape: Shape, rng: np.random.Generator) -> Crop:
        """Return an imaged crop: dense things dark, noise with a standard deviation of 1.

        A scene is as likely as any other, but for the share of crops near mistakes, each of which
        is as likely as any other.
        """
        data = config.data
        number, place = rng.integers(data.scenes), None
        if len(self.mistakes) and rng.random() < data.mistake_share:
            number, *place = self.mistakes[rng.integers(len(self.mistakes))]
        scene = self.scene(config, int(number))
        piece = draw_crop(scene, config, shape, rng, place)
        imaging = draw_imaging(config.simulation, rng)
        image = image_density(piece.volume, data.spacing, imaging, rng, workers=1)
        return replace(piece, volume=image)


def draw_scene(config: TrainConfig, number: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Draw scene `number` of a run: density ``(z, y, x)`` and motors ``(n, 3)`` in voxels."""
    rng = np.random.default_rng([config.seed, 0, number])
    spacing = config.data.spacing
    settings = replace(config.simulation, shape=config.data.scene_shape, spacing=spacing)
    if rng.random() < config.data.distractor_share:
        return draw_distractors(settings.shape, spacing, rng), np.empty((0, 3))
    scene = simulate_density(settings, rng)
    positions = np.array([motor.position for motor in scene.motors], dtype=float).reshape(-1, 3)
    return scene.density, positions / spacing


def draw_crop(
    whole: Crop,
    config: TrainConfig,
    shape: Shape,
    rng: np.random.Generator,
    near: ArrayLike | None = None,
) -> Crop:
    """Cut a piece of random place and size, whose faces go through no motor if that can be had.

    Parameters
    ----------
    near
        A place in voxels that the piece shall show; by default the set shares decide.
    """
    data = config.data
    scale = draw_scale(config.augmentation, rng)
    reach = data.jitter * np.array(shape)
    for _ in range(TRIES):
        if near is None:
            centre = draw_centre(whole, data, shape, rng)
        else:
            centre = np.asarray(near) + rng.uniform(-reach, reach)
        centre = inward(centre, whole, shape, scale)
        if not cuts_motor(whole.positions, centre, shape, scale):
            break
    return cut(whole, centre, shape, scale)


def draw_centre(
    crop: Crop, data: DataConfig, shape: Shape, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Choose where to crop by the set shares: near a motor, near a structure, or anywhere."""
    bounds = np.array(crop.volume.shape)
    centre = rng.uniform(0, bounds)
    reach = data.jitter * np.array(shape)
    shift = rng.uniform(-reach, reach)
    kind = rng.random()
    if kind < data.motor_share and len(crop.positions):
        centre = crop.positions[rng.integers(len(crop.positions))] + shift
    elif kind < data.motor_share + data.structure_share:
        points = rng.integers(0, bounds, (24, 3))
        values = np.array([float(crop.volume[tuple(point)]) for point in points])
        centre = points[np.abs(values - np.median(values)).argmax()] + shift
    return centre


def kept(folder: Path, kind: str, number: int, draw: Callable[[], Crop]) -> Crop:
    """Return an entry of a pool: its file, which is drawn and written if there is none.

    Parameters
    ----------
    folder
        The pool's.
    kind
        What the file of densities is called before its number.
    draw
        Makes the density and the motors in it.

    Returns
    -------
    Crop
        The density is a memory map of half precision.

    Raises
    ------
    ConfigError
        If the disk is full.
    """
    density_file = folder / f"{kind}-{number:05d}.npy"
    motors_file = folder / f"motors-{number:05d}.npy"
    if not motors_file.exists():
        make_folder(folder, ConfigError)
        drawn = draw()
        keep(density_file, drawn.volume.astype(np.float16))
        keep(motors_file, drawn.positions)  # last, because it says that the entry is whole
    return Crop(np.load(density_file, mmap_mode="r"), np.load(motors_file))


def keep(path: Path, array: NDArray[Any]) -> None:
    """Write an array into the folder of a pool.

    Raises
    ------
    ConfigError
        If the disk is full.
    """
    with replacing(path, ConfigError) as partial, partial.open("wb") as file:
        np.save(file, array)
