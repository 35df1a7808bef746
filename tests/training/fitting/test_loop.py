import csv
import warnings
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from motorscope.contract import Architecture
from motorscope.network import build_network
from motorscope.tables import from_table
from motorscope.training.data.augmentation import Crop
from motorscope.training.data.samples import MixedSource, Samples
from motorscope.training.errors import TrainingError
from motorscope.training.fitting.hardware import Hardware
from motorscope.training.fitting.loop import _is_same, fit, start_at_prior
from motorscope.training.settings.config import TrainConfig

CPU = Hardware(accelerator="cpu", devices=1)


class Blobs:
    """Crops with one bright ball each."""

    def draw(self, config, shape, rng):
        place = rng.uniform(10, 22, 3)
        square = sum(
            (axis - centre) ** 2
            for axis, centre in zip(np.ogrid[tuple(map(slice, shape))], place, strict=True)
        )
        noise = rng.normal(0, 0.2, shape)
        return Crop((np.exp(-square / 20) + noise).astype(np.float32), place[None])


def settings(**optimiser):
    options = {"steps": 4, "batch": 2, "checkpoint_every": 2, "log_every": 1, **optimiser}
    return from_table(
        TrainConfig,
        {
            "network": {"base_width": 4, "decoder_channels": [8], "drop_path_rate": 0.2},
            "data": {"crops": [[32, 32, 32], [32, 32, 64]], "workers": 0},
            "augmentation": {"mixup": 0.5},
            "optimiser": options,
        },
    )


def new_network(config):
    torch.manual_seed(config.seed)
    return build_network(config.network.architecture(), config.network.drop_path_rate)


