"""What our layers look like, and that napari takes them in every state."""

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from motorscope.picks import PickTable
from motorscope.plugin.layers.kinds import COLORS, FEATURES, WHY
from motorscope.plugin.layers.looks import (
    heatmap_arguments,
    label,
    map_arguments,
    picks_arguments,
    tomogram_arguments,
    tomogram_data,
)
from motorscope.plugin.layers.source import angstrom_per
from motorscope.tomogram import Tomogram, VoxelGrid
from motorscope.tomogram.volume import averaged

GRID = VoxelGrid(shape=(4, 5, 6), spacing=(10.0, 20.0, 30.0), origin=(1.0, 2.0, 3.0))


def world_of_voxel(layer, voxel):
    """Return where a voxel's centre is in Å."""
    return np.array(layer.data_to_world(voxel))[-3:] * [angstrom_per(u) for u in layer.units[-3:]]


def test_tomogram_lies_where_its_grid_says():
    tomogram = Tomogram(np.random.default_rng(0).normal(size=GRID.shape), GRID, "tomo")
    layer = Image(tomogram.data, **tomogram_arguments(tomogram))
    assert world_of_voxel(layer, (1, 2, 3)) == pytest.approx(GRID.to_world((1, 2, 3)))
    assert layer.name == "tomo"
    assert layer.axis_labels == ("z", "y", "x")


def test_tomogram_of_unknown_spacing_is_shown_in_pixels():
    tomogram = Tomogram(np.ones((4, 5, 6)), VoxelGrid((4, 5, 6), None), "tomo")
    layer = Image(tomogram.data, **tomogram_arguments(tomogram))
    assert tuple(layer.scale) == (1, 1, 1)
    assert {str(unit) for unit in layer.units} == {"pixel"}


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan])
def test_constant_volume_can_be_shown(value):
    tomogram = Tomogram(np.full((4, 5, 6), value), GRID, "tomo")
    low, high = tomogram_arguments(tomogram)["contrast_limits"]
    assert low < high


def test_pyramid_shows_all_levels_with_the_contrast_of_the_finest():
    fine = np.random.default_rng(0).normal(0, 10, (16, 40, 40)).astype(np.float32)
    level = averaged(fine.reshape(8, 2, 20, 2, 20, 2).mean(axis=(1, 3, 5)), fine.shape)
    tomogram = Tomogram(fine, VoxelGrid(fine.shape, (10.0,) * 3), "tomo", levels=(level,))
    layer = Image(tomogram_data(tomogram), **tomogram_arguments(tomogram))
    assert layer.multiscale
    assert layer.contrast_limits == pytest.approx(np.percentile(fine, (0.2, 99.8)), rel=0.05)
    padded = replace(tomogram, data=np.zeros_like(fine))
    low, high = tomogram_arguments(padded)["contrast_limits"]
    assert -20 < low < high < 20


def test_heatmap_lies_where_its_grid_says():
    data = np.zeros(GRID.shape, dtype=np.float32)
    layer = Image(**heatmap_arguments(data, GRID, "tomo", "id"))
    assert layer.data is data
    assert world_of_voxel(layer, (3, 0, 2)) == pytest.approx(GRID.to_world((3, 0, 2)))
    assert tuple(layer.contrast_limits)[1] == 1


@pytest.mark.parametrize("fill", [0.0, 3.0])
def test_maps_lie_where_their_grid_says(fill):
    maps = np.full(GRID.shape, fill, dtype=np.float16)
    arguments = map_arguments(
        FEATURES, maps, GRID, "layer1", ("tomo", "id"), "layer1", limits=(fill, fill)
    )
    layer = Image(**arguments)
    assert not layer.rgb
    assert world_of_voxel(layer, (3, 0, 2)) == pytest.approx(GRID.to_world((3, 0, 2)))
    assert layer.axis_labels == ("z", "y", "x")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_picks_lie_where_they_were_found_and_say_their_score(count):
    places = np.arange(3.0 * count).reshape(count, 3) * 50
    picks = PickTable.from_positions(places, scores=np.linspace(0.3, 0.9, count))
    layer = ViewerModel().add_points(**picks_arguments(picks, GRID, "tomo", "id"))
    world = np.array([world_of_voxel(layer, place) for place in layer.data]).reshape(-1, 3)
    np.testing.assert_allclose(world, places, atol=1e-9)
    assert layer.features["label"].tolist() == [label(score) for score in picks.scores]
    if count:
        assert layer.text.values[0] == "0.30"
        assert layer.size[0] * GRID.known_spacing()[1] == pytest.approx(700)


def test_all_our_layers_agree_on_units():
    viewer = ViewerModel()
    tomogram = Tomogram(np.random.default_rng(0).normal(size=GRID.shape), GRID, "tomo")
    viewer.add_image(tomogram.data, **tomogram_arguments(tomogram))
    viewer.add_image(**heatmap_arguments(np.zeros(GRID.shape, np.float32), GRID, "tomo", "id"))
    for kind, shape in ((FEATURES, GRID.shape), (COLORS, (*GRID.shape, 3)), (WHY, GRID.shape)):
        values = np.zeros(shape, np.uint8)
        viewer.add_image(**map_arguments(kind, values, GRID, kind.name, ("tomo", "id")))
    viewer.add_points(**picks_arguments(PickTable.empty(), GRID, "tomo", "id"))
    assert [str(unit) for unit in viewer.layers.units] == ["angstrom"] * 3


def test_score_of_a_person_is_no_text():
    assert label(float("nan")) == ""
    assert label(0.126) == "0.13"
