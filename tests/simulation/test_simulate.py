"""Whole simulations: the same bytes for the same seed, and a truth that lies on motors."""

import numpy as np
import pytest

from motorscope.simulation import (
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


@pytest.mark.parametrize("seed", range(6))
def test_truth_lies_in_the_volume_on_a_motor(seed: int) -> None:
    scene = simulate_density(SMALL, np.random.default_rng(seed))
    assert len(scene.motors) == 1
    motor = scene.motors[0]
    position, axis = np.array(motor.position), np.array(motor.axis)
    assert np.linalg.norm(axis) == pytest.approx(1)
    voxel = position / scene.spacing
    assert (voxel >= 0).all()
    assert (voxel <= np.array(scene.density.shape) - 1).all()
    # The disc between MS ring and C ring is dense: 0.9 and more, ribosome-free cytoplasm 0.34.
    z, y, x = np.rint(voxel).astype(int)
    around = scene.density[max(z - 2, 0) : z + 3, y - 2 : y + 3, x - 2 : x + 3]
    assert around.mean() > 0.6


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
