"""Where the mouse points is where a person sees it, also in perspective and after a step."""

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QApplication

from motorscope.plugin.document import Tomograms
from motorscope.plugin.layers.looks import heatmap_arguments
from motorscope.plugin.layers.source import identity
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.pointer import Pointer
from motorscope.plugin.review.pointing import add_at_cursor
from motorscope.tomogram import VoxelGrid

SHAPE, SPACING = (40, 60, 50), 10.0


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    viewer.add_image(np.zeros(SHAPE), scale=(SPACING,) * 3, units=("angstrom",) * 3, name="tomo")
    return viewer


def test_the_place_under_a_resting_mouse_moves_with_the_view(viewer):
    pointer, camera = Pointer(viewer), viewer.scene.camera
    camera.center, camera.zoom = (0.0, 200.0, 200.0), 2.0
    viewer.cursor.position = (100.0, 220.0, 170.0)
    assert pointer.place() == pytest.approx((100, 220, 170))
    camera.center = (0.0, 300.0, 100.0)
    assert pointer.place() == pytest.approx((100, 320, 70))
    viewer.dims.set_point(0, 50.0)  # another slice is no other place in it
    assert pointer.place() == pytest.approx((50, 320, 70))
    camera.zoom = 4.0
    assert pointer.place() == pytest.approx((50, 310, 85))
    viewer.cursor.position = (50.0, 111.0, 112.0)
    assert pointer.place() == pytest.approx((50, 111, 112))
    pointer.close()
    pointer.close()


def canvas_of(viewer):
    (canvas,) = (
        widget
        for widget in QApplication.allWidgets()
        if type(widget).__name__ == "CanvasBackendDesktop" and widget.isVisible()
    )
    return canvas


@pytest.mark.parametrize("perspective", [0.0, 45.0])
def test_a_motor_is_added_on_the_maximum_under_the_mouse(
    make_napari_viewer_proxy, qtbot, perspective, tmp_path
):
    viewer = make_napari_viewer_proxy(show=True)
    layer = viewer.add_image(
        np.zeros(SHAPE, dtype=np.float32),
        scale=(SPACING,) * 3,
        units=("angstrom",) * 3,
        name="tomo",
    )
    grid = VoxelGrid(SHAPE, (SPACING,) * 3)
    heatmap = viewer.add_image(
        **heatmap_arguments(np.zeros(SHAPE, dtype=np.float32), grid, "tomo", identity(layer))
    )
    desk = ReviewController(Tomograms(viewer), tmp_path)
    viewer.dims.ndisplay = 3
    camera = viewer.scene.camera
    camera.angles, camera.perspective = (20.0, -35.0, 70.0), perspective
    qtbot.wait(50)
    canvas, heard = canvas_of(viewer), []
    viewer.mouse_move_callbacks.append(lambda _, event: heard.append(event.view_direction))
    middle = canvas.rect().center()
    for shift in (QPoint(0, 0), QPoint(40, 25), QPoint(-60, 30), QPoint(50, -45)):
        qtbot.mouseMove(canvas, middle + shift + QPoint(3, 3))
        qtbot.mouseMove(canvas, middle + shift)
        direction = desk.pointer.direction()
        assert direction == pytest.approx(heard[-1], abs=1e-3)
        # One spot, on the line of sight and not in its middle.
        start, end = heatmap.get_ray_intersections(
            viewer.cursor.position, heard[-1], [0, 1, 2], world=True
        )
        spot = np.round(np.asarray(start) + 0.7 * (np.asarray(end) - start)).astype(int)
        heatmap.data[...] = 0
        heatmap.data[tuple(np.clip(spot, 0, np.array(SHAPE) - 1))] = 0.8
        add_at_cursor(desk, layer)
        table = desk.review(layer).table
        assert table.positions[-1] / SPACING == pytest.approx(spot, abs=1.0)
    desk.close()
