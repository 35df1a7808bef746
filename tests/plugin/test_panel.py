"""The real panel in a real viewer."""

import gc
import threading
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLineEdit

from motorscope.contract import Inventory, ModelRef
from motorscope.engine.handle import THREAD_NAME
from motorscope.network import Model
from motorscope.picks import read_picks
from motorscope.plugin.layers.kinds import HEATMAP, PICKS, TOMOGRAM, WHY
from motorscope.plugin.layers.source import find, identity, tomogram_from_layer
from motorscope.plugin.layers.tag import LayerTag
from motorscope.plugin.panel_widget import MotorscopeWidget
from motorscope.plugin.qt.dock import ENCODER, find_dock
from motorscope.plugin.review.controller import ReviewController

SHAPE = (64, 96, 80)
SPOT = (36, 44, 20)
SPACING = 16.0

_entered, _gate = threading.Event(), threading.Event()


@pytest.fixture
def panel(make_napari_viewer_proxy, qtbot, monkeypatch, spot_model, spot_option):
    """Return the panel in a dock, with the network of spots as its only model."""
    devices = (("auto", "Automatic"), ("cpu", "CPU"))
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory((spot_option,), devices),
    )
    viewer = make_napari_viewer_proxy()
    _, widget = viewer.window.add_plugin_dock_widget("napari-motorscope", "Motorscope")
    qtbot.waitUntil(lambda: not widget.runner.busy)
    widget.workspace.engine.models.put(spot_option.choice, spot_model)
    return viewer, widget


@pytest.fixture
def gate():
    """Return an event for which a gated network waits inside of its first window."""
    _entered.clear()
    _gate.clear()
    yield _gate
    _gate.set()


def add_spot(viewer, spot=SPOT, **options):
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[spot] = 255
    return viewer.add_image(data, name="tomo", projection_mode="none", **options)


def in_angstrom(**options):
    return {"scale": (SPACING,) * 3, "units": ("angstrom",) * 3} | options


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.runner.busy, timeout=60_000)


def gated(model, widget):
    """Put a network into the panel that waits at the gate."""

    class Gated(type(model.network)):
        def forward(self, x):
            _entered.set()
            assert _gate.wait(60)
            return super().forward(x)

    choice = ModelRef("gated")
    network = Gated()
    widget.workspace.engine.models.put(choice, Model(card=model.card, network=network))
    widget.workspace.offer(replace(widget.workspace.model, choice=choice))


def no_threads():
    return not any(each.name == THREAD_NAME for each in threading.enumerate())


def test_a_spot_goes_through_the_panel_to_its_place(panel, qtbot):
    viewer, widget = panel
    layer = add_spot(viewer)
    assert not widget.run.job.button.isEnabled()
    assert "how large a voxel" in widget.tomogram.hint.text()
    qtbot.keyClicks(widget.tomogram.spacing, f"{SPACING:g}")
    press(qtbot, widget.tomogram.set)
    assert widget.tomogram.hint.isHidden()
    truth = np.array(SPOT) * SPACING

    press(qtbot, widget.run.job.button)
    wait(qtbot, widget)
    heatmap = find(viewer.layers, HEATMAP, identity(layer))
    voxel = np.unravel_index(np.argmax(heatmap.data), heatmap.data.shape)
    assert np.array(heatmap.data_to_world(voxel)) == pytest.approx(truth, abs=4 * SPACING)
    points = find(viewer.layers, PICKS, identity(layer))
    assert np.array(points.data_to_world(points.data[0])) == pytest.approx(truth, abs=4 * SPACING)
    assert widget.detections.count.text() == "1 of 1 candidate"
    assert "found 1 motor to decide on, the best " in widget.status.text()
    assert "N goes to the next; searched in" in widget.status.text()

    press(qtbot, widget.encoder)
    encoder = find_dock(viewer, ENCODER)
    encoder.event(QShowEvent())  # this window is never shown
    assert widget.parentWidget() in encoder.window().tabifiedDockWidgets(encoder.parentWidget())
    qtbot.waitUntil(lambda: bool(encoder.encoder.facts))
    encoder.maps.stage.setCurrentIndex(1)
    assert "2 channels; voxels of 64 Å" in encoder.maps.facts.text()
    press(qtbot, encoder.maps.job.button)
    qtbot.waitUntil(lambda: len(encoder.channels.table) == 2, timeout=60_000)
    maps = encoder.encoder.layer
    values = np.asarray(maps.data, dtype=float)
    middle = np.argwhere(values > 0.99 * values.max()).mean(axis=0)
    assert np.array(maps.data_to_world(middle)) == pytest.approx(truth, abs=2 * SPACING)
    assert encoder.table.words.text() == "No picks are accepted: ranked by variance instead."

    rows = encoder.table.table
    rows.selectRow(1)
    assert encoder.encoder.shown == encoder.channels.table["channel"][1]
    widget.workspace.tomogram.review.go_to(0)
    press(qtbot, encoder.reasons.job.button)
    qtbot.waitUntil(lambda: "Motor 0" in encoder.reasons.words.text(), timeout=60_000)
    assert find(viewer.layers, WHY, identity(layer)).visible
    assert encoder.status.text() == ""


