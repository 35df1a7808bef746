"""A format that is added to the registry is known everywhere: nothing else keeps a list."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from motorscope.cli import main
from motorscope.errors import TomogramError
from motorscope.tomogram import (
    Tomogram,
    VoxelGrid,
    can_open,
    find_tomograms,
    formats,
    is_map,
    open_tomogram,
    write_heatmap,
    write_volume,
)
from motorscope.tomogram.formats.base import TomogramFormat

ROOT = Path(__file__).parents[3]
GRID = VoxelGrid((2, 3, 4), (10.0,) * 3)
VOXELS = np.arange(24, dtype=np.float32).reshape(GRID.shape)


def _read(path):
    values = np.loadtxt(path, comments="#", dtype=np.float32).reshape(GRID.shape)
    return Tomogram(values, GRID, "")


def _write(path, data, grid, label, *, names=(), dtype=None):
    path.write_text("\n".join([f"#{label}", *map(str, np.asarray(data).ravel())]))


MADE_UP = TomogramFormat(
    name="made-up",
    title="made-up volumes",
    hint="a made-up volume (.mup.vol)",
    suffixes=(".mup.vol", ".mup"),
    read=_read,
    label=lambda path: path.read_text().splitlines()[0][1:],
    write=_write,
)


@pytest.fixture
def made_up(monkeypatch):
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, MADE_UP))
    return MADE_UP


def test_made_up_format_is_opened_written_and_found(made_up, tmp_path):
    path = tmp_path / "TS_1.mup.vol"
    write_volume(path, VOXELS, GRID)
    write_heatmap(tmp_path / "TS_1.heat.mup", VOXELS, GRID)
    assert can_open(path)
    tomogram = open_tomogram(path)
    assert tomogram.name == "TS_1"
    np.testing.assert_array_equal(tomogram.data, VOXELS)
    found = find_tomograms(tmp_path)
    assert list(found.names.values()) == ["TS_1"]
    assert is_map(tmp_path / "TS_1.heat.mup")
    with pytest.raises(TomogramError, match=r"or a made-up volume \(\.mup\.vol\)"):
        open_tomogram(__file__)
    with pytest.raises(TomogramError, match=r"\.mrc or \.zarr or \.mup\.vol"):
        write_volume(tmp_path / "a.tif", VOXELS, GRID)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("detect", "made-up volumes"),
        ("batch", "made-up volumes"),
        ("view", "made-up volumes"),
        ("simulate", "made-up"),
    ],
)
def test_made_up_format_is_in_the_help(made_up, command, shown, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert shown in " ".join(capsys.readouterr().out.split())


def test_made_up_format_can_be_converted_to(made_up, tmp_path, capsys):
    write_volume(tmp_path / "a.mrc", VOXELS, GRID)
    assert main(["convert", str(tmp_path / "a.mrc"), str(tmp_path / "a.mup")]) == 0
    np.testing.assert_array_equal(open_tomogram(tmp_path / "a.mup").data, VOXELS)
    assert main(["simulate", "--out", str(tmp_path), "--format", "mup"]) == 2
    assert "choose one of mrc, ome-zarr, made-up" in capsys.readouterr().err


def not_in_the_manifest():
    manifest = yaml.safe_load((ROOT / "napari.yaml").read_text(encoding="utf-8"))
    (reader,) = [
        each for each in manifest["contributions"]["readers"] if each["command"].endswith(".read")
    ]
    known = reader["filename_patterns"]
    # "*.zarr" is meant for "*.ome.zarr" too.
    return {
        pattern
        for pattern in formats.patterns()
        if not any(pattern.endswith(each.removeprefix("*")) for each in known)
    }


def not_in_the_docs():
    page = (ROOT / "docs" / "coordinates.md").read_text(encoding="utf-8")
    table = page.partition("## Where is a voxel?")[0]
    return {
        form.name
        for form in formats.FORMATS
        if any(f"{suffix}`" not in table and suffix.count(".") == 1 for suffix in form.suffixes)
    }


def test_manifest_and_docs_name_every_format():
    assert not_in_the_manifest() == set()
    assert not_in_the_docs() == set()


def test_manifest_and_docs_are_told_of_a_new_format(made_up):
    assert not_in_the_manifest() == {"*.mup.vol", "*.mup"}
    assert not_in_the_docs() == {"made-up"}
