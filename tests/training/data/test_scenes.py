import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.simulation import SimulationConfig
from motorscope.training.data.distractors import draw_distractors
from motorscope.training.data.scenes import ScenePool, draw_centre, draw_scene
from motorscope.training.settings.config import TrainConfig
from motorscope.training.settings.crop_config import AugmentationConfig, DataConfig

SHAPE = (32, 64, 64)


@pytest.fixture(scope="module")
def config():
    return TrainConfig(
        seed=10,
        data=DataConfig(
            crops=((32, 64, 64),), scenes=2, scene_shape=(64, 128, 128), distractor_share=0.0,
            motor_share=1.0, structure_share=0.0, jitter=0.1,
        ),
        simulation=SimulationConfig(motor_counts=(0.0, 1.0), snr=(50.0, 60.0)),
        augmentation=AugmentationConfig(rescale=(1.0, 1.0), stretch=(1.0, 1.0)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def pool(config, tmp_path_factory):
    return ScenePool(tmp_path_factory.mktemp("pool") / "scenes")


def test_scenes_are_kept_and_the_same_when_drawn_again(config, pool, tmp_path):
    first = pool.scene(config, 1)
    again = ScenePool(tmp_path).scene(config, 1)
    np.testing.assert_array_equal(first.volume, again.volume)
    np.testing.assert_allclose(first.positions, again.positions)
    density, positions = draw_scene(config, 1)
    np.testing.assert_allclose(first.volume, density, rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(first.positions, positions)
    before = sorted(path.stat().st_mtime_ns for path in pool.folder.iterdir())
    pool.scene(config, 1)
    assert sorted(path.stat().st_mtime_ns for path in pool.folder.iterdir()) == before


def test_a_crop_shows_its_motor_where_the_scene_has_it(config, pool):
    """With hardly any noise, the crop correlates with the scene's density about its motor."""
    rng = np.random.default_rng(4)
    crop = pool.draw(config, SHAPE, rng)
    assert crop.volume.shape == SHAPE
    assert crop.volume.dtype == np.float32
    assert len(crop.positions) == 1
    centre = (np.array(SHAPE) - 1) / 2
    reach = config.data.jitter * np.array(SHAPE) + 0.51
    assert (abs(crop.positions[0] - centre) <= reach).all()

    scenes = [pool.scene(config, number) for number in range(2)]
    matches = []
    for scene in scenes:
        start = np.round(scene.positions[0] - crop.positions[0]).astype(int)
        low, high = np.maximum(start, 0), np.minimum(start + crop.volume.shape, scene.volume.shape)
        there = np.asarray(scene.volume[tuple(map(slice, low, high))], np.float32)
        here = crop.volume[tuple(map(slice, low - start, high - start))]
        matches.append(np.corrcoef(there.ravel(), here.ravel())[0, 1])
    assert min(matches) < -0.3  # dense things are dark


@given(st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_distractors_are_finite_and_depend_on_the_seed(seed):
    shape = (24, 40, 40)
    first = draw_distractors(shape, 16.0, np.random.default_rng(seed))
    again = draw_distractors(shape, 16.0, np.random.default_rng(seed))
    np.testing.assert_array_equal(first, again)
    assert first.shape == shape
    assert np.isfinite(first).all()
    assert abs(first).max() < 10


def test_crops_lie_where_their_shares_say(config, pool):
    scene = pool.scene(config, 0)
    rng = np.random.default_rng(0)
    anywhere = DataConfig(crops=((32, 64, 64),), motor_share=0.0, structure_share=0.0)
    places = np.array([draw_centre(scene, anywhere, SHAPE, rng) for _ in range(200)])
    assert (places >= 0).all()
    assert (places < scene.volume.shape).all()
    assert places.std(axis=0).min() > 5
    structure = DataConfig(crops=((32, 64, 64),), motor_share=0.0, structure_share=1.0, jitter=0.0)
    dense = [
        scene.volume[tuple(draw_centre(scene, structure, SHAPE, rng).astype(int))]
        for _ in range(50)
    ]
    assert np.mean(np.abs(dense)) > 2 * np.mean(np.abs(scene.volume))