def test_threshold_acts_at_once_and_is_kept_per_tomogram(panel, qtbot):
    viewer, widget = panel
    layer = add_spot(viewer, **in_angstrom())
    press(qtbot, widget.run.job.button)
    wait(qtbot, widget)
    points = find(viewer.layers, PICKS, identity(layer))
    typed = widget.detections.threshold.findChild(QLineEdit)
    typed.selectAll()
    qtbot.keyClicks(typed, "0.95")
    qtbot.keyClick(typed, Qt.Key.Key_Return)
    assert not points.shown.any()
    assert widget.detections.count.text() == "0 of 1 candidate"
    assert widget.detections.slider.value() == pytest.approx(0.95)
    add_spot(viewer, **in_angstrom())
    assert widget.detections.count.text() == "no detection yet"
    widget.tomogram.choice.setCurrentIndex(0)
    assert widget.detections.threshold.value() == pytest.approx(0.95)
    histogram = widget.detections.histogram
    where = histogram.rect().center()
    qtbot.mouseClick(histogram, Qt.MouseButton.LeftButton, pos=where)
    assert widget.detections.threshold.value() == pytest.approx(0.5, abs=0.02)
    assert points.shown.all()
    histogram.set_scores(np.array([0.2, 1.0, 1.7, np.nan]))  # similarities can be above 1
    assert histogram.counts.sum() == 3
    assert histogram.counts[-1] == 2


def test_nothing_of_another_tomogram_is_shown_where_nothing_was_found(panel, qtbot):
    """Its histogram and its last sentence once stayed under the next tomogram's name."""
    viewer, widget = panel
    add_spot(viewer, **in_angstrom())
    press(qtbot, widget.run.job.button)
    wait(qtbot, widget)
    assert widget.detections.histogram.counts.any()
    assert widget.status.text()
    add_spot(viewer, **in_angstrom())
    assert not widget.detections.histogram.counts.any()
    assert not widget.status.text()
    widget.tomogram.choice.setCurrentIndex(0)
    assert widget.detections.histogram.counts.any()


def test_picks_are_saved_where_a_person_says(panel, qtbot, tmp_path, monkeypatch):
    viewer, widget = panel
    add_spot(viewer, **in_angstrom())
    press(qtbot, widget.run.job.button)
    wait(qtbot, widget)
    target = tmp_path / "motors.csv"
    monkeypatch.setattr(
        "motorscope.plugin.coordinates.save_widget.QFileDialog.getSaveFileName",
        lambda *_: (str(target), ""),
    )
    press(qtbot, widget.detections.save)
    table = read_picks(target)
    assert table["tomogram"].tolist() == ["tomo"]
    assert table.loc[0, ["z", "y", "x"]].tolist() == pytest.approx(SPOT, abs=4)
    assert "motors.csv" in widget.status.text()


def test_motors_of_the_sample_are_not_saved_in_the_cache(panel, monkeypatch, tmp_path):
    viewer, widget = panel
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    proposed = []
    monkeypatch.setattr(
        "motorscope.plugin.coordinates.save_widget.QFileDialog.getSaveFileName",
        lambda parent, title, path, kinds: (proposed.append(Path(path).parent), ("", ""))[1],
    )
    for folder in ("cache", "data"):
        path = tmp_path / folder / "tomo.mrc"
        layer = add_spot(viewer, metadata=LayerTag(TOMOGRAM, path=path).metadata, **in_angstrom())
        ReviewController.of(widget.workspace).begin(layer).add([[100.0, 100.0, 100.0]])
        widget.detections.save.click()
    assert proposed == [Path.home(), tmp_path / "data"]


