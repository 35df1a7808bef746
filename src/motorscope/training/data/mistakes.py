"""Hard examples: where the model that a training starts from is wrong in simulated scenes.

Most of a scene is easy. Crops about these places show a network more often what it still confuses
with motors, and the motors that it does not see (hard negative mining, as in Felzenszwalb et al.
2010, IEEE TPAMI 32, 1627).
"""

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from motorscope.contract import DetectionRequest, RunSettings
from motorscope.detection import detect, run_to_end
from motorscope.network import Model
from motorscope.picks import PickTable
from motorscope.simulation import draw_imaging, image_density
from motorscope.tomogram import Tomogram, VoxelGrid
from motorscope.training.data.augmentation import Crop
from motorscope.training.data.scenes import ScenePool, keep
from motorscope.training.settings.config import TrainConfig

Positions = NDArray[np.float64]

DOUBTFUL = 0.05
"""Score from which a candidate that is no motor counts as a mistake."""
SURE = 0.5
"""Score below which a motor counts as not seen."""


def find_mistakes(
    pool: ScenePool, config: TrainConfig, model: Model, numbers: range | None = None
) -> NDArray[np.float64]:
    """Let a model search the scenes of a pool and return the places where it was wrong.

    Every scene is imaged once for that, differently from any crop, and as often of inverted
    contrast as crops are. It is searched once, without averages over flips. The places are kept in
    the pool's folder: what is there, of a run that was killed, is not worked out again.

    Parameters
    ----------
    numbers
        Of the scenes; all by default.

    Returns
    -------
    numpy.ndarray
        The scene's number and the place in its voxels, ``(n, 4)``; see `mistakes`.

    Raises
    ------
    ConfigError
        If the disk is full.
    """
    scenes = range(config.data.scenes) if numbers is None else numbers
    missing = [number for number in scenes if not pool.mistakes_file(number).exists()]
    for number in tqdm(
        missing, desc="searching scenes", unit="scene", disable=None if missing else True
    ):
        scene = pool.scene(config, number)
        found = _search(scene, config, model, number)
        places = mistakes(found, scene.positions, config)
        keep(pool.mistakes_file(number), places)
    kept = {number: np.load(pool.mistakes_file(number)) for number in scenes}
    rows = [(number, *place) for number, places in kept.items() for place in places]
    return np.array(rows, dtype=float).reshape(-1, 4)


def mistakes(found: PickTable, motors: Positions, config: TrainConfig) -> Positions:
    """Return where candidates are wrong.

    Parameters
    ----------
    found
        Candidates with their scores, positions in Å.
    motors
        Positions ``(n, 3)`` in voxels of the network's spacing.

    Returns
    -------
    numpy.ndarray
        Places ``(n, 3)`` in voxels: the candidates that are no motors though the model takes it for
        possible, and the motors of which no candidate is sure. A candidate belongs to a motor
        within half of ``validation.minimum_distance``.
    """
    spacing = config.data.spacing
    places = found.positions / spacing
    apart = np.linalg.norm(places[:, None] - motors[None], axis=2) * spacing
    near = apart < config.validation.minimum_distance / 2
    wrong = ~near.any(axis=1) & (found.scores >= DOUBTFUL)
    seen = (near & (found.scores >= SURE)[:, None]).any(axis=0)
    return np.concatenate((places[wrong], motors[~seen]))


def _search(scene: Crop, config: TrainConfig, model: Model, number: int) -> PickTable:
    """Image a scene and return the candidates in it."""
    spacing = config.data.spacing
    rng = np.random.default_rng([config.seed, 5, number])
    imaging = draw_imaging(config.simulation, rng)
    image = image_density(np.asarray(scene.volume, np.float32), spacing, imaging, rng, workers=1)
    if rng.random() < config.augmentation.invert:
        image = -image
    grid = VoxelGrid(image.shape, None).with_spacing(spacing)
    tomogram = Tomogram(image, grid, f"scene {number}")
    result = run_to_end(
        detect(DetectionRequest(tomogram, model, settings=RunSettings(flips=False)))
    )
    assert result is not None  # only a cancelled run has none
    return result.candidates
