"""What is shown of the encoder, where, and what becomes of it."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from motorscope.contract import Architecture, ModelRef
from motorscope.network import build_network
from motorscope.plugin.encoder.controller import EncoderController
from motorscope.plugin.layers.kinds import COLORS, FEATURES
from motorscope.plugin.layers.source import find, identity
from motorscope.plugin.layers.tag import kind_of
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import IN_VIEW


def features_of(viewer):
    return [layer for layer in viewer.layers if kind_of(layer) is FEATURES]


@pytest.mark.parametrize("stage", ["stem", "layer1", "layer2", "decoder1", "logits"])
def test_a_map_lies_on_what_it_answers_to(encoder, viewer, stage):
    encoder.choose_stage(stage)
    encoder.compute()
    layer = encoder.layer
    assert layer.name == f"{stage}, channel 0 of tomo"
    assert layer.units == viewer.layers[0].units
    spec = encoder.open_stage.spec
    assert np.allclose(layer.scale, 16.0 * spec.stride)
    if stage in ("stem", "layer1"):  # deeper ones have voxels as large as the spot's surroundings
        values = np.asarray(layer.data, dtype=float)
        middle = np.argwhere(values > 0.99 * values.max()).mean(axis=0)
        spot = viewer.layers[0].data_to_world((12, 36, 20))
        assert np.array(layer.data_to_world(middle)) == pytest.approx(np.array(spot), abs=40)


def test_stages_are_described_before_they_are_computed(empty_cache, encoder):
    names = [fact.spec.name for fact in encoder.facts]
    assert names == ["stem", "layer1", "layer2", "layer3", "layer4", "decoder1", "logits"]
    assert encoder.stage == "layer2"
    assert encoder.fact.spacing == (128.0,) * 3
    assert not encoder.fact.kept
    encoder.compute()
    assert encoder.fact.kept


def test_another_stage_has_a_layer_of_its_own_and_the_way_back_is_instant(encoder, viewer, runner):
    encoder.compute()
    encoder.choose_stage("stem")
    encoder.compute()
    second, first = features_of(viewer)
    assert [layer.visible for layer in (first, second)] == [False, True]
    runner.held = True  # nothing is asked for
    began = time.monotonic()
    encoder.choose_stage("layer2")
    assert time.monotonic() - began < 0.3
    assert [layer.visible for layer in (first, second)] == [True, False]
    assert not encoder.opening.busy


def test_a_stage_that_is_on_disk_is_shown_without_being_asked_for(
    encoder, workspace, viewer, runner
):
    encoder.compute()
    again = type(encoder)(workspace, lambda: runner)
    assert again.open_stage is not None
    again.close()


def test_the_old_map_is_dimmed_while_the_new_one_is_computed(encoder, viewer, runner):
    encoder.compute()
    (layer,) = features_of(viewer)
    bright = layer.opacity
    runner.held = True
    encoder.show("mean")
    assert layer.opacity < bright
    assert layer.visible
    runner.let_go()
    assert layer.opacity == bright
    assert layer.name == "layer2, mean of all channels of tomo"
    assert np.allclose(layer.data, np.asarray(encoder.open_stage.maps, np.float32).mean(axis=0))


def test_an_answer_that_comes_too_late_is_dropped(empty_cache, encoder, workspace, viewer, runner):
    runner.held = True
    encoder.compute()
    encoder.choose_stage("stem")
    runner.let_go()
    assert not features_of(viewer)
    runner.held = True
    encoder.compute()
    viewer.layers.remove(workspace.layer)
    runner.let_go()
    assert not features_of(viewer)
    assert encoder.network.problem


def test_contrast_is_kept_for_each_channel(encoder, viewer):
    encoder.compute()
    (layer,) = features_of(viewer)
    mine = tuple(0.5 * value for value in layer.contrast_limits)
    layer.contrast_limits = mine
    encoder.show(1)
    assert tuple(layer.contrast_limits) != mine
    encoder.show(0)
    assert tuple(layer.contrast_limits) == pytest.approx(mine)


def test_a_kept_map_stays_beside_the_next_one(encoder, viewer):
    encoder.compute()
    encoder.keep()
    encoder.show(1)
    new, kept = features_of(viewer)
    assert kept.visible
    assert new.visible
    assert kept.colormap.name != new.colormap.name
    encoder.choose_stage("stem")
    encoder.compute()
    assert kept.visible
    assert not new.visible


def test_components_are_one_layer_in_color_and_say_what_they_explain(encoder, viewer, workspace):
    encoder.compute()
    encoder.show("pca")
    layer = find(viewer.layers, COLORS, identity(workspace.layer))
    assert layer.rgb
    assert layer.data.shape == (*encoder.open_stage.grid.shape, 3)
    assert encoder.pictures.known(encoder.open_stage, "pca").own
    assert sum(encoder.pictures.known(encoder.open_stage, "pca").explained) <= 1 + 1e-6
    assert not features_of(viewer)[0].visible
    encoder.show(0)
    assert features_of(viewer)[0].visible
    assert not layer.visible


def test_maps_go_with_their_tomogram_and_its_spacing(encoder, viewer, workspace):
    encoder.compute()
    ReviewController.of(workspace).set_spacing(workspace.layer, (20.0, 20.0, 20.0))
    assert not features_of(viewer)
    assert encoder.open_stage is None
    encoder.compute()
    viewer.layers.remove(workspace.layer)
    assert not features_of(viewer)


def test_only_what_is_in_view_can_be_computed(encoder, viewer):
    encoder.choose_region(IN_VIEW)
    viewer.canvas.size = (200, 200)
    viewer.scene.camera.zoom = 200 / 300.0
    viewer.scene.camera.center = (300.0, 300.0, 300.0)
    encoder.compute()
    (layer,) = features_of(viewer)
    assert np.prod(layer.data.shape) < np.prod(encoder.fact.shape)


def test_an_error_is_said_and_the_map_is_bright_again(empty_cache, encoder, viewer, monkeypatch):
    said = []
    encoder.failed.connect(said.append)
    encoder.compute()
    (layer,) = features_of(viewer)
    bright = layer.opacity
    monkeypatch.setenv("MOTORSCOPE_CACHE_GB", "0")
    encoder.choose_stage("stem")
    encoder.compute()
    assert "MOTORSCOPE_CACHE_GB" in said[-1]
    assert layer.opacity == bright


def test_a_map_leaves_the_view_where_it_is(encoder, viewer):
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0.0, 300.0, 200.0), 2.5
    point = viewer.dims.point
    encoder.compute()
    assert viewer.scene.camera.center == (0, 300, 200)
    assert viewer.scene.camera.zoom == 2.5
    assert viewer.dims.point == point


def test_a_stage_can_be_asked_for_by_its_number_before_the_stages_are_known(workspace, runner):
    runner.held = True
    encoder = EncoderController(workspace, lambda: runner)
    ended = []
    encoder.finished.connect(ended.append)
    encoder.open_number(1)
    runner.let_go()
    assert ended == [True]
    assert encoder.open_stage.spec.name == "layer1"
    encoder.close()


@pytest.fixture
def bare(tmp_path):
    path = tmp_path / "kinetics.pt"
    encoder = build_network(Architecture(base_width=4, decoder_channels=(8,))).encoder
    torch.save({"state_dict": encoder.state_dict()}, path)
    return str(path)


def test_an_encoder_alone_can_be_looked_into(encoder, workspace, bare, spot_model):
    before = workspace.model
    encoder.network.open_file(bare)
    assert encoder.network.bare is not None
    assert not encoder.network.bare.detects
    assert workspace.model is before, "it detects nothing"
    assert [fact.spec.name for fact in encoder.facts][-1] == "layer4"
    encoder.choose_stage("layer1")
    encoder.compute()
    assert encoder.open_stage.spec.channels == 4
    encoder.show("pca")
    assert encoder.pictures.known(encoder.open_stage, "pca") is not None
    workspace.engine.models.put(before.choice, spot_model)  # no file has it
    encoder.network.choose(before)
    assert encoder.network.bare is None
    assert [fact.spec.name for fact in encoder.facts][-1] == "logits"
    encoder.network.choose(encoder.network.options[-1])
    assert encoder.network.bare is not None


def test_a_detector_that_is_chosen_in_the_panel_is_looked_into(encoder, workspace, bare):
    encoder.network.open_file(bare)
    workspace.offer(replace(workspace.model, choice=ModelRef("other")))
    assert encoder.network.bare is None
