"""The sample tomogram: one bacterium with a few motors, simulated at first use."""

import hashlib
from pathlib import Path

from motorscope.files import cache_folder, make_folder
from motorscope.simulation.config import SimulationConfig
from motorscope.simulation.files import write_simulation
from motorscope.simulation.simulate import simulate_tomogram

SEED = 31
CONFIG = SimulationConfig(
    shape=(112, 384, 384),
    spacing=15.0,
    motor_counts=(0, 0, 0, 1),
    species=("campylobacter",),
    cell_shapes=("rod",),
    no_cell=0.0,
    second_cell=0.0,
    gram_positive=0.0,
    radius=(1600.0, 1900.0),
    length=(3000.0, 4000.0),
    granules=(2, 3),
    lookalikes=(1, 2),
    gold=(4, 8),
    carbon=0.0,
    motor_density=(1.1, 1.3),
    snr=(0.7, 0.7),
    borders=1.0,
    tilt_range=(60.0, 60.0),
)


def sample_tomogram_path() -> Path:
    """Return the sample tomogram's MRC file; its truth lies beside it as a CSV of the same stem.

    It is simulated the first time, within seconds, and kept in the user's cache folder (or the
    folder that the environment variable ``MOTORSCOPE_CACHE`` names). Its name holds a mark of the
    simulator's source, so that a new simulator makes a new sample.

    Raises
    ------
    MotorscopeError
        If the folder cannot be written.
    """
    folder = cache_folder()
    path = folder / f"sample-{_mark()}.mrc"
    # The tomogram is written after its truth, so where it is, both are.
    if not path.exists():
        make_folder(folder, remedy="set MOTORSCOPE_CACHE to one that can")
        write_simulation(path, simulate_tomogram(CONFIG, SEED, path.stem))
    return path


def _mark() -> str:
    """Return eight digits that change with this package's source."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:8]
