"""Two models on one tomogram."""

from dataclasses import replace

import pytest

from motorscope.contract import ModelRef
from motorscope.errors import ModelError
from motorscope.plugin.encoder.questions.second_model import MODELS, SecondModelController
from motorscope.plugin.layers.kinds import BESIDE, COLORS, COMPARISON, DIFFERENCE


@pytest.fixture
def second(encoder, runner, workspace, spot_option, spot_model):
    made = SecondModelController(encoder, lambda: runner)
    assert made.other is None
    with pytest.raises(ModelError, match="which model"):
        made.compare_stage()
    models = {spot_option.choice: spot_model, ModelRef("twin"): spot_model}
    workspace.engine.models.load_any = models.__getitem__
    workspace.add(replace(spot_option, choice=ModelRef("twin")))
    yield made
    made.close()


def test_detections_of_both_become_layers(second, workspace):
    second.compare_detections()
    tomogram = workspace.tomogram
    first, other = (tomogram.layer_of(BESIDE, part) for part in ("first", "second"))
    difference = tomogram.layer_of(DIFFERENCE)
    assert (first.data == other.data).all()
    assert not difference.data.any()
    assert tomogram.layer_of(COMPARISON, MODELS) is not None
    assert second.words.startswith("Both find 1, only spots 0 (orange), only twin 0 (blue)")
    count = len(workspace.viewer.layers)
    second.compare_detections()
    assert len(workspace.viewer.layers) == count


def test_a_stage_of_both_is_in_the_same_colors(second, workspace, encoder):
    second.compare_stage()
    stage = f"{encoder.stage}"
    layers = [
        workspace.tomogram.layer_of(COLORS, f"{stage}{w} compared kept") for w in ("", " other")
    ]
    assert (layers[0].data == layers[1].data).all()
    assert "red 100%" in second.words
    assert second.side_by_side
    second.show_side_by_side(False)
    assert [layer.visible for layer in layers] == [True, False]


def test_side_by_side_and_back(second, workspace):
    viewer = workspace.viewer
    second.show_side_by_side(True)
    assert not second.side_by_side, "nothing was compared yet"
    second.compare_detections()
    before = [(layer, layer.visible) for layer in viewer.layers]
    second.show_side_by_side(True)
    assert viewer.canvas.grid.enabled
    shown = [layer for layer in viewer.layers if layer.visible]
    assert len(shown) == 6, "three maps, each over the tomogram"
    assert shown[0].data is workspace.layer.data
    assert len(list(workspace.tomograms)) == 1, "a copy is no other tomogram"
    second.show_side_by_side(False)
    assert not viewer.canvas.grid.enabled
    assert [(layer, layer.visible) for layer in viewer.layers] == before


def test_the_chosen_model_is_none_to_compare_with(second, workspace):
    assert second.other.label == "twin"
    workspace.model = second.other
    assert second.other.label == "spots"


def test_files_of_one_name_are_told_apart_and_side_by_side(second, encoder, workspace, spot_option):
    choice = spot_option.choice
    models = workspace.engine.models.load_any.__self__
    for folder in ("a", "b"):
        models[ModelRef(f"/{folder}/best.pt")] = models[choice]
        workspace.add(replace(spot_option, choice=ModelRef(f"/{folder}/best.pt")))
    workspace.model, other = workspace.options[-2:]
    second.choose(other)
    second.compare_detections()
    assert second.words.startswith("Both find 1, only a/best.pt (file) 0 (orange), only b/best.pt")
    assert second.comparable
    second.compare_stage()
    assert second.side_by_side
    assert second.words.startswith(f"{encoder.stage} of both in the colors of a/best.pt (file).")
