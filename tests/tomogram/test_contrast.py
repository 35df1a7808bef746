from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.simulation import SimulationConfig, simulate_tomogram
from motorscope.tomogram import (
    InputRecipe,
    Tomogram,
    VoxelGrid,
    intensity_range,
    open_tomogram,
    prepare,
)
from motorscope.tomogram.contrast import density_shade

RECIPE = InputRecipe(spacing=18.0, density="dark")


@pytest.fixture(scope="module")
def cell():
    """A simulated tomogram, dense things dark."""
    config = SimulationConfig(shape=(96, 192, 192), spacing=20.0, snr=(1.0, 1.0))
    volume = simulate_tomogram(config, 3).tomogram.data.astype(np.float32)
    return Tomogram(volume, VoxelGrid(volume.shape, None).with_spacing(20.0), "cell")


def inverted(tomogram):
    return replace(tomogram, data=-tomogram.data)


def test_a_cell_is_dark_and_its_inverse_bright(cell):
    assert density_shade(cell) == "dark"
    assert density_shade(inverted(cell)) == "bright"


@settings(max_examples=6, deadline=None)
@given(factor=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3), gap=st.integers(0, 5))
def test_the_scale_of_grey_values_and_holes_do_not_matter(cell, factor, shift, gap):
    data = (cell.data * factor + shift).astype(np.float32)
    data[:, : 10 * gap] = np.nan
    assert density_shade(replace(cell, data=data)) == "dark"
    assert density_shade(replace(cell, data=-data)) == "bright"


def test_noise_an_even_volume_an_unknown_spacing_and_a_tiny_one_are_unclear(cell):
    noise = np.random.default_rng(0).normal(size=(64, 96, 96)).astype(np.float32)
    grid = VoxelGrid(noise.shape, (20.0, 20.0, 20.0))
    assert density_shade(Tomogram(noise, grid, "noise")) is None
    assert density_shade(Tomogram(np.zeros_like(noise), grid, "even")) is None
    assert density_shade(Tomogram(np.full_like(noise, np.nan), grid, "nothing")) is None
    assert density_shade(replace(cell, grid=VoxelGrid(cell.data.shape, None))) is None
    tiny = Tomogram(noise[:1, :2, :1], VoxelGrid((1, 2, 1), (5.0, 5.0, 5.0)), "tiny")
    assert density_shade(tiny) is None


def test_of_real_tomograms_one_is_bright_and_one_dark(real_file):
    viruses = open_tomogram(real_file("hiv_tomogram_bin4.tif"), spacing=21.6)
    assert density_shade(viruses) == "bright"
    tubes = open_tomogram(real_file("microtubule_13pf.tif"), spacing=8.0)
    assert density_shade(tubes) == "dark"


def test_a_network_sees_the_same_whichever_way_dense_things_look(cell):
    seen = prepare(cell, RECIPE)
    np.testing.assert_allclose(prepare(inverted(cell), RECIPE), seen, atol=2e-3)
    low, high = intensity_range(inverted(cell), RECIPE)
    assert low > high


def test_what_is_said_of_a_tomogram_counts_more_than_what_is_found(cell):
    dark = intensity_range(cell, RECIPE)
    assert intensity_range(replace(cell, density="dark"), RECIPE) == dark
    assert intensity_range(replace(cell, density="bright"), RECIPE) == dark[::-1]


def test_a_recipe_that_says_nothing_leaves_all_as_it_is(cell):
    low, high = intensity_range(inverted(cell), InputRecipe(spacing=18.0))
    assert low < high
