"""Whole synthetic tomograms with known motors."""

from dataclasses import dataclass

import numpy as np

from motorscope.picks.table import PickTable
from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.imaging.finish import Finish, draw_finish, to_8bit
from motorscope.simulation.imaging.fourier import image_density
from motorscope.simulation.imaging.optics import Imaging, draw_imaging
from motorscope.simulation.imaging.tilt_series import image_by_projection
from motorscope.simulation.motors.motor import Motor
from motorscope.simulation.scene import simulate_density
from motorscope.tomogram.grid import VoxelGrid
from motorscope.tomogram.volume import Tomogram

SEEN = 450.0
"""Å around a motor's centre that no border covers: a motor and some of its membrane."""


@dataclass(frozen=True)
class Simulation:
    """A synthetic tomogram and the truth about it.

    Attributes
    ----------
    tomogram
        int8 data, dense things dark (unless inverted), with its spacing.
    truth
        One accepted pick per motor, positions in Å.
    motors
        The same motors in the same order, with axis and species.
    imaging, finish
        How it was imaged.
    """

    tomogram: Tomogram
    truth: PickTable
    motors: tuple[Motor, ...]
    imaging: Imaging
    finish: Finish


def simulate_tomogram(
    config: SimulationConfig, seed: int | tuple[int, ...], name: str | None = None
) -> Simulation:
    """Simulate one tomogram; the same configuration and seed give the same bytes.

    Parameters
    ----------
    config
        What to draw from.
    seed
        A whole number, 0 or above, or several.
    name
        The tomogram's name; ``simulated-SEED`` if not given.
    """
    rng = np.random.default_rng(seed)
    imaging, finish = draw_imaging(config, rng), draw_finish(config, rng)
    scene = simulate_density(config, rng)
    motors = scene.motors
    density = scene.density
    del scene  # large volumes: the density is not needed twice
    method = image_by_projection if config.back_projection else image_density
    image = method(density, config.spacing, imaging, rng)
    del density
    places = np.array([motor.position for motor in motors]).reshape(-1, 3)
    margin = SEEN / config.spacing
    data = to_8bit(image, finish, rng, places[:, 1:] / config.spacing, margin)
    grid = VoxelGrid(config.shape, None).with_spacing(config.spacing)
    truth = PickTable.from_positions(
        places,
        origin="user",
        status="accepted",
    )
    tomogram = Tomogram(data, grid, name or _name(seed))
    return Simulation(tomogram, truth, motors, imaging, finish)


def _name(seed: int | tuple[int, ...]) -> str:
    numbers = seed if isinstance(seed, tuple) else (seed,)
    return "-".join(["simulated", *map(str, numbers)])
