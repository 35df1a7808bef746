from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.detection import detect
from motorscope.errors import ConfigError
from motorscope.network import load_model
from motorscope.picks import PickTable
from motorscope.training.data.augmentation import cut
from motorscope.training.data.mistakes import DOUBTFUL, find_mistakes, mistakes
from motorscope.training.data.scenes import ScenePool
from motorscope.training.measuring.held_out import Split
from motorscope.training.settings.config import NetworkConfig, TrainConfig
from motorscope.training.settings.crop_config import AugmentationConfig, DataConfig
from motorscope.training.train import choose_source, train

PLAIN = TrainConfig(
    data=DataConfig(crops=((32, 32, 32),), scenes=2, scene_shape=(32, 64, 64), spacing=16.0)
)


def candidates(places, scores):
    return PickTable.from_positions(
        16.0 * np.reshape(places, (-1, 3)), scores=scores, origin="model", status="candidate"
    )


def test_what_is_no_motor_and_what_was_not_seen_are_mistakes():
    motors = np.array([[10.0, 20, 30], [10, 100, 100], [10, 200, 30]])
    # A sure hit, a doubtful one, a sure wrong one, one that is no mistake; nothing at the third.
    places = [[11, 20, 30], [10, 101, 100], [30, 30, 90], [30, 150, 90]]
    found = candidates(places, [0.9, 0.2, 0.7, 0.03])
    np.testing.assert_allclose(
        mistakes(found, motors, PLAIN), [[30, 30, 90], [10, 100, 100], [10, 200, 30]]
    )


@given(st.lists(st.floats(0.01, 0.99), max_size=12), st.integers(0, 4))
def test_only_wrong_candidates_that_the_model_believes_in_count(scores, motors):
    places = [[0, 100 * i, 0] for i in range(len(scores))]
    far = np.array([[0, 0, 1000.0 + 100 * i] for i in range(motors)]).reshape(-1, 3)
    wrong = mistakes(candidates(places, scores), far, PLAIN)
    kept = [scores[round(place[1] / 100)] for place in wrong[: len(wrong) - motors]]
    assert sorted(kept) == sorted(score for score in scores if score >= DOUBTFUL)


def test_scenes_are_searched_once(start_model, tmp_path):
    pool, model = ScenePool(tmp_path / "scenes"), load_model(str(start_model))
    find_mistakes(pool, PLAIN, model, range(1))
    first = pool.mistakes_file(0)
    assert np.load(first).shape[1:] == (3,)
    assert not pool.mistakes_file(1).exists()
    before = first.stat().st_mtime_ns
    table = find_mistakes(pool, PLAIN, model)
    for number in range(2):
        kept = np.load(pool.mistakes_file(number))
        np.testing.assert_array_equal(table[table[:, 0] == number][:, 1:], kept)
    assert first.stat().st_mtime_ns == before


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_scenes_are_searched_of_the_contrast_that_crops_have(share, start_model, tmp_path):
    config = replace(PLAIN, augmentation=AugmentationConfig(invert=share))
    pool = ScenePool(tmp_path / "scenes")
    seen = []

    def look(request):
        seen.append(request.tomogram.data)
        assert request.settings.flips is False
        return detect(request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("motorscope.training.data.mistakes.detect", look)
        find_mistakes(pool, config, load_model(str(start_model)), range(1))
    density = np.asarray(pool.scene(config, 0).volume, np.float32)
    likeness = np.corrcoef(density.ravel(), seen[0].ravel())[0, 1]
    assert likeness > 0.01 if share else likeness < -0.01


def test_a_training_looks_for_the_mistakes_of_the_model_it_goes_on_from(start_model, tmp_path):
    table = replace(
        PLAIN,
        network=NetworkConfig(start_from=str(start_model), base_width=4, decoder_channels=(8,)),
        data=replace(PLAIN.data, mistake_share=1.0, workers=0),
        optimiser=replace(PLAIN.optimiser, steps=1, batch=2),
        validation=replace(PLAIN.validation, tomograms=0, final_tomograms=0),
    )
    assert train(table, tmp_path / "run") is not None
    assert len(list((tmp_path / "run" / "scenes").glob("mistakes-*.npy"))) == 2
    source = choose_source(table, Split(), tmp_path / "run")
    assert isinstance(source, ScenePool)
    kept = [np.load(source.mistakes_file(number)) for number in range(2)]
    assert len(source.mistakes) == sum(map(len, kept))


def test_a_network_of_another_size_is_refused_before_anything_is_written(start_model, tmp_path):
    table = replace(
        PLAIN,
        network=NetworkConfig(start_from=str(start_model), base_width=6, decoder_channels=(8,)),
        data=replace(PLAIN.data, mistake_share=1.0, workers=0),
    )
    with pytest.raises(ConfigError, match="another network"):
        train(table, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_crops_lie_near_mistakes_as_often_as_is_said(tmp_path):
    data = replace(PLAIN.data, mistake_share=0.5, motor_share=0.0, structure_share=0.0, jitter=0.1)
    config = replace(
        PLAIN,
        data=data,
        network=NetworkConfig(start_from="built-in"),
        simulation=replace(PLAIN.simulation, lookalikes=(0, 0)),
    )
    place = np.array([16.0, 40.0, 12.0])
    pool = ScenePool(tmp_path, mistakes=np.array([[1, *place]]))
    looked = []

    def look(whole, centre, shape, scale):
        looked.append((whole.volume.filename, centre))
        return cut(whole, centre, shape, scale)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("motorscope.training.data.scenes.cut", look)
        rng = np.random.default_rng(0)
        for _ in range(200):
            pool.draw(config, (16, 16, 16), rng)
    near = [
        str(file).endswith("scene-00001.npy") and (abs(centre - place) <= 2.4).all()
        for file, centre in looked
    ]
    assert 0.4 < np.mean(near) < 0.6


def test_mistakes_need_a_model_that_could_make_them():
    with pytest.raises(ConfigError, match=r"mistake_share must be 0 where network\.start_from"):
        replace(PLAIN, data=replace(PLAIN.data, mistake_share=0.2))
