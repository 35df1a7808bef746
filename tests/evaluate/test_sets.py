"""The evaluation sets: what they promise, not how good a model is on them."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motorscope.cli import main
from motorscope.errors import ConfigError
from motorscope.evaluate import SETS, evaluation_set, sets
from motorscope.simulation import Plan
from motorscope.training.settings.config import TrainConfig


def motors(plan: Plan) -> int:
    """Return the number of motors that the plan asks for, the only one with a chance."""
    (count,) = np.flatnonzero(plan.config.motor_counts)
    return int(count)


def test_standard_has_the_real_distribution_of_counts():
    plans = evaluation_set("standard-2")
    kinds = Counter(min(motors(plan), 2) for plan in plans)
    assert len(plans) >= 40
    for kind, share in enumerate((0.248, 0.613, 0.139)):
        assert kinds[kind] / len(plans) == pytest.approx(share, abs=0.005)


def test_hard_has_every_difficulty():
    plans = evaluation_set("hard-2")
    configs = [plan.config for plan in plans]
    assert all(config.lookalikes[0] >= 1 for config in configs)
    standard = evaluation_set("standard-2")[0].config
    assert any(config.snr[1] <= 2 * standard.snr[0] for config in configs)
    assert any(config.tilt_range[1] < standard.tilt_range[0] for config in configs)
    assert any(config.inverted == 1 for config in configs)
    assert {6.5, 19.7} < {config.spacing for config in configs}
    assert any(motors(plan) == 0 for plan in plans)


def test_every_tomogram_has_its_own_seed_and_name_far_from_those_of_training():
    plans = [plan for name in SETS for plan in evaluation_set(name)]
    assert len({plan.seed for plan in plans}) == len({plan.name for plan in plans}) == len(plans)
    assert min(plan.seed for plan in plans) >= sets.FIRST_SEED
    assert TrainConfig().validation.seed + TrainConfig().validation.tomograms < sets.FIRST_SEED


def test_sets_are_the_same_every_time_and_affordable():
    for name in SETS:
        assert evaluation_set(name) == evaluation_set(name)
        assert max(np.prod(plan.config.shape) for plan in evaluation_set(name)) < 100e6


def test_unknown_set():
    with pytest.raises(ConfigError, match=r"'easy'.*standard-2 and hard-2"):
        evaluation_set("easy")


def test_command_writes_a_set(tmp_path: Path, monkeypatch, capsys):
    plans = [
        replace(plan, config=replace(plan.config, shape=(16, 32, 32), spacing=60.0))
        for plan in evaluation_set("standard-2")[10:12]
    ]
    monkeypatch.setattr(sets, "evaluation_set", lambda name: tuple(plans))
    out = tmp_path / "set"
    assert main(["simulate", "--set", "standard-2", "--out", str(out)]) == 0
    listed = pd.read_csv(out / "tomograms.csv")
    assert listed["tomogram"].tolist() == [plan.name for plan in plans]
    assert listed["seed"].tolist() == [plan.seed for plan in plans]
    capsys.readouterr()
    # A truth compared with itself: the files fit each other.
    assert main(["evaluate", f"{out}/truth.csv", f"{out}/truth.csv"]) == 0
    assert "  tomograms                   2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [(["--count", "3"], "leave out --count"), (["--set", "easy"], "no evaluation set 'easy'")],
)
def test_command_refuses(tmp_path: Path, capsys, more, message):
    out = tmp_path / "set"
    assert main(["simulate", "--set", "hard-2", "--out", str(out), *more]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()
