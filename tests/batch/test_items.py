"""What a person names becomes a list of tomograms, each with an id of its own."""

import numpy as np
import pytest

from motorscope.batch.errors import BatchError
from motorscope.batch.items import labels, list_items
from motorscope.errors import TomogramError
from motorscope.tomogram import VoxelGrid, write_heatmap, write_mrc


@pytest.fixture
def folder(tmp_path):
    data = np.zeros((4, 4, 4), np.int8)
    grid = VoxelGrid(data.shape, (16.0,) * 3)
    for place in ("one/a.mrc", "one/b10.mrc", "one/b2.mrc", "two/a.mrc"):
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        write_mrc(path, data, grid)
    write_heatmap(tmp_path / "one" / "a_heatmap.mrc", data, grid)
    return tmp_path


def test_folder_list_and_pattern_name_the_same_tomograms(folder):
    listed = list_items([str(folder / "one")])
    assert [item.name for item in listed.items] == ["a", "b2", "b10"]
    assert listed.maps == 1
    (folder / "list.txt").write_text("# mine\none/b10.mrc\none/a.mrc\n\none/b2.mrc\n")
    assert list_items([str(folder / "list.txt")]).items == listed.items
    assert list_items([str(folder / "o*" / "[ab]*.mrc")]) == listed
    assert list_items([str(folder / "one"), str(folder / "one" / "a.mrc")]) == listed
    assert all(item.size > 1000 and item.modified > 0 for item in listed.items)


def test_same_names_keep_their_own_ids_whatever_else_is_listed(folder):
    (first,) = list_items([str(folder / "one" / "a.mrc")]).items
    both = list_items([str(folder / "*" / "a.mrc")]).items
    assert len({item.id for item in both}) == 2
    assert first.id in {item.id for item in both}


def test_labels_are_as_long_as_they_must_be():
    paths = ["/d/one/x/a.mrc", "/d/two/x/a.mrc", "/d/two/x/b.mrc", "/d/c.mrc", "/d/c.tif"]
    pairs = [(path.rsplit("/", 1)[1].split(".")[0], path) for path in paths]
    assert labels(pairs) == ["one/x/a", "two/x/a", "b", "/d/c.mrc", "/d/c.tif"]
    assert labels([]) == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("*.nothing", "No file matches"),
        ("empty", "holds no tomograms"),
        ("no-such-folder", "no-such-folder does not exist; check the name"),
    ],
)
def test_nothing_to_look_at_is_said_in_a_sentence(tmp_path, source, says):
    (tmp_path / "empty").mkdir()
    with pytest.raises((BatchError, TomogramError), match=says):
        list_items([str(tmp_path / source)])


def test_what_a_list_names_may_be_missing(tmp_path):
    (tmp_path / "a.lst").write_text("gone.mrc\n")
    (item,) = list_items([str(tmp_path / "a.lst")]).items
    assert item.path == str(tmp_path / "gone.mrc")
