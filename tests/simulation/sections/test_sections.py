from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.errors import ConfigError
from motorscope.simulation import SectionConfig, draw_section, image_section
from motorscope.simulation.sections.border import CLEAR, cover_border
from motorscope.simulation.sections.membranes import draw_stuff
from motorscope.simulation.sections.section import LITTER

SMALL = SectionConfig(side=128)
ALONE = replace(
    SMALL, gold=0, dirt=0, free_filaments=0, carbon=0, debris=0, streaks=0, ghost=0, second_motor=0
)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_section_is_finite_and_its_motors_lie_in_it_or_near(seed):
    section = draw_section(SMALL, np.random.default_rng(seed))
    assert section.density.shape == (128, 128)
    assert section.density.dtype == np.float32
    assert np.isfinite(section.density).all()
    assert section.motors.shape == (len(section.motors), 2)
    extent = SMALL.side * SMALL.spacing
    margin = 0.1 * extent + 800  # Å; on the outline, and a motor's depth below it
    assert (section.motors > -margin).all()
    assert (section.motors < extent + margin).all()


def test_the_same_seed_draws_the_same_section_and_another_seed_another():
    first, again, other = (draw_section(SMALL, np.random.default_rng(s)) for s in (7, 7, 8))
    np.testing.assert_array_equal(first.density, again.density)
    np.testing.assert_array_equal(first.motors, again.motors)
    assert not np.array_equal(first.density, other.density)


def test_motors_come_as_often_as_asked():
    def have_motors(share):
        config = replace(SMALL, side=48, motor_share=share)
        return [len(draw_section(config, np.random.default_rng(s)).motors) > 0 for s in range(12)]

    assert not any(have_motors(0.0))
    assert all(have_motors(1.0))
    assert 2 <= sum(have_motors(0.5)) <= 10


def test_where_a_motor_is_the_section_differs_from_one_whose_motor_does_not_show():
    """A motor without density leaves its voids, and one with density is seen at its place."""
    seen = replace(ALONE, motor_share=1.0, motor_density=(0.8, 0.8), filament=0.0)
    differences = 0
    for seed in range(6):
        bright, faint = (
            draw_section(config, np.random.default_rng(seed))
            for config in (seen, replace(seen, motor_density=(0.0, 0.0)))
        )
        np.testing.assert_array_equal(bright.motors, faint.motors)
        changed = bright.density - faint.density
        assert changed.min() > -0.01
        away = np.hypot(*(np.argwhere(changed > 0.05) * SMALL.spacing - bright.motors[0]).T)
        assert away.max(initial=0) < 900  # Å: the reach of a motor's profile
        if (abs(bright.motors[0] - 64 * SMALL.spacing) < 54 * SMALL.spacing).all():  # it shows
            differences += 1
            assert away.min() < 60
    assert differences >= 3


def test_a_kind_that_comes_in_leaves_the_others_as_they_are():
    plain = draw_section(ALONE, np.random.default_rng(3))
    littered = draw_section(replace(ALONE, dirt=8.0), np.random.default_rng(3))
    np.testing.assert_array_equal(plain.motors, littered.motors)
    changed = abs(plain.density - littered.density) > 0.01
    assert 0.01 < changed.mean() < 0.9


@pytest.mark.parametrize(
    ("often", "measure"),
    [
        ({"gold": 8.0}, lambda d: (d > 2.5).mean()),
        ({"dirt": 12.0, "no_cell": 1.0}, lambda d: (d > 0.1).mean()),
        ({"free_filaments": 8.0, "no_cell": 1.0}, lambda d: (d > 0.1).mean()),
        ({"carbon": 1.0, "no_cell": 1.0}, lambda d: d.std()),
        ({"debris": 1.0, "no_cell": 1.0}, lambda d: d.std()),
        ({"ghost": 1.0, "no_cell": 1.0}, lambda d: d.std()),
        ({"streaks": 1.0, "no_cell": 1.0}, lambda d: d.std()),
        ({"no_cell": 0.0}, lambda d: (d > 0.1).mean()),
    ],
)
def test_more_of_a_kind_shows(often, measure):
    bare = replace(ALONE, side=96, motor_share=0.0, no_cell=1.0)

    def mean(config):
        return np.mean(
            [measure(draw_section(config, np.random.default_rng(s)).density) for s in range(8)]
        )

    assert mean(replace(bare, **often)) > mean(bare) + 1e-4


def test_burst_cells_come_as_often_as_asked_and_hold_little():
    def stuffs(share):
        config = replace(SMALL, lysed=share)
        return [draw_stuff(config, np.random.default_rng(s)) for s in range(50)]

    burst, whole = stuffs(1.0), stuffs(0.0)
    assert all(stuff.lysed for stuff in burst)
    assert not any(stuff.lysed for stuff in whole)
    assert np.mean([s.cytoplasm for s in burst]) < 0.5 * np.mean([s.cytoplasm for s in whole])


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_an_image_keeps_its_shape_and_dense_things_are_dark(seed):
    rng = np.random.default_rng(seed)
    density = np.zeros((96, 112), np.float32)
    density[40:44, :] = 1.0  # a membrane
    config = replace(SMALL, border=0.0, contrast_transfer=0.0)
    image = image_section(density, np.empty((0, 2)), 18.0, config, rng)
    assert image.shape == density.shape
    assert image.dtype == np.float32
    assert np.isfinite(image).all()
    assert image[40:44].mean() < image[60:].mean() - 0.02


@settings(max_examples=60, deadline=None)
@given(seeds, st.floats(0, 1), st.floats(0, 1))
def test_a_border_never_covers_a_motor(seed, down, right):
    rows, columns = np.ogrid[:96, :112]
    board = ((rows + columns) % 2 * 2 - 1).astype(np.float32)
    motor = np.array([95 * down, 111 * right]) * 18.0
    covered = cover_border(board, motor[None], 18.0, np.random.default_rng(seed))
    assert np.isfinite(covered).all()
    about = np.hypot(rows * 18.0 - motor[0], columns * 18.0 - motor[1]) < 0.4 * CLEAR
    assert (covered * board)[about].mean() > 0.9  # 0 where it is covered
    assert (covered * board).mean() < 1.1


def test_a_border_covers_a_part_of_most_sections_without_motors():
    board = np.indices((96, 112)).sum(axis=0, dtype=np.float32) % 2 * 2 - 1
    shares = [
        (cover_border(board, np.empty((0, 2)), 18.0, np.random.default_rng(s)) * board).mean()
        for s in range(20)
    ]
    assert np.mean(np.array(shares) < 0.95) > 0.5


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"side": 8}, "side"),
        ({"spacing": 0.0}, "spacing"),
        ({"motor_share": 1.2}, "motor_share"),
        ({"radius": (0.0, 10.0)}, "radius"),
        ({"periplasm": (300.0, 200.0)}, "periplasm"),
        ({"gold": -1.0}, "gold"),
        ({"species": ("firmicute",)}, "species"),
    ],
)
def test_an_impossible_setting_is_named(values, name):
    with pytest.raises(ConfigError, match=name):
        SectionConfig(**values)


def test_every_kind_of_litter_stands_once():
    assert len(set(LITTER)) == len(LITTER)
