import csv
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from motorscope.contract import FeatureSpec
from motorscope.errors import ConfigError
from motorscope.network import build_network
from motorscope.tables import from_table
from motorscope.training.data.augmentation import Crop
from motorscope.training.data.pictures import Pictures, SectionPool
from motorscope.training.fitting.hardware import Hardware
from motorscope.training.fitting.loop import fit
from motorscope.training.settings.config import TrainConfig

OUTPUT = FeatureSpec("heatmap", 1, stride=4, offset=1.5)


def settings(**pictures):
    table = {"sections": 3, "batch": 2, "side": 64, "drawing": {"side": 96, "motor_share": 1.0}}
    return from_table(
        TrainConfig,
        {
            "network": {"base_width": 4, "decoder_channels": [8, 8]},
            "data": {"crops": [[32, 32, 32]], "scene_shape": [32, 32, 32], "workers": 0},
            "pictures": {**table, **pictures},
            "optimiser": {"steps": 2, "batch": 2, "checkpoint_every": 1, "log_every": 1},
            "validation": {"every": 1},
        },
    )


class Noise:
    """Volumes without motors."""

    def draw(self, config, shape, rng):
        return Crop(rng.normal(size=shape).astype(np.float32), np.empty((0, 3)))


def run(config, out, **options):
    torch.manual_seed(config.seed)
    network = build_network(config.network.architecture())
    pool = SectionPool(out.parent / "sections")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        hardware = Hardware(accelerator="cpu", devices=1)
        return fit(network, Noise(), config, out, hardware=hardware, pictures=pool, **options)


def test_a_picture_is_a_function_of_its_number(tmp_path):
    config = settings()
    first = Pictures(SectionPool(tmp_path / "a"), config, OUTPUT, 0, 4)
    later = Pictures(SectionPool(tmp_path / "b"), config, OUTPUT, 3, 4)
    for one, other in zip(first[3], later[0], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_the_target_stands_where_the_motor_is(tmp_path):
    config = settings(near_share=1.0, jitter=0.1)
    pictures = Pictures(SectionPool(tmp_path), config, OUTPUT, 0, 6)
    for number, (picture, target) in enumerate(pictures):
        assert picture.shape == (1, 1, 64, 64)
        assert target.shape == (1, 1, 16, 16)
        assert abs(float(picture.mean()) - 0.5) < 0.5
        crop = pictures.pool.draw(config, np.random.default_rng([config.seed, 7, number]))
        # A motor between heatmap voxels is at most √2 / 2 of one away from the nearest.
        assert bool(len(crop.positions)) == bool(target.max() > 0.75)


def test_a_picture_near_motors_shows_one(tmp_path):
    config = settings(near_share=1.0)
    pool = SectionPool(tmp_path)
    drawn = [pool.draw(config, np.random.default_rng(seed)) for seed in range(8)]
    assert sum(len(crop.positions) > 0 for crop in drawn) >= 5
    for crop in drawn:
        assert crop.volume.shape == (1, 64, 64)
        assert (crop.positions[:, 0] == 0).all()
        assert (crop.positions[:, 1:] > -0.5).all()
        assert (crop.positions[:, 1:] < 63.5).all()


def test_a_run_with_pictures_resumes_to_the_same_end_and_logs_their_loss(tmp_path):
    config = settings()
    whole = run(config, tmp_path / "whole")
    half = replace(config, optimiser=replace(config.optimiser, steps=2))
    with pytest.raises(KeyboardInterrupt):
        run(half, tmp_path / "killed", evaluate=_interrupt)
    resumed = run(config, tmp_path / "killed", resume=True)
    for (name, one), (_, other) in zip(
        whole.state_dict().items(), resumed.state_dict().items(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=0, msg=name)
    with (tmp_path / "whole" / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert all(float(row["pictures"]) > 0 for row in rows)


def _interrupt(network, step):
    raise KeyboardInterrupt


def test_pictures_change_what_is_learned(tmp_path):
    with_pictures = run(settings(), tmp_path / "with")
    without = run(settings(weight=1e-9), tmp_path / "without")
    one, other = (net.state_dict()["backbone.conv1.weight"] for net in (with_pictures, without))
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("key", "value"), [("side", 100), ("batch", 0), ("jitter", 0.7), ("sections", -1)]
)
def test_impossible_values_are_named(key, value):
    with pytest.raises(ConfigError, match=key):
        settings(**{key: value})
