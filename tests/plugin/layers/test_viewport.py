"""What is in view, in Å."""

import numpy as np
import pytest

from motorscope.errors import TomogramError
from motorscope.plugin.layers.source import full_grid
from motorscope.plugin.layers.viewport import SLAB, look_at, visible_box, world_unit


def add_volume(viewer, units="angstrom", scale=10.0, shape=(400, 100, 100)):
    return viewer.add_image(
        np.zeros(shape, np.uint8),
        scale=(scale,) * 3,
        units=(units,) * 3,
        contrast_limits=(0, 1),
    )


def look(viewer, centre, width, zoom):
    viewer.canvas.size = (width, 2 * width)
    viewer.scene.camera.zoom = zoom
    viewer.scene.camera.center = (0, *centre)


@pytest.mark.parametrize("units", ["angstrom", "nm"])
def test_slice_view_is_the_visible_rectangle_and_a_slab(viewer, units):
    per_unit = 10.0 if units == "nm" else 1.0
    layer = add_volume(viewer, units, scale=10.0 / per_unit)
    look(viewer, centre=(300 / per_unit, 500 / per_unit), width=100, zoom=per_unit)
    viewer.dims.set_point(0, 2000 / per_unit)
    low, high = visible_box(viewer, layer, full_grid(layer))
    assert low == pytest.approx((2000 - SLAB / 2, 250, 400))
    assert high == pytest.approx((2000 + SLAB / 2, 350, 600))


def test_box_ends_where_the_tomogram_ends(viewer):
    layer = add_volume(viewer)
    look(viewer, centre=(500, 500), width=1000, zoom=0.1)
    viewer.dims.set_point(0, 0)
    low, high = visible_box(viewer, layer, full_grid(layer))
    assert low == pytest.approx((-5, -5, -5))
    assert high == pytest.approx((SLAB / 2, 995, 995))


def test_other_axes_can_be_in_view(viewer):
    layer = add_volume(viewer)
    viewer.dims.order = (1, 0, 2)
    look(viewer, centre=(2000, 500), width=100, zoom=1)
    viewer.dims.set_point(1, 500)
    low, high = visible_box(viewer, layer, full_grid(layer))
    assert (low[0], high[0]) == pytest.approx((1950, 2050))
    assert (low[1], high[1]) == pytest.approx((-5, 995))
    assert (low[2], high[2]) == pytest.approx((400, 600))


def test_volume_view_is_a_cube_around_the_camera(viewer):
    layer = add_volume(viewer)
    viewer.dims.ndisplay = 3
    viewer.canvas.size = (200, 100)
    viewer.scene.camera.zoom = 1
    viewer.scene.camera.center = (1000, 500, 500)
    low, high = visible_box(viewer, layer, full_grid(layer))
    assert low == pytest.approx((900, 400, 400))
    assert high == pytest.approx((1100, 600, 600))


def test_nothing_in_view_is_said(viewer):
    layer = add_volume(viewer)
    look(viewer, centre=(5000, 5000), width=100, zoom=1)
    with pytest.raises(TomogramError, match="in view"):
        visible_box(viewer, layer, full_grid(layer))


@pytest.mark.parametrize("units", ["angstrom", "nm"])
@pytest.mark.parametrize("ndisplay", [2, 3])
def test_looking_at_a_place_centres_it_and_keeps_the_zoom(viewer, units, ndisplay):
    layer = add_volume(viewer, units)
    viewer.add_image(np.zeros((3, 5, 5, 5)), name="with channels", units=("pixel", *[units] * 3))
    viewer.dims.ndisplay = ndisplay
    viewer.scene.camera.zoom = 3.0
    look_at(viewer, layer, (1000.0, 200.0, 300.0))
    unit = world_unit(viewer, layer)
    shown = np.array(viewer.dims.point[-3:]) * unit
    assert shown[0] == pytest.approx(1000, abs=10)
    assert np.array(viewer.scene.camera.center)[-2:] * unit[-2:] == pytest.approx((200, 300))
    assert viewer.scene.camera.zoom == 3.0
