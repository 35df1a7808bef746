"""Files become layers; what is no tomogram is left to others."""

import gzip

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image as Picture

from motorscope.errors import TomogramError
from motorscope.plugin.document import Tomograms
from motorscope.plugin.layers.source import (
    is_source,
    path_of,
    spacing_of,
    tomogram_from_layer,
    tomogram_name,
)
from motorscope.plugin.manifest import get_reader, sample_layers
from motorscope.plugin.review.controller import ReviewController
from motorscope.tomogram import VoxelGrid, write_heatmap, write_mrc

GRID = VoxelGrid(shape=(4, 6, 8), spacing=(13.1, 13.1, 20.0), origin=(5.0, 10.0, -15.0))


@pytest.fixture
def mrc(tmp_path):
    path = tmp_path / "tomo.mrc"
    write_mrc(path, np.arange(4 * 6 * 8, dtype=np.float32).reshape(4, 6, 8), GRID)
    return path


def open_layers(path):
    reader = get_reader(path)
    assert reader is not None
    viewer = ViewerModel()
    for data, arguments, kind in reader(path):
        assert kind == "image"
        viewer.add_image(data, **arguments)
    return list(viewer.layers)


def test_layer_gives_back_the_tomogram_that_was_read(mrc):
    (layer,) = open_layers(str(mrc))
    tomogram = tomogram_from_layer(layer)
    assert tomogram.name == "tomo"
    assert tomogram.path == mrc
    assert tomogram.grid.shape == GRID.shape
    assert tomogram.grid.spacing == pytest.approx(GRID.spacing, abs=1e-4)
    assert tomogram.grid.origin == pytest.approx(GRID.origin, abs=1e-3)
    assert np.asarray(tomogram.data[1, 2, 3]) == 1 * 48 + 2 * 8 + 3


@pytest.mark.parametrize("name", ["tomo.heatmap.mrc", "renamed.mrc"])
def test_our_heatmap_is_no_tomogram(name, tmp_path):
    values = np.zeros(GRID.shape, np.float32)
    values[1, 2, 3] = 0.75
    write_heatmap(tmp_path / name, values, GRID)
    (layer,) = open_layers(str(tmp_path / name))
    assert not is_source(layer)
    assert layer.blending == "additive"
    assert float(np.asarray(layer.data[1, 2, 3])) == pytest.approx(0.75, abs=1e-3)
    assert tuple(layer.scale) == pytest.approx(GRID.spacing, abs=1e-4)
    assert tuple(layer.translate) == pytest.approx(GRID.origin, abs=1e-3)


def test_packed_files_and_lists_of_files_are_read(mrc):
    packed = mrc.parent / "packed.mrc.gz"
    packed.write_bytes(gzip.compress(mrc.read_bytes()))
    layers = open_layers([str(mrc), str(packed)])
    assert [tomogram_name(layer) for layer in layers] == ["tomo", "packed"]


def test_folder_of_slices_is_read_and_its_spacing_is_unknown(tmp_path):
    folder = tmp_path / "tomo_1"
    folder.mkdir()
    for index in range(3):
        picture = Picture.fromarray(np.full((5, 7), index, dtype=np.uint8))
        picture.save(folder / f"slice_{index:04d}.png")
    (layer,) = open_layers(str(folder))
    assert spacing_of(layer) is None
    assert layer.data.shape == (3, 5, 7)
    assert path_of(layer) == folder


@pytest.mark.parametrize("content", [b"", b"no tomogram at all", bytes(2000)])
def test_other_files_are_left_to_other_readers(tmp_path, content):
    path = tmp_path / "file.tif"
    path.write_bytes(content)
    assert get_reader(str(path)) is None


@pytest.mark.parametrize("name", ["file.mrc", "file.rec.gz", "file.st.bz2"])
def test_damaged_tomogram_is_ours_to_explain(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"cut short")
    reader = get_reader(str(path))
    with pytest.raises(TomogramError, match=name):
        reader(str(path))


@pytest.mark.parametrize("path", [[], "absent.mrc", "http://example.org/a.mrc", ""])
def test_reader_never_raises(path):
    assert get_reader(path) is None


def test_folder_of_something_else_is_left_to_others(tmp_path):
    assert get_reader(str(tmp_path)) is None
    (tmp_path / "notes.txt").write_text("hello")
    assert get_reader(str(tmp_path)) is None


def test_sample_is_a_layer(mrc, monkeypatch):
    monkeypatch.setattr("motorscope.simulation.sample_tomogram_path", lambda: mrc)
    ((_data, arguments, kind),) = sample_layers()
    assert kind == "image"
    assert arguments["name"] == "simulated bacterium"


def test_sample_begins_afresh_each_time_but_for_one_that_is_open(mrc, monkeypatch):
    monkeypatch.setattr("motorscope.simulation.sample_tomogram_path", lambda: mrc)
    viewer = ViewerModel()
    ((data, arguments, _),) = sample_layers()
    desk = ReviewController(Tomograms(viewer))
    review = desk.begin(viewer.add_image(data, **arguments))
    review.add([[64.0, 64.0, 64.0]])
    path = review.journal.path
    sample_layers()
    assert path.exists()  # the window with it is open
    desk.close()
    sample_layers()
    assert not path.exists()
