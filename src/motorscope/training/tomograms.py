"""Crops of a folder of tomograms with picks: real data, or simulated data from elsewhere."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import ConfigError
from motorscope.files import replacing
from motorscope.picks import PickTable, pick_tables, read_picks
from motorscope.tomogram import can_open, open_tomogram, prepare, prepared_grid
from motorscope.tomogram.grid import Shape
from motorscope.training.augmentation import Crop, cut_inside, draw_scale
from motorscope.training.config import TrainConfig
from motorscope.training.scenes import draw_centre


@dataclass(frozen=True)
class TomogramSource:
    """Tomograms that were brought to the network's spacing once and are kept on disk.

    Attributes
    ----------
    volumes
        Files of prepared volumes, ``.npy``, float16 ``(z, y, x)``.
    motors
        Motors of each, ``(n, 3)`` in its voxels; many have none.
    """

    volumes: tuple[Path, ...]
    motors: tuple[NDArray[np.float64], ...]

    def draw(self, config: TrainConfig, shape: Shape, rng: np.random.Generator) -> Crop:
        """Return a crop of a tomogram; each is as likely as any other."""
        number = int(rng.integers(len(self.volumes)))
        whole = Crop(np.load(self.volumes[number], mmap_mode="r"), self.motors[number])
        centre = draw_centre(whole, config.data, shape, rng)
        return cut_inside(whole, centre, shape, draw_scale(config.augmentation, rng))


def prepare_tomograms(config: TrainConfig, cache: Path) -> TomogramSource:
    """Open the tomograms and picks that a configuration names, and prepare them for training.

    Every tomogram in the folder takes part, those without picks as free of motors. Motors are the
    picks that a person made or accepted, not those that wait for a decision.

    Parameters
    ----------
    cache
        Folder for the prepared volumes; what lies there already is used.

    Raises
    ------
    ConfigError
        If the folder holds no tomograms, a pick is of none of them, or lies outside of its own.
    MotorscopeError
        If a file cannot be read or the spacing of a tomogram is unknown.
    """
    data = config.data
    if data.tomograms is None or data.picks is None:
        raise ConfigError("data.tomograms and data.picks must both be given.")
    folder = Path(data.tomograms)
    if not folder.is_dir():
        raise ConfigError(f"data.tomograms: there is no folder {folder}.")
    found = [path for path in sorted(folder.iterdir()) if can_open(path)]
    if not found:
        raise ConfigError(f"data.tomograms: the folder {folder} holds no tomograms.")
    tables = pick_tables(read_picks(data.picks))
    cache.mkdir(parents=True, exist_ok=True)
    recipe = data.recipe()
    volumes, motors, names = [], [], set()
    for path in found:
        tomogram = open_tomogram(path, data.tomogram_spacing)
        names.add(tomogram.name)
        grid = prepared_grid(tomogram.grid, recipe)
        positions = _motors(tables.get(tomogram.name, PickTable.empty()))
        inside = _inside(tomogram.grid.to_voxels(positions), tomogram.grid.shape)
        if not inside.all():
            raise ConfigError(
                f"{data.picks}: a pick of {tomogram.name} lies outside of {path}; is its spacing "
                f"{tomogram.grid.spacing} Å right?"
            )
        prepared = cache / f"{tomogram.name}.npy"
        if not prepared.exists():
            volume = prepare(tomogram, recipe).astype(np.float16)
            with replacing(prepared, ConfigError) as partial, partial.open("wb") as file:
                np.save(file, volume)
        volumes.append(prepared)
        motors.append(grid.to_voxels(positions))
    if unknown := sorted(tables.keys() - names):
        raise ConfigError(
            f"{data.picks} has picks of '{unknown[0]}', which is not in the folder {folder}."
        )
    return TomogramSource(tuple(volumes), tuple(motors))


def _motors(table: PickTable) -> NDArray[np.float64]:
    frame = table.frame
    accepted = (frame["status"] == "accepted") | (
        (frame["origin"] == "user") & (frame["status"] != "rejected")
    )
    return table.select(accepted.to_numpy()).positions


def _inside(voxels: NDArray[np.float64], shape: Shape) -> NDArray[np.bool_]:
    inside = (voxels >= -0.5) & (voxels <= np.array(shape) - 0.5)
    return np.asarray(inside.all(axis=1))