def test_layers_that_cannot_be_searched_say_why(panel):
    viewer, widget = panel
    assert "Open a tomogram" in widget.tomogram.hint.text()
    viewer.add_image(np.zeros((2, 8, 8, 8)))
    assert "4 axes" in widget.tomogram.hint.text()
    assert not widget.run.job.button.isEnabled()
    add_spot(viewer, **in_angstrom())
    assert widget.tomogram.hint.isHidden()
    assert widget.run.job.button.isEnabled()


def test_scale_without_a_unit_is_proposed_and_not_believed(panel, qtbot):
    viewer, widget = panel
    layer = add_spot(viewer, scale=(13.1,) * 3)
    assert widget.tomogram.spacing.text() == "13.1"
    assert not widget.run.job.button.isEnabled()
    press(qtbot, widget.tomogram.set)
    assert widget.run.job.button.isEnabled()
    assert [str(unit) for unit in layer.units] == ["angstrom"] * 3


def test_nonsense_spacing_is_refused_with_a_notification(panel, qtbot):
    viewer, widget = panel
    layer = add_spot(viewer)
    notification_manager.records.clear()
    qtbot.keyClicks(widget.tomogram.spacing, "-3")
    press(qtbot, widget.tomogram.set)
    assert "positive" in widget.status.text()
    assert "positive" in notification_manager.records[-1].message
    assert tuple(layer.scale) == (1, 1, 1)
    widget.tomogram.spacing.clear()
    qtbot.keyClicks(widget.tomogram.spacing, "13.1 A")
    press(qtbot, widget.tomogram.set)
    assert tuple(layer.scale) == (13.1,) * 3
    assert widget.status.isHidden()  # the warning is out of date


def test_how_dense_things_look_is_kept_with_each_tomogram(panel):
    viewer, widget = panel
    first = add_spot(viewer, **in_angstrom())
    widget.tomogram.density.setCurrentText("bright")
    assert tomogram_from_layer(first).density == "bright"
    second = add_spot(viewer, **in_angstrom())
    widget.tomogram.choice.choose(identity(second))
    assert widget.tomogram.density.currentText() == "automatic"
    assert tomogram_from_layer(second).density is None
    widget.tomogram.choice.choose(identity(first))
    assert widget.tomogram.density.currentText() == "bright"


def test_run_can_be_cancelled_where_it_was_started(panel, qtbot, gate, spot_model):
    viewer, widget = panel
    layer = add_spot(viewer, **in_angstrom())
    gated(spot_model, widget)
    press(qtbot, widget.run.job.button)
    qtbot.waitUntil(_entered.is_set)
    press(qtbot, widget.run.job.cancel)
    gate.set()
    wait(qtbot, widget)
    assert widget.status.text() == "Cancelled."
    assert widget.run.job.button.isEnabled()
    assert find(viewer.layers, PICKS, identity(layer)) is None


def test_error_of_the_network_is_shown_and_the_panel_goes_on(panel, qtbot, spot_model):
    viewer, widget = panel
    add_spot(viewer, **in_angstrom())

    class Broken(type(spot_model.network)):
        def forward(self, x):
            raise RuntimeError("a layer is broken")

    choice = ModelRef("broken")
    widget.workspace.engine.models.put(choice, Model(card=spot_model.card, network=Broken()))
    widget.workspace.offer(replace(widget.workspace.model, choice=choice))
    press(qtbot, widget.run.job.button)
    wait(qtbot, widget)
    assert "a layer is broken" in widget.status.text()
    assert widget.run.job.button.isEnabled()


def test_removing_the_tomogram_ends_its_run(panel, qtbot, gate, spot_model, monkeypatch):
    viewer, widget = panel
    layer = add_spot(viewer, **in_angstrom())
    gated(spot_model, widget)
    press(qtbot, widget.run.job.button)
    qtbot.waitUntil(_entered.is_set)
    with monkeypatch.context() as patched:
        asked = []
        patched.setattr(widget.runner, "cancel", lambda: asked.append(True))
        viewer.layers.remove(layer)
        assert asked  # at once, while the network is in its first window
    widget.runner.cancel()
    gate.set()
    wait(qtbot, widget)
    assert find(viewer.layers, PICKS, identity(layer)) is None


