"""Each decoy that is registered is drawn, and is one that a configuration may name."""

from dataclasses import replace

import numpy as np
import pytest

from motorscope.errors import ConfigError
from motorscope.simulation import SimulationConfig, simulate_density
from motorscope.simulation.config import LOOKALIKES
from motorscope.simulation.lookalikes import _PAINTERS

BARE = SimulationConfig(
    shape=(48, 96, 96), spacing=40.0, radius=(500.0, 700.0), length=(1000.0, 2000.0),
    motor_counts=(0, 1), ribosomes=(0.0, 0.0), gold=(0, 0), contamination=(0, 0), carbon=0.0,
    lookalikes=(0, 0),
)  # fmt: skip


def test_what_is_painted_is_what_can_be_asked_for():
    assert tuple(_PAINTERS) == LOOKALIKES
    with pytest.raises(ConfigError, match="lookalike_kinds"):
        replace(BARE, lookalike_kinds=("motor",))


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_each_is_drawn_and_is_no_motor(kind):
    without = simulate_density(BARE, np.random.default_rng(1))
    config = replace(BARE, lookalikes=(6, 6), lookalike_kinds=(kind,))
    scene = simulate_density(config, np.random.default_rng(1))
    assert scene.motors == without.motors
    assert np.count_nonzero(np.abs(scene.density - without.density) > 0.05) > 20
