"""Whole scenes drawn the second way, and the switch between the two ways."""

from dataclasses import replace

import numpy as np
import pytest

from motorscope.errors import ConfigError
from motorscope.simulation import SimulationConfig, simulate_density, simulate_tomogram
from motorscope.simulation.config import SWEPT_SPECIES
from motorscope.simulation.swept import compose
from motorscope.simulation.swept.kinds import KINDS
from motorscope.simulation.swept.stage import Stage, Thing

SMALL = SimulationConfig(
    shape=(40, 80, 80), spacing=40.0, motor_counts=(0, 1), swept_cells=1.0,
    radius=(500.0, 700.0), length=(1000.0, 2000.0),
)  # fmt: skip


def _scene(config, seed):
    """Draw a scene."""
    return simulate_density(config, np.random.default_rng(seed))


def test_the_kinds_are_those_that_can_be_asked_for():
    assert tuple(KINDS) == SWEPT_SPECIES
    assert set(SimulationConfig().swept_species) == set(SWEPT_SPECIES)
    with pytest.raises(ConfigError, match="swept_species"):
        replace(SMALL, swept_species=("enteric",))


def test_at_0_the_first_way_is_untouched():
    config = replace(SMALL, swept_cells=0.0, species=("enteric",), gram_positive=0.0)
    first = _scene(config, 5)
    second = _scene(replace(config, swept_species=("squat",)), 5)
    assert first.density.tobytes() == second.density.tobytes()
    assert first.motors[0].species == "enteric"
    used, fresh = np.random.default_rng(5), np.random.default_rng(5)
    simulate_density(config, used)
    assert used.random() == fresh.random()  # the imaging that follows is drawn from it


def test_a_seed_gives_a_scene_and_another_seed_another():
    first, second, third = (_scene(SMALL, seed) for seed in (1, 1, 2))
    assert first.density.tobytes() == second.density.tobytes()
    assert first.motors == second.motors
    assert first.density.tobytes() != third.density.tobytes()
    assert np.isfinite(first.density).all()


def test_both_ways_come_as_often_as_asked():
    config = replace(
        SMALL, shape=(24, 40, 40), spacing=70.0, swept_cells=0.5,
        species=("enteric",), swept_species=("squat",), gram_positive=0.0,
    )  # fmt: skip
    kinds = [motor.species for seed in range(8) for motor in _scene(config, seed).motors]
    assert {"enteric", "squat"} == set(kinds)


def test_imaging_is_the_same_for_both_ways():
    made = simulate_tomogram(SMALL, 3)
    assert made.tomogram.data.dtype == np.int8
    np.testing.assert_allclose(made.truth.positions, [m.position for m in made.motors])
    assert all(motor.species in KINDS for motor in made.motors)


@pytest.mark.parametrize("species", ["salmonella", "campylobacter", "borrelia"])
def test_the_labels_lie_on_motors(species):
    """The rings about a label are denser than as many places elsewhere on the membrane."""
    config = replace(SMALL, spacing=24.0, swept_species=(species,))
    scene = _scene(config, 4)
    (motor,) = scene.motors
    axis, label = np.array(motor.axis), np.array(motor.position)
    assert np.linalg.norm(axis) == pytest.approx(1)
    extent = (np.array(config.shape) - 1) * config.spacing
    assert (label > 0).all()
    assert (label < extent).all()
    here = _c_ring(scene, label, axis)
    ahead = np.cross(axis, (0.3, 0.5, 0.8))
    aside = label + 700 * ahead / np.linalg.norm(ahead)
    assert here > 0.6
    assert here > _c_ring(scene, aside, axis) + 0.2


def _c_ring(scene, label, axis):
    """Return the greatest mean over a circle of a C ring's size below a label."""
    first = np.cross(axis, (0.3, 0.5, 0.8))
    first /= np.linalg.norm(first)
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
    circle = np.cos(turns) * first + np.sin(turns) * np.cross(axis, first)
    means = []
    for radius in range(190, 320, 10):
        at = (label - 80 * axis + radius * circle) / scene.spacing
        z, y, x = np.clip(np.rint(at), 0, np.array(scene.density.shape) - 1).astype(int).T
        means.append(scene.density[z, y, x].mean())
    return max(means)


def test_there_are_as_many_motors_as_asked_where_there_is_room():
    config = replace(SMALL, shape=(56, 110, 110), motor_counts=(0, 0, 0, 1))
    motors = _scene(replace(config, swept_species=("salmonella",)), 2).motors
    assert len(motors) == 3
    places = np.array([motor.position for motor in motors])
    apart = np.linalg.norm(places[:, None] - places, axis=-1)[~np.eye(3, dtype=bool)]
    assert apart.min() > 550
    assert not _scene(replace(SMALL, motor_counts=(1,)), 2).motors


def test_a_new_kind_of_thing_changes_no_other_draw(monkeypatch):
    def idle(stage: Stage, rng: np.random.Generator) -> None:
        rng.normal(size=5)

    before = _scene(SMALL, 7).density
    monkeypatch.setattr(compose, "AROUND", {"none": Thing(idle, 5, 5), **compose.AROUND})
    monkeypatch.setattr(compose, "WITHIN", {"nor this": Thing(idle, 5, 5), **compose.WITHIN})
    np.testing.assert_array_equal(_scene(SMALL, 7).density, before)
