"""Whole simulations: the same bytes for the same seed, and a truth that lies on motors."""

from dataclasses import replace

import numpy as np
import pytest

from motorscope.evaluate.sets import evaluation_set
from motorscope.simulation import (
    Scene,
    SimulationConfig,
    draw_imaging,
    image_density,
    simulate_density,
    simulate_tomogram,
)

SMALL = SimulationConfig(
    shape=(48, 96, 96),
    spacing=20.0,
    radius=(500.0, 700.0),
    length=(1000.0, 3000.0),
    motor_counts=(0, 1),
    gold=(0, 0),
    contamination=(0, 0),
    carbon=0.0,
)

ROOMY = (72, 128, 128)


def test_same_seed_gives_the_same_bytes() -> None:
    first, second = (simulate_tomogram(SMALL, 5) for _ in range(2))
    assert first.tomogram.data.tobytes() == second.tomogram.data.tobytes()
    assert first.motors == second.motors


def test_another_seed_gives_other_bytes() -> None:
    assert (
        simulate_tomogram(SMALL, 5).tomogram.data.tobytes()
        != simulate_tomogram(SMALL, 6).tomogram.data.tobytes()
    )


def test_simulation_says_what_it_is() -> None:
    simulation = simulate_tomogram(SMALL, 1, name="cell")
    assert simulation.tomogram.name == "cell"
    assert simulation.tomogram.grid.spacing == (20.0, 20.0, 20.0)
    assert simulation.tomogram.data.shape == SMALL.shape == simulation.tomogram.grid.shape
    assert simulation.tomogram.data.dtype == np.int8
    np.testing.assert_allclose(
        simulation.truth.positions, [motor.position for motor in simulation.motors]
    )
    assert set(simulation.truth.frame["status"]) == {"accepted"}


@pytest.mark.parametrize("ring_motors", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_truth_lies_in_the_volume_on_a_motor(seed: int, ring_motors: float) -> None:
    config = replace(
        SMALL, shape=ROOMY, motor_density=(1.0, 1.0), ring_motors=ring_motors, lysed=0.0
    )
    scene = simulate_density(config, np.random.default_rng(seed))
    assert len(scene.motors) == 1
    motor = scene.motors[0]
    position, axis = np.array(motor.position), np.array(motor.axis)
    assert np.linalg.norm(axis) == pytest.approx(1)
    voxel = position / scene.spacing
    assert (voxel >= 0).all()
    assert (voxel <= np.array(scene.density.shape) - 1).all()
    # The MS ring, 60 Å further out along the axis, and the C ring, further in, are dense.
    assert _density(scene, position + 60 * axis) > 0.6
    across = np.cross(axis, (1.0, 0.3, 0.2))
    sides = [sign * across / np.linalg.norm(across) for sign in (-1, 1)]
    wall = [
        max(_density(scene, position - 85 * axis + reach * side) for reach in range(150, 290, 20))
        for side in sides
    ]
    assert min(wall) > 0.5


def _density(scene: Scene, place: np.ndarray) -> float:
    z, y, x = np.rint(place / scene.spacing).astype(int)
    return float(scene.density[z, y, x])


def test_a_decoy_more_leaves_the_motors_alone() -> None:
    """Adding a kind of look-alike once changed every later draw."""
    config = replace(SMALL, lookalikes=(1, 1))
    more = replace(config, lookalikes=(4, 4), lookalike_kinds=("vesicle", "phage"))
    first, second = (simulate_density(c, np.random.default_rng(3)) for c in (config, more))
    assert first.motors == second.motors


def test_a_scene_is_the_one_it_always_was() -> None:
    """Guards the evaluation sets: a simulator that alters this needs new names for them."""
    plan = evaluation_set("standard-2")[11]
    config = replace(plan.config, shape=(32, 96, 96), spacing=52.0)
    scene = simulate_density(config, np.random.default_rng(plan.seed))
    blocks = scene.density.reshape(4, 8, 4, 24, 4, 24).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(scene.motors[0].position, (1296.0, 3420.6, 942.4), atol=1.0)
    np.testing.assert_allclose(blocks[:, 1, 2], [0.3585, 0.4438, 0.4485, 0.3874], atol=0.002)


def test_dense_things_are_dark() -> None:
    rng = np.random.default_rng(3)
    scene = simulate_density(SMALL, rng)
    image = image_density(scene.density, scene.spacing, draw_imaging(SMALL, rng), rng)
    dense = scene.density > 0.8
    assert image[dense].mean() < image[~dense].mean()


def test_numbers_of_motors_follow_the_configuration() -> None:
    config = SimulationConfig(
        shape=(24, 56, 56), spacing=60.0, radius=(500.0, 700.0), length=(1000.0, 2000.0),
        motor_counts=(1, 2, 1), ribosomes=(0.0, 0.0), lookalikes=(0, 0),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    counts = [len(simulate_density(config, rng).motors) for _ in range(32)]
    shares = np.bincount(counts, minlength=3) / len(counts)
    np.testing.assert_allclose(shares, [0.25, 0.5, 0.25], atol=0.22)
