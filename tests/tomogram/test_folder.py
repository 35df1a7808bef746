"""Which tomograms are in a folder, and which files are heatmaps of ours."""

import numpy as np
import pytest
from PIL import Image

from motorscope.errors import TomogramError
from motorscope.tomogram import (
    VoxelGrid,
    expand,
    find_tomograms,
    formats,
    heatmap_name,
    is_heatmap,
    natural_key,
    open_tomogram,
    write_heatmap,
    write_mrc,
)
from motorscope.tomogram.formats import format_by_name

GRID = VoxelGrid((4, 6, 5), (16.0,) * 3)
VOXELS = np.zeros(GRID.shape, np.float32)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tomograms"
    (folder / "cell").mkdir(parents=True)
    for number in range(3):
        picture = Image.fromarray(np.zeros((4, 4), np.uint8))
        picture.save(folder / "cell" / f"slice_{number:04}.png")
    for name in ("TS_10.mrc", "TS_2.rec", "TS_2.heatmap.mrc", "TS_10_heatmap.mrc"):
        write_mrc(folder / name, VOXELS, GRID)
    (folder / "picks.csv").write_text("nothing\n")
    return folder


def test_heatmap_of_ours_is_known_by_its_label_whatever_its_name(tmp_path):
    path = tmp_path / "result.mrc"
    write_heatmap(path, VOXELS, GRID)
    assert is_heatmap(path)
    assert open_tomogram(path).grid == GRID
    write_mrc(tmp_path / "tomogram.mrc", VOXELS, GRID)
    assert not is_heatmap(tmp_path / "tomogram.mrc")


def test_heatmap_without_a_label_is_known_by_its_name(folder, tmp_path):
    assert is_heatmap(folder / "TS_2.heatmap.mrc")
    assert is_heatmap(folder / heatmap_name("TS_10"))
    alone = tmp_path / "alone_heatmap.mrc"
    write_mrc(alone, VOXELS, GRID)
    assert not is_heatmap(alone)
    assert not is_heatmap(tmp_path / "absent.mrc")


def test_folder_is_in_the_order_of_its_names_and_without_heatmaps(folder):
    found = find_tomograms(folder)
    assert list(found.names.values()) == ["cell", "TS_2", "TS_10"]
    assert [path.name for path in found.maps] == ["TS_10_heatmap.mrc", "TS_2.heatmap.mrc"]


def test_files_and_folders_are_taken_as_a_person_names_them(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = folder.relative_to(tmp_path)
    found = expand([here / "TS_10.mrc", here / "TS_2.heatmap.mrc", here / "cell"])
    assert list(found.names) == [here / "TS_10.mrc", here / "cell"]
    assert found.maps == (here / "TS_2.heatmap.mrc",)
    assert list(expand([here]).names) == [here / "cell", here / "TS_2.rec", here / "TS_10.mrc"]
    assert list(expand([tmp_path / "absent.mrc"]).names) == [tmp_path / "absent.mrc"]


def test_each_file_of_a_folder_is_looked_at_once(folder, monkeypatch):
    looked_at = []

    def look(path, inside):
        looked_at.append(path)
        return format_by_name(path, inside)

    monkeypatch.setattr(formats, "format_by_name", look)
    expand([folder])
    inside = [path for path in looked_at if path != folder]
    assert sorted(inside) == sorted(path for path in folder.iterdir() if path.suffix != ".csv")


def test_what_may_not_be_looked_at_is_kept_for_whoever_opens_it_to_say_so(tmp_path):
    absurd = tmp_path / ("a" * 300 + ".mrc")
    assert list(expand([absurd]).names.values()) == ["a" * 300]


def test_name_with_a_raised_number_has_its_place():
    assert sorted(["b", "2²", "10", "²"], key=natural_key) == ["2²", "10", "b", "²"]


def test_folder_of_heatmaps_alone_says_so(tmp_path):
    write_heatmap(tmp_path / "one_heatmap.mrc", VOXELS, GRID)
    with pytest.raises(TomogramError, match="maps of motorscope and no tomograms"):
        find_tomograms(tmp_path)