def test_closing_the_dock_in_mid_run_ends_it(panel, qtbot, gate, spot_model):
    viewer, widget = panel
    layer = add_spot(viewer, **in_angstrom())
    gated(spot_model, widget)
    press(qtbot, widget.run.job.button)
    qtbot.waitUntil(_entered.is_set)
    viewer.window.remove_dock_widget(widget)
    gate.set()
    qtbot.waitUntil(no_threads)
    wait(qtbot, widget)
    viewer.layers.remove(layer)
    assert find(viewer.layers, PICKS, identity(layer)) is None


def test_closing_the_viewer_in_mid_run_leaves_nothing(panel, qtbot, gate, spot_model):
    viewer, widget = panel
    add_spot(viewer, **in_angstrom())
    gated(spot_model, widget)
    press(qtbot, widget.run.job.button)
    qtbot.waitUntil(_entered.is_set)
    viewer.close()
    gate.set()
    qtbot.waitUntil(no_threads)


def test_closed_panel_is_collected(make_napari_viewer_proxy, qtbot, monkeypatch):
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory", lambda default: Inventory((), ())
    )
    viewer = make_napari_viewer_proxy()
    panels = [MotorscopeWidget(viewer)]
    qtbot.waitUntil(lambda: not panels[0].runner.busy)
    viewer.window.add_dock_widget(panels[0])
    workspace = weakref.ref(panels[0].workspace)
    viewer.window.remove_dock_widget(panels[0])
    panels.pop().deleteLater()
    qtbot.wait(50)
    gc.collect()
    assert workspace() is None


def test_models_without_weights_ask_for_them(panel, qtbot, monkeypatch, tmp_path):
    viewer, widget = panel
    add_spot(viewer, **in_angstrom())
    asked = []
    monkeypatch.setattr(
        "motorscope.plugin.detect.model_widget.QFileDialog.getOpenFileName",
        lambda *_: (asked.append(1), ("", ""))[1],
    )
    bare = replace(widget.workspace.model, choice=ModelRef("byu2025-1st"), ready=False)
    widget.workspace.offer(bare)
    assert not widget.run.job.button.isEnabled()
    assert "weights" in widget.model.card.text()
    widget.model.choice.activated.emit(1)  # by a key of the list, too: so no dialog
    assert not asked
    qtbot.mouseClick(widget.model.open, Qt.MouseButton.LeftButton)
    assert asked
    nowhere = tmp_path / "absent.pt"
    widget.model.open_file(nowhere)
    wait(qtbot, widget)
    assert "absent.pt" in widget.status.text()


def test_flips_follow_the_model_until_a_person_says_otherwise(panel, qtbot, looks):
    viewer, widget = panel
    add_spot(viewer, **in_angstrom())
    flips, plain = widget.run.flips, widget.workspace.model
    assert not flips.isChecked()
    assert "'spots' was measured without" in flips.toolTip()
    flips.click()
    assert "slightly different" in flips.toolTip()
    widget.workspace.offer(plain)  # the same one again
    assert flips.isChecked()

    model, seen = looks
    flipped = replace(plain, choice=ModelRef("flipped"), card=model.card)
    widget.workspace.engine.models.put(flipped.choice, model)
    widget.workspace.offer(flipped)
    assert flips.isChecked()
    assert "'flipped' was measured with it" in flips.toolTip()
    assert "slightly different" not in flips.toolTip()
    press(qtbot, widget.run.job.button)
    wait(qtbot, widget)
    averaged = len(seen)
    flips.click()
    assert "slightly different" in flips.toolTip()
    press(qtbot, widget.run.job.button)
    wait(qtbot, widget)
    # Each look begins with a pass over the smallest block, which counts the layers.
    assert (averaged, len(seen) - averaged) == ((1 + 1) + (1 + 3), 1 + 1)

    widget.model.choose("spots")
    assert not flips.isChecked()
    widget.model.choose("flipped")
    assert flips.isChecked()


def test_panel_fits_a_small_screen(panel):
    _, widget = panel
    assert widget.minimumSizeHint().width() <= 400
    assert widget.minimumSizeHint().height() <= 500