def run(config, out, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return fit(new_network(config), Blobs(), config, out, hardware=CPU, **options)


def log_of(out):
    with (out / "log.csv").open() as file:
        return list(csv.DictReader(file))


def assert_equal(first, second):
    for (name, one), (_, other) in zip(
        first.state_dict().items(), second.state_dict().items(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=0, msg=name)


def test_a_run_depends_on_its_seed_alone(tmp_path):
    config = settings()
    first, second = run(config, tmp_path / "a"), run(config, tmp_path / "b")
    assert_equal(first, second)
    assert [row["loss"] for row in log_of(tmp_path / "a")] == [
        row["loss"] for row in log_of(tmp_path / "b")
    ]


@pytest.mark.parametrize(("cycles", "share"), [(1, 0.0), (2, 0.0), (2, 0.4)])
def test_a_killed_run_resumes_to_the_same_end(tmp_path, cycles, share):
    config = settings(cycles=cycles, cycle_share=share)
    whole = run(config, tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(network, step):
        raise Killed

    fragile = settings(cycles=cycles, cycle_share=share)
    object.__setattr__(fragile.validation, "every", 3)  # step 3: one step after the checkpoint
    out = tmp_path / "killed"
    with pytest.raises(Killed):
        run(fragile, out, evaluate=kill)
    assert [row["step"] for row in log_of(out)] == ["1", "2", "3"]
    resumed = run(fragile, out, resume=True)
    assert_equal(whole, resumed)
    assert [row["step"] for row in log_of(out)] == ["1", "2", "3", "4"]
    assert not list(out.glob("*.partial"))
    assert_equal(whole, run(fragile, out, resume=True))  # a run that is over stays as it is


def test_every_cycle_rises_to_the_learning_rate_and_falls(tmp_path):
    run(settings(steps=16, cycles=2, learning_rate=0.01), tmp_path)
    rates = np.array([float(row["rate"]) for row in log_of(tmp_path)])
    assert np.argmax(rates[:8]) == np.argmax(rates[8:]) == 1
    np.testing.assert_allclose([rates[:8].max(), rates[8:].max()], 0.01, rtol=0.05)
    np.testing.assert_allclose([rates[0], rates[8]], 0.01 / 25)
    assert rates[7] < 1e-3 * rates[1]
    assert rates[15] < 0.1 * rates[9]


def test_the_finished_weights_are_a_mean_with_those_of_the_cycle_before(tmp_path):
    kept = {}

    def keep(network, step):
        kept[step] = {name: value.clone() for name, value in network.state_dict().items()}

    config = settings(steps=4, cycles=2, cycle_share=0.25)
    object.__setattr__(config.validation, "every", 2)
    finished = run(config, tmp_path, evaluate=keep)
    assert any(not torch.equal(kept[2][name], kept[4][name]) for name in kept[2])
    for name, value in finished.state_dict().items():
        if value.is_floating_point():
            mean = 0.25 * kept[2][name] + 0.75 * kept[4][name]
            torch.testing.assert_close(value, mean, msg=name)


def test_the_loss_falls(tmp_path):
    config = settings(steps=24, learning_rate=3e-3)
    network = new_network(config)
    start_at_prior(network, 1e-3, config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        fit(network, Blobs(), config, tmp_path, hardware=CPU)
    losses = [float(row["loss"]) for row in log_of(tmp_path)]
    assert np.mean(losses[-6:]) < 0.8 * np.mean(losses[:6])


def test_starting_where_a_run_lies_is_refused(tmp_path):
    config = settings(steps=1)
    run(config, tmp_path)
    with pytest.raises(TrainingError, match="--resume"):
        run(config, tmp_path)
    with pytest.raises(TrainingError, match="another configuration"):
        run(settings(steps=2), tmp_path, resume=True)
    with pytest.raises(TrainingError, match="no run to resume"):
        run(config, tmp_path / "empty", resume=True)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    config = settings(steps=1)
    network = new_network(config)
    with torch.no_grad():
        network.seg_head.conv.bias.fill_(torch.nan)
    with pytest.raises(TrainingError, match="learning_rate"):
        fit(network, Blobs(), config, tmp_path, hardware=CPU)


def test_a_sample_is_a_function_of_its_number():
    config = settings()
    output = build_network(Architecture(base_width=4, decoder_channels=(8,))).output_spec
    stream = Samples(Blobs(), config, output, 0, 8, 4)
    rest = Samples(Blobs(), config, output, 5, 8, 4)
    for index in range(3):
        for one, other in zip(stream[5 + index], rest[index], strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)
    volume, target = stream[0]
    assert volume.shape == (1, 32, 32, 32)
    assert target.shape == (2, 4, 4, 4)
    assert target[0].max() > 0.3
    assert target[1].min() == 1
    assert stream[4][0].shape == (1, 32, 32, 64)  # the next step
    assert len(list(stream)) == len(stream) == 8


def test_the_last_steps_take_crops_from_anywhere():
    class Told:
        """Remembers by what shares each crop was to be placed."""

        def __init__(self):
            self.shares = []

        def draw(self, config, shape, rng):
            data = config.data
            self.shares.append((data.motor_share, data.structure_share, data.rejected_share))
            return Crop(rng.normal(size=shape).astype(np.float32), np.empty((0, 3)))

    config = settings(steps=10)
    config = replace(config, data=replace(config.data, closing_share=0.3))
    output = build_network(Architecture(base_width=4, decoder_channels=(8,))).output_spec
    source = Told()
    stream = Samples(source, config, output, 0, 20, 2)
    assert len(list(stream)) == 20
    assert source.shares == [(0.5, 0.25, 0.25)] * 14 + [(0.0, 0.0, 0.0)] * 6


def test_a_mixed_source_draws_from_each_by_its_share():
    class Constant:
        def __init__(self, value):
            self.value = value

        def draw(self, config, shape, rng):
            return Crop(np.full((2, 2, 2), self.value, np.float32), np.empty((0, 3)))

    mixed = MixedSource((Constant(0), Constant(1)), (0.25, 0.75))
    rng = np.random.default_rng(0)
    drawn = [mixed.draw(settings(), (2, 2, 2), rng).volume.mean() for _ in range(400)]
    assert np.mean(drawn) == pytest.approx(0.75, abs=0.08)


def test_a_run_goes_on_after_an_update_that_brought_new_keys():
    now, default = asdict(settings()), asdict(TrainConfig())
    before = {key: dict(value) if isinstance(value, dict) else value for key, value in now.items()}
    del before["logging"], before["data"]["held_out"]
    assert _is_same(before, now, default)
    assert not _is_same({**before, "seed": 5}, now, default)
    assert not _is_same({**before, "gone": 1}, now, default)
    asked = {**now, "logging": {"tensorboard": True}}
    assert not _is_same(before, asked, default)
