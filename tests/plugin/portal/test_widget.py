"""A tomogram of a local portal in a real window: looked up, fetched, cancelled, compared."""

import napari
import numpy as np
import pytest

pytest.importorskip("cryoet_data_portal")

from motorscope.cli import main
from motorscope.plugin.compare.layer import other_sets
from motorscope.plugin.layers.kinds import COORDINATES
from motorscope.plugin.layers.tag import kind_of
from motorscope.plugin.portal.widget import PortalWidget
from motorscope.tomogram import VoxelGrid, write_ome_zarr
from tiny_portal import MOTORS, ZARR, Handler, serving

GRID = VoxelGrid((8, 140, 130), (13.48,) * 3)
VOXELS = np.random.default_rng(0).normal(size=GRID.shape).astype(np.float32)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("portal")
    (folder / ZARR).parent.mkdir()
    write_ome_zarr(folder / ZARR, VOXELS, GRID)
    (folder / MOTORS).write_text('{"type": "point", "location": {"x": 30, "y": 20, "z": 1}}\n')
    with serving(folder) as home:
        yield home


@pytest.fixture(autouse=True)
def portal(served, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MOTORSCOPE_PORTAL", f"{served}/graphql")
    monkeypatch.setattr(Handler, "pause", 0.0)
    return served


@pytest.fixture
def dock(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    _, widget = viewer.window.add_plugin_dock_widget("napari-motorscope", "Open from the portal")
    return widget


def look_up(dock, qtbot, number):
    dock.number.setText(number)
    dock._on_edited()
    dock.look.click()
    qtbot.waitUntil(lambda: not dock.runner.busy, timeout=30_000)


def test_it_is_shown_before_it_opens_and_its_motors_are_there_to_compare(dock, qtbot):
    assert not dock.look.isEnabled()
    assert not dock.job.button.isEnabled()
    look_up(dock, qtbot, "7")
    for part in ("TS_026", "13.48 Å", "CC0", "1 flagellar motor known"):
        assert part in dock.facts.text()
    dock.job.button.click()
    qtbot.waitUntil(lambda: not dock.runner.busy, timeout=30_000)
    viewer = dock.workspace.viewer
    tomogram, points = viewer.layers
    np.testing.assert_array_equal(tomogram.data[0], VOXELS)
    assert kind_of(points) is COORDINATES
    np.testing.assert_array_equal(points.data, [[1, 20, 30]])
    assert [layer.name for layer in other_sets(viewer, tomogram)] == ["TS_026 portal"]
    assert dock.workspace.layer == tomogram
    assert "The portal knows 1 flagellar motor" in dock.status.text()
    dock.job.button.click()
    qtbot.waitUntil(lambda: not dock.runner.busy, timeout=30_000)
    assert len(viewer.layers) == 2
    assert "open already" in dock.status.text()


def test_it_is_said_when_the_portal_knows_no_motors_or_no_such_number(dock, qtbot):
    look_up(dock, qtbot, "portal:6")
    assert "No flagellar motors" in dock.facts.text()
    dock.job.button.click()
    qtbot.waitUntil(lambda: not dock.runner.busy, timeout=30_000)
    assert "no flagellar motors" in dock.status.text()
    assert len(dock.workspace.viewer.layers) == 1
    look_up(dock, qtbot, "9")
    assert "no tomogram 9" in dock.status.text()
    assert not dock.job.button.isEnabled()


def test_fetching_can_be_cancelled_and_goes_on_there(dock, qtbot, monkeypatch):
    look_up(dock, qtbot, "7")
    monkeypatch.setattr(Handler, "pause", 0.3)
    dock.job.button.click()
    assert dock.job.cancel.isVisibleTo(dock)
    dock.job.cancel.click()
    qtbot.waitUntil(lambda: not dock.runner.busy, timeout=30_000)
    assert not dock.workspace.viewer.layers
    assert "Cancelled" in dock.status.text()
    monkeypatch.setattr(Handler, "pause", 0.0)
    dock.job.button.click()
    qtbot.waitUntil(lambda: len(dock.workspace.viewer.layers) == 2, timeout=30_000)


def test_view_fetches_in_the_window(qtbot, monkeypatch):
    opened = []
    monkeypatch.setattr("napari.run", lambda: opened.append(napari.current_viewer()))
    assert main(["view", "portal:7"]) == 0
    (viewer,) = opened
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=30_000)
    docks = viewer.window.dock_widgets.values()
    assert any(isinstance(each, PortalWidget) for each in docks)
    viewer.close()
