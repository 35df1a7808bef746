"""The encoder's dock in a real viewer."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from qtpy.QtWidgets import QFileDialog

from motorscope.contract import Inventory, ModelRef
from motorscope.picks import PickTable
from motorscope.plugin.qt.dock import ENCODER, show_dock
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import intake

SPOT = (12, 36, 20)


@pytest.fixture
def dock(make_napari_viewer_proxy, qtbot, monkeypatch, tmp_path, spot_model, spot_option):
    """Return the dock over a tomogram with a spot, whose current pick is there."""
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    twin = replace(spot_option, choice=ModelRef("twin"))
    monkeypatch.setattr(
        "motorscope.engine.models.take_inventory",
        lambda default: Inventory((spot_option, twin), (("cpu", "CPU"),)),
    )
    viewer = make_napari_viewer_proxy()
    data = np.zeros((32, 64, 64), np.uint8)
    data[SPOT] = 255
    layer = viewer.add_image(data, scale=(16.0,) * 3, units=("angstrom",) * 3, name="tomo")
    widget = show_dock(viewer, ENCODER)
    models = dict.fromkeys((spot_option.choice, twin.choice), spot_model)
    widget.workspace.engine.models.load_any = models.__getitem__
    qtbot.waitUntil(lambda: bool(widget.encoder.facts))
    review = ReviewController.of(widget.workspace).begin(layer)
    intake.take_in(review, PickTable.from_positions(review.grid.to_world([SPOT]), 0.9), 100.0)
    review.go_to(0)
    return widget


def test_from_a_stage_to_effects_a_second_model_and_files(dock, qtbot, tmp_path, monkeypatch):
    paths = iter(("map", "table.csv", "figure.svg", "figure.png"))

    def ask(_, title, folder, kinds):
        return str(tmp_path / next(paths)), kinds.split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    assert [dock.maps.model.itemText(row) for row in range(2)] == ["spots", "twin"]
    assert not dock.saving.buttons["Map…"].isEnabled()
    assert not dock.table.job.button.isEnabled()
    dock.maps.job.button.click()
    qtbot.waitUntil(lambda: len(dock.channels.table) > 0 and "percentile" in dock.channels.table)

    dock.table.job.button.click()
    qtbot.waitUntil(lambda: dock.channels.effects is not None)
    assert dock.table.words.text().startswith("Score of this motor")
    assert dock.encoder.shown == int(dock.channels.effects.effect_logit.argmax())

    assert dock.versus.other.currentText() == "twin"
    dock.versus.stage.button.click()
    qtbot.waitUntil(lambda: bool(dock.second.words))
    assert dock.versus.beside.isChecked()
    dock.versus.beside.click()
    assert not dock.workspace.viewer.canvas.grid.enabled

    for button in ("Map…", "Table…", "Figure…", "Figure…"):
        dock.saving.buttons[button].click()
    qtbot.waitUntil(lambda: (tmp_path / "map.mrc").exists())
    assert (tmp_path / "table.csv").read_text().startswith("channel,auc")
    assert "</svg>" in (tmp_path / "figure.svg").read_text()
    with Image.open(tmp_path / "figure.png") as image:
        assert "tomo, slice z" in image.text["Description"]
    qtbot.waitUntil(lambda: not any(q.busy for q in (dock.second.looking, dock.encoder.overview)))
