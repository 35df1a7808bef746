"""What is saved lies where it was shown."""

import threading

import numpy as np
import pytest

from motorscope.contract import run_to_end
from motorscope.plugin.encoder.channels.controller import ChannelsController
from motorscope.plugin.encoder.save.saving import caption, savable, save_figure, save_table
from motorscope.tomogram import is_map, open_tomogram


def test_a_shown_map_is_saved_in_its_place(encoder, tmp_path):
    encoder.choose_stage("layer1")
    encoder.compute()
    encoder.show(1)
    first, *_, everything = savable(encoder)
    assert first.words == "layer1, channel 1 of tomo"
    path = tmp_path / "map.mrc"
    assert run_to_end(first.save(path, threading.Event())).endswith("saved in map.mrc.")
    again = open_tomogram(path)
    stage = encoder.open_stage
    np.testing.assert_allclose(again.data, stage.maps[1].astype(np.float32))
    assert again.grid.spacing == pytest.approx(stage.grid.spacing)
    assert again.grid.origin == pytest.approx(stage.grid.origin)
    assert is_map(path)
    assert everything.words.startswith("layer1, all ")
    assert everything.read() is stage.maps


def test_colors_are_saved_as_three_maps(encoder, tmp_path):
    encoder.compute()
    encoder.show("pca")
    colors = savable(encoder)[0]
    assert colors.names == ("red", "green", "blue")
    assert colors.read().shape == (3, *encoder.open_stage.grid.shape)


def test_table_and_figure(encoder, runner, tmp_path):
    channels = ChannelsController(encoder, lambda: runner)
    encoder.compute()
    words = save_table(channels.table, tmp_path / "c.csv")
    assert words == f"{len(channels.table)} channels saved in c.csv."
    assert (tmp_path / "c.csv").read_text().startswith("channel,auc")
    encoder.show(0)
    lines = caption(encoder)
    assert lines[0].startswith("tomo, slice z = ")
    assert lines[1].startswith(f"{encoder.stage}, channel 0 of tomo; from ")
    assert lines[-1].startswith("model spots")
    save_figure(encoder, np.zeros((60, 300, 3), np.uint8), 1.0, tmp_path / "f.svg")
    assert " nm<" in (tmp_path / "f.svg").read_text()
    channels.close()
