"""The values of all channels at a place."""

import time

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from motorscope.picks import PickTable
from motorscope.plugin.encoder.channels.controller import ChannelsController
from motorscope.plugin.encoder.channels.probe import KEY, ProbeController
from motorscope.plugin.encoder.channels.probe_widget import ProfileView
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import intake

SPOT = (12, 36, 20)


@pytest.fixture
def probe(encoder, runner):
    channels = ChannelsController(encoder, lambda: runner)
    made = ProbeController(channels)
    yield made
    made.close()
    channels.close()


def test_the_profile_is_that_of_the_voxel_under_the_cursor_while_the_key_is_held(
    probe, encoder, viewer, workspace
):
    encoder.choose_stage("stem")
    encoder.compute()
    place = workspace.layer.data_to_world(SPOT)
    viewer.cursor.position = place
    assert probe.profile is None
    held = viewer.keymap[next(key for key in viewer.keymap if str(key) == KEY)](viewer)
    next(held)
    stage = encoder.open_stage
    z, y, x = (side // 2 for side in SPOT)
    wanted = np.asarray(stage.maps[:, z, y, x], np.float32)[list(encoder.channels)]
    assert np.array_equal(probe.profile.values, wanted)
    began = time.monotonic()
    viewer.cursor.position = workspace.layer.data_to_world((2, 2, 2))
    assert time.monotonic() - began < 0.05
    assert not np.array_equal(probe.profile.values, wanted)
    assert next(held, None) is None
    pinned = probe.profile
    viewer.cursor.position = place
    assert probe.profile is pinned
    viewer.cursor.position = workspace.layer.data_to_world((500, 2, 2))
    probe.follow(True)
    assert probe.profile is None  # outside of the tomogram


def test_the_profile_follows_the_current_pick_and_the_order_of_the_table(probe, encoder, workspace):
    encoder.choose_stage("stem")
    encoder.compute()
    review = ReviewController.of(workspace).begin(workspace.layer)
    intake.take_in(review, PickTable.from_positions(review.grid.to_world([SPOT]), 0.9), 100.0)
    review.go_to(0)
    first = probe.profile
    assert np.allclose(first.place, review.position(0), atol=32)
    values, quantiles = first.heights()
    assert (values > quantiles[-1]).any()  # the spot is far beyond what is usual
    assert (quantiles[2] == 0).all()
    encoder.go_through(first.channels[::-1])
    assert np.array_equal(probe.profile.values, first.values[::-1])


def test_the_profile_is_painted_and_a_click_shows_a_channel(probe, encoder, workspace, qtbot):
    view = ProfileView(probe)
    qtbot.addWidget(view)
    view.resize(200, 96)
    view.grab()
    encoder.choose_stage("layer3")
    encoder.compute()
    probe.read_at(workspace.layer.data_to_world(SPOT))
    began = time.monotonic()
    picture = view.grab().toImage()
    assert time.monotonic() - began < 0.05
    assert len({picture.pixel(x, y) for x in range(0, 200, 3) for y in range(96)}) > 3
    count = len(probe.profile.channels)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(int(200 * (3.5 / count)), 50))
    assert encoder.shown == encoder.channels[3]
