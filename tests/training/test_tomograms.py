import numpy as np
import pytest
from scipy import ndimage

from motorscope.errors import ConfigError, MotorscopeError
from motorscope.picks import PickTable, write_picks
from motorscope.tomogram import VoxelGrid, write_mrc
from motorscope.training.config import AugmentationConfig, DataConfig, TrainConfig
from motorscope.training.samples import MixedSource
from motorscope.training.scenes import ScenePool
from motorscope.training.tomograms import prepare_tomograms
from motorscope.training.train import choose_source

GRID = VoxelGrid((40, 48, 56), (8.0, 8.0, 8.0))
BALL = np.array([160.0, 176.0, 248.0])  # Å


@pytest.fixture
def data(tmp_path):
    """Two tomograms: one with a bright ball that is a motor, one with nothing."""
    folder = tmp_path / "tomograms"
    folder.mkdir()
    z, y, x = np.indices(GRID.shape) * 8.0
    square = (z - BALL[0]) ** 2 + (y - BALL[1]) ** 2 + (x - BALL[2]) ** 2
    volume = (1000 * np.exp(-square / 2 / 40**2)).astype(np.float32)
    write_mrc(folder / "full.mrc", volume, GRID)
    noise = np.random.default_rng(0).normal(0, 1, GRID.shape).astype(np.float32)
    write_mrc(folder / "empty.mrc", noise, GRID)
    picks = tmp_path / "picks.csv"
    table = PickTable.from_positions([BALL], origin="user", status="accepted")
    write_picks(picks, {"full": (table, GRID)})
    return folder, picks


def config_for(folder, picks, **options):
    values = {"crops": ((32, 32, 32),), "scenes": 0, "motor_share": 1.0, "structure_share": 0.0,
              "jitter": 0.05, **options}  # fmt: skip
    return TrainConfig(
        data=DataConfig(tomograms=str(folder), picks=str(picks), **values),
        augmentation=AugmentationConfig(rescale=(1.0, 1.0), stretch=(1.0, 1.0)),
    )


def test_a_motor_lies_where_its_pick_says(data, tmp_path):
    config = config_for(*data)
    source = prepare_tomograms(config, tmp_path / "cache")
    assert sorted(len(motors) for motors in source.motors) == [0, 1]
    rng = np.random.default_rng(0)
    crops = [source.draw(config, (20, 20, 20), rng) for _ in range(12)]
    hits = [crop for crop in crops if len(crop.positions)]
    assert 0 < len(hits) < len(crops)
    for crop in hits:
        place = ndimage.center_of_mass(crop.volume > 0.5)
        np.testing.assert_allclose(place, crop.positions[0], atol=0.6)


def test_prepared_volumes_are_used_again(data, tmp_path):
    config = config_for(*data)
    first = prepare_tomograms(config, tmp_path / "cache")
    before = [path.stat().st_mtime_ns for path in first.volumes]
    again = prepare_tomograms(config, tmp_path / "cache")
    assert [path.stat().st_mtime_ns for path in again.volumes] == before


def test_picks_that_nobody_decided_on_are_no_motors(data, tmp_path):
    folder, picks = data
    waiting = PickTable.from_positions([BALL], scores=0.9)
    write_picks(picks, {"full": (waiting, GRID)})
    source = prepare_tomograms(config_for(folder, picks), tmp_path / "cache")
    assert sum(len(motors) for motors in source.motors) == 0


def test_scenes_and_tomograms_mix(data, tmp_path):
    both = choose_source(config_for(*data, scenes=2, real_share=0.25), tmp_path)
    assert isinstance(both, MixedSource)
    assert both.shares == (0.75, 0.25)
    assert not isinstance(choose_source(config_for(*data), tmp_path), ScenePool)


def test_what_does_not_fit_is_named(data, tmp_path):
    folder, picks = data
    with pytest.raises(ConfigError, match="no folder"):
        prepare_tomograms(config_for(folder / "x", picks), tmp_path / "cache")
    empty = tmp_path / "nothing"
    empty.mkdir()
    with pytest.raises(ConfigError, match="no tomograms"):
        prepare_tomograms(config_for(empty, picks), tmp_path / "cache")
    with pytest.raises(ConfigError, match="lies outside"):
        prepare_tomograms(config_for(folder, picks, tomogram_spacing=2.0), tmp_path / "cache")
    strange = PickTable.from_positions([BALL], origin="user", status="accepted")
    write_picks(picks, {"absent": (strange, GRID)})
    with pytest.raises(ConfigError, match="'absent'"):
        prepare_tomograms(config_for(folder, picks), tmp_path / "cache")
    with pytest.raises(MotorscopeError, match=r"gone\.csv"):
        prepare_tomograms(config_for(folder, tmp_path / "gone.csv"), tmp_path / "cache")
