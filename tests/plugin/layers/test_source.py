"""An image layer of any origin becomes a tomogram, or is refused with a reason."""

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image, Labels, Points

from motorscope.errors import TomogramError
from motorscope.plugin.layers.kinds import HEATMAP, TOMOGRAM
from motorscope.plugin.layers.source import (
    check_source,
    find,
    full_grid,
    identity,
    is_source,
    place,
    set_spacing,
    spacing_of,
    suggested_spacing,
    tomogram_from_layer,
    tomogram_name,
)
from motorscope.plugin.layers.tag import LayerTag, kind_of
from motorscope.tomogram import InputRecipe, level_for

VOLUME = np.zeros((4, 6, 8), dtype=np.float32)
ANGSTROM = ("angstrom",) * 3


def test_grid_follows_scale_translation_and_units():
    layer = Image(VOLUME, scale=(1, 2, 3), translate=(10, 20, 30), units=("nm",) * 3)
    grid = tomogram_from_layer(layer).grid
    assert grid.shape == (4, 6, 8)
    assert grid.spacing == pytest.approx((10, 20, 30))
    assert grid.origin == pytest.approx((100, 200, 300))


def test_spacing_is_unknown_without_a_unit_of_length():
    layer = Image(VOLUME, scale=(13.1,) * 3)
    assert tomogram_from_layer(layer).grid.spacing is None
    assert suggested_spacing(layer) == pytest.approx((13.1,) * 3)
    assert suggested_spacing(Image(VOLUME)) is None


def test_lazy_voxels_stay_lazy():
    data = da.zeros((4, 6, 8), chunks=2)
    layer = Image(data, units=ANGSTROM, contrast_limits=(0, 1))
    assert tomogram_from_layer(layer).data is data


def test_coarse_level_is_centred_between_the_fine_voxels():
    fine = np.arange(8.0**3).reshape(8, 8, 8)
    coarse = fine.reshape(4, 2, 4, 2, 4, 2).mean(axis=(1, 3, 5))
    layer = Image([fine, coarse], multiscale=True, scale=(5,) * 3, units=ANGSTROM)
    chosen = level_for(tomogram_from_layer(layer), InputRecipe(spacing=12))
    assert chosen.grid.shape == (4, 4, 4)
    assert chosen.grid.spacing == (10, 10, 10)
    assert chosen.grid.origin == (2.5, 2.5, 2.5)
    assert full_grid(layer).shape == (8, 8, 8)


def test_finest_level_is_used_for_a_fine_model_and_a_locked_one_always():
    levels = [np.zeros((8, 8, 8)), np.zeros((4, 4, 4))]
    layer = Image(levels, multiscale=True, scale=(5,) * 3, units=ANGSTROM, contrast_limits=(0, 1))
    assert level_for(tomogram_from_layer(layer), InputRecipe(spacing=9)).grid.shape == (8, 8, 8)
    layer.locked_data_level = 1
    assert level_for(tomogram_from_layer(layer), InputRecipe(spacing=9)).grid.shape == (4, 4, 4)


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda: Image(np.zeros((6, 8))), "2 axes", id="2d"),
        pytest.param(lambda: Image(np.zeros((2, 4, 6, 8))), "4 axes", id="4d"),
        pytest.param(lambda: Image(np.zeros((40, 40, 3)), rgb=True), "colour", id="rgb"),
        pytest.param(lambda: Image(VOLUME, rotate=(20, 0, 0)), "rotated", id="rotated"),
        pytest.param(lambda: Image(VOLUME, shear=(0.1, 0, 0)), "sheared", id="sheared"),
        pytest.param(lambda: Image(VOLUME, scale=(1, -1, 1)), "mirrored", id="mirrored"),
        pytest.param(lambda: Image(VOLUME, affine=np.diag([2, 1, 1, 1])), "transform", id="affine"),
        pytest.param(lambda: Labels(np.zeros((4, 6, 8), dtype=int)), "not an image", id="labels"),
        pytest.param(
            lambda: Image(VOLUME, metadata=LayerTag(HEATMAP, "x", "y").metadata),
            "not an image",
            id="heatmap",
        ),
    ],
)
def test_unsuitable_layers_are_refused_with_the_reason(make, reason):
    with pytest.raises(TomogramError, match=reason):
        check_source(make())


def test_results_are_no_sources_and_are_found_by_metadata_alone():
    tomogram = Image(VOLUME)
    heatmap = Image(VOLUME, metadata=LayerTag(HEATMAP, "a", identity(tomogram)).metadata)
    stranger = Image(VOLUME, name="a heatmap", metadata={"motorscope": "something else"})
    layers = [stranger, heatmap, tomogram, Points()]
    heatmap.name = "renamed"
    assert [is_source(layer) for layer in layers] == [True, False, True, False]
    assert find(layers, HEATMAP, identity(tomogram)) is heatmap
    assert find(layers, HEATMAP, identity(stranger)) is None
    assert kind_of(stranger) is None


def test_setting_the_spacing_keeps_the_place_in_voxels():
    layer = Image(VOLUME, scale=(2, 2, 2), translate=(4, 6, 8))
    set_spacing(layer, (10.0, 10.0, 20.0))
    assert spacing_of(layer) == (10, 10, 20)
    assert tuple(layer.translate) == (20, 30, 80)
    assert layer.axis_labels == ("z", "y", "x")


def test_names_of_axes_that_a_person_gave_stay():
    layer = Image(VOLUME, axis_labels=("depth", "row", "column"))
    set_spacing(layer, (10.0,) * 3)
    assert layer.axis_labels == ("depth", "row", "column")


def test_name_is_the_stem_of_the_file(tmp_path):
    for name in ("tomo.1.mrc", "tomo.1.mrc.gz"):
        layer = Image(VOLUME, metadata=LayerTag(TOMOGRAM, path=tmp_path / name).metadata)
        assert tomogram_name(layer) == "tomo.1"
    assert tomogram_name(Image(VOLUME, name="what I see")) == "what I see"


def test_a_hidden_layer_that_is_placed_has_the_extent_of_its_new_data() -> None:
    layer = Image(np.zeros((4, 4, 4)))
    assert layer.extent.world[1].tolist() == [3, 3, 3]
    layer.visible = False
    layer.data = np.zeros((8, 8, 8))
    place(layer, {"scale": np.ones(3)})
    assert layer.extent.world[1].tolist() == [7, 7, 7]
