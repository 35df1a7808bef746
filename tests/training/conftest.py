from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from motorscope.contract import Architecture, ModelCard
from motorscope.network import build_network, save_model
from motorscope.picks import PickTable, write_picks
from motorscope.tomogram import VoxelGrid, write_mrc

GRID = VoxelGrid((40, 48, 56), (8.0, 8.0, 8.0))
BALL = np.array([160.0, 176.0, 248.0])
"""Where the ball of a tomogram with a motor is, in Å."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks are slower on several threads, much slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def ball(grid: VoxelGrid, place: np.ndarray) -> np.ndarray:
    """Draw a bright ball of 40 Å about a place in Å, 8 bits."""
    axes = [np.arange(side) * step for side, step in zip(grid.shape, grid.spacing, strict=True)]
    z, y, x = np.ix_(*[(axis - centre) ** 2 for axis, centre in zip(axes, place, strict=True)])
    return np.round(250 * np.exp(-(z + y + x) / 2 / 40**2)).astype(np.uint8)


@pytest.fixture
def labelled_folder(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Return a function that writes tomograms with balls, and a CSV of what is said of them."""

    def write(**picks: PickTable | None) -> tuple[Path, Path]:
        folder, file = tmp_path / "tomograms", tmp_path / "picks.csv"
        folder.mkdir(exist_ok=True)
        rng = np.random.default_rng(0)
        for name, table in picks.items():
            noise = rng.normal(0, 3, GRID.shape)
            volume = noise if table is None else noise + ball(GRID, BALL)
            write_mrc(folder / f"{name}.mrc", volume.astype(np.float32), GRID)
        said = {name: (table, GRID) for name, table in picks.items() if table is not None}
        write_picks(file, said)
        return folder, file

    return write


@pytest.fixture
def competition(tmp_path: Path) -> tuple[Path, Path]:
    """Write a small data set in the competition's layout; spacings differ, one has no motor."""
    folder, file = tmp_path / "train", tmp_path / "train_labels.csv"
    lines = [
        "row_id,tomo_id,Motor axis 0,Motor axis 1,Motor axis 2,Array shape (axis 0),"
        "Array shape (axis 1),Array shape (axis 2),Voxel spacing,Number of motors"
    ]
    places = {
        "tomo_00e047": (16.0, [(20.0, 22.0, 31.0)]),
        "tomo_0308c5": (8.0, [(10.0, 12.0, 14.0), (30.0, 40.0, 44.0)]),
        "tomo_003acc": (13.1, []),
    }
    rng = np.random.default_rng(0)
    for name, (spacing, motors) in places.items():
        grid = VoxelGrid(GRID.shape, (spacing,) * 3)
        volume = rng.integers(10, 30, grid.shape, np.uint8)
        for motor in motors:
            volume = np.maximum(volume, ball(grid, np.array(motor) * spacing))
        (folder / name).mkdir(parents=True)
        for number, plane in enumerate(volume):
            Image.fromarray(plane).save(folder / name / f"slice_{number:04}.jpg", quality=95)
        for motor in motors or [(-1.0, -1.0, -1.0)]:
            place = ",".join(map(str, motor))
            lines.append(f"{len(lines) - 1},{name},{place},40,48,56,{spacing},{len(motors)}")
    file.write_text("\n".join(lines) + "\n")
    return folder, file


@pytest.fixture(scope="session")
def start_model(
    tmp_path_factory: pytest.TempPathFactory, make_card: Callable[..., ModelCard]
) -> Path:
    """Write a tiny model to go on from; return its card."""
    torch.manual_seed(0)
    architecture = Architecture(base_width=4, decoder_channels=(8,), align_corners=False)
    card = make_card(architecture, name="start", minimum_distance=500.0)
    return save_model(build_network(architecture), card, tmp_path_factory.mktemp("start"))
