import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from motorscope.errors import SpacingError, TomogramError
from motorscope.tomogram import VoxelGrid, can_open, formats, open_tomogram, write_mrc

VOLUME = np.random.default_rng(0).normal(0, 20, (4, 5, 6)).astype(np.float32)
GRID = VoxelGrid((4, 5, 6), (13.1, 13.1, 13.1))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("tomo_01.mrc", "tomo_01"),
        ("TS.3.rec", "TS.3"),
        ("a b.MAP", "a b"),
        ("stack.st", "stack"),
        ("état.Mrc", "état"),
    ],
)
def test_names(tmp_path, name, stem):
    path = tmp_path / name
    write_mrc(path, VOLUME, GRID)
    assert can_open(path)
    for given in (path, str(path)):
        tomogram = open_tomogram(given)
        assert tomogram.name == stem
        assert tomogram.path == path


def test_the_name_of_a_folder_given_as_a_dot(tmp_path, monkeypatch):
    folder = tmp_path / "tomo_00e047"
    folder.mkdir()
    for number in range(3):
        Image.new("L", (4, 5), number).save(folder / f"slice_{number:04d}.png")
    monkeypatch.chdir(folder)
    assert open_tomogram(".").name == "tomo_00e047"


def test_a_link_keeps_its_own_name(tmp_path):
    write_mrc(tmp_path / "raw_0815.mrc", VOLUME, GRID)
    link = tmp_path / "tomo_01.mrc"
    link.symlink_to("raw_0815.mrc")
    assert open_tomogram(link).name == "tomo_01"


@pytest.mark.parametrize(
    ("spacing", "wanted"), [(10, (10.0, 10.0, 10.0)), ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0))]
)
def test_a_given_spacing_wins(tmp_path, spacing, wanted):
    path = tmp_path / "t.mrc"
    write_mrc(path, VOLUME, GRID)
    assert open_tomogram(path, spacing=spacing).grid.spacing == wanted


def test_a_given_spacing_must_make_sense(tmp_path):
    path = tmp_path / "t.mrc"
    write_mrc(path, VOLUME, GRID)
    with pytest.raises(SpacingError):
        open_tomogram(path, spacing=0)


def test_wrapped_bytes_are_mended(tmp_path):
    path = tmp_path / "t.mrc"
    truth = np.random.default_rng(0).normal(120, 25, (8, 60, 70)).clip(0, 255).astype(np.uint8)
    write_mrc(path, truth.view(np.int8), VoxelGrid(truth.shape, (10.0,) * 3))
    tomogram = open_tomogram(path)
    np.testing.assert_array_equal(tomogram.data, truth)
    assert isinstance(tomogram.data, np.memmap)


def refused(path, message):
    with pytest.raises(TomogramError, match=message) as caught:
        open_tomogram(path)
    assert Path(path).name in str(caught.value)


@pytest.mark.parametrize("name", ["t.mrc", "t.mrc.gz", "t.tif", "t.hdf", "t", "slice_0000.jpg"])
def test_a_missing_file(tmp_path, name):
    assert not can_open(tmp_path / name)
    refused(tmp_path / name, "does not exist")


@pytest.mark.parametrize("name", ["t.hdf", "t", "t.gz", "t.tif.gz", "t.mrc.zip", ".mrc"])
def test_an_unknown_format(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"0" * 2000)
    assert not can_open(path)
    refused(path, r"no known format; give \.mrc \.rec")


def test_a_single_slice(tmp_path):
    path = tmp_path / "slice_0000.jpg"
    Image.new("L", (4, 5)).save(path)
    assert not can_open(path)
    refused(path, "open the folder")


def test_a_folder_that_is_called_like_a_file(tmp_path):
    folder = tmp_path / "t.mrc"
    folder.mkdir()
    assert not can_open(folder)
    refused(folder, "no numbered slices")


@pytest.mark.parametrize("content", [b"", b"text", bytes(2000)])
def test_damaged_mrc_files_are_ours_to_explain(tmp_path, content):
    path = tmp_path / "t.mrc"
    path.write_bytes(content)
    assert can_open(path)


@pytest.fixture
def without_rights():
    """Be somebody who is not root for a while."""
    if os.name == "posix" and os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
@pytest.mark.parametrize("name", ["t.mrc", "t.mrc.gz", "t.tif", "t"])
@pytest.mark.parametrize("locked", ["file", "folder"])
def test_no_permission(tmp_path_factory, request, name, locked):
    folder = tmp_path_factory.mktemp("locked")
    path = folder / name
    if name == "t":
        path.mkdir()
    else:
        path.write_bytes(b"0" * 2000)
    (path if locked == "file" else folder).chmod(0)
    request.getfixturevalue("without_rights")
    refused(path, "may not be read; ask")
    assert can_open(path) in (True, False)


def test_another_failure_of_the_disk(tmp_path, monkeypatch):
    path = tmp_path / "t.mrc"
    path.write_bytes(b"0" * 2000)

    def broken(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(formats, "FORMATS", (replace(formats.MRC, read=broken),))
    refused(path, "Input/output error")
