"""OME-Zarr on a server: what is fetched, shortcuts to it, and servers that fail."""

import http.server
import os
import pickle
import shutil
import threading
from functools import partial

import numpy as np
import pytest

from motorscope.cli import main
from motorscope.contract.messages import run_to_end
from motorscope.errors import TomogramError
from motorscope.review.journal.place import journal_at
from motorscope.tomogram import (
    InputRecipe,
    VoxelGrid,
    can_open,
    find_tomograms,
    level_for,
    located,
    open_tomogram,
    read_list,
    write_ome_zarr,
)
from motorscope.tomogram.formats.ome import chunks
from motorscope.tomogram.formats.ome.remote import fetch
from motorscope.tomogram.formats.shortcut import shortcut_to

VOXELS = np.random.default_rng(0).normal(0, 20, (20, 131, 140)).astype(np.float32)
GRID = VoxelGrid(VOXELS.shape, (10.0,) * 3, (5.0, -6.0, 7.0))


class Handler(http.server.SimpleHTTPRequestHandler):
    """Notes what is asked for, and fails as often as it is told."""

    asked: list[str]
    failures: dict[str, int]

    def do_GET(self):
        self.asked.append(self.path)
        for part, left in self.failures.items():
            if part in self.path and left:
                self.failures[part] = left - 1
                self.send_error(500)
                return
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def served(served_folder):
    folder = served_folder
    for version in ("0.4", "0.5"):
        write_ome_zarr(folder / f"TS {version}.zarr", VOXELS, GRID, version=version)
    (folder / "empty.zarr").mkdir()
    Handler.asked, Handler.failures = [], {}
    handler = partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def server(served, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("MOTORSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(chunks, "_PAUSE", 0.0)
    Handler.asked.clear()
    Handler.failures.clear()
    return served


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_only_what_is_needed_is_fetched(server, version):
    path = located(f"{server}/TS%20{version}.zarr/")
    tomogram = open_tomogram(path)
    assert tomogram.name == f"TS {version}"
    assert tomogram.grid == GRID
    assert len(Handler.asked) < 15
    level = pickle.loads(pickle.dumps(level_for(tomogram, InputRecipe(spacing=20.0))))
    assert level.data[:].shape == (10, 66, 70)
    assert level.data[3].shape == (66, 70)
    fetched = [asked for asked in Handler.asked if asked.endswith("/0/0/0")]
    assert len(fetched) == 1
    assert f".zarr/1/{'c/' * (version == '0.5')}0/0/0" in fetched[0]
    np.testing.assert_array_equal(tomogram.data, VOXELS)


def test_address_has_one_shortcut_which_is_a_tomogram_in_its_folder(server, tmp_path):
    address = f"{server}/TS 0.5.zarr"
    path = located(address)
    assert path == located(address + "/")
    assert path.suffix == ".url"
    assert can_open(path)
    assert list(find_tomograms(path.parent).names.values()) == ["TS 0.5"]
    assert journal_at(path, "TS 0.5").parent == path.parent
    (path.parent / "web.url").write_text("[InternetShortcut]\nURL=https://example.org/\n")
    assert not can_open(path.parent / "web.url")
    listed = tmp_path / "list.txt"
    listed.write_text(f"# two\n{address}\none.mrc\n")
    assert read_list(listed) == [path, tmp_path / "one.mrc"]


def test_commands_take_an_address(server, tmp_path, capsys):
    out = tmp_path / "a.mrc"
    assert main(["convert", f"{server}/TS 0.4.zarr", str(out)]) == 0
    np.testing.assert_array_equal(open_tomogram(out).data, VOXELS)
    assert main(["convert", "https:///", str(out)]) == 2
    assert "is no address of a tomogram" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.zarr", "There is no OME-Zarr at"),
        ("empty.zarr", "There is no OME-Zarr at"),
        ("broken.zarr", "cannot be reached (500"),
    ],
)
def test_what_is_not_there_is_told(server, name, message):
    Handler.failures["broken"] = 100
    with pytest.raises(TomogramError) as caught:
        open_tomogram(shortcut_to(f"{server}/{name}"))
    assert f"{server}/{name}" in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_server_is_told(server, tmp_path):
    with pytest.raises(TomogramError, match=r"127\.0\.0\.1:9/a\.zarr cannot be reached \("):
        open_tomogram(shortcut_to("http://127.0.0.1:9/a.zarr"))
    text = tmp_path / "a.url"
    text.write_text("hello")
    with pytest.raises(TomogramError, match="is no shortcut to a server"):
        open_tomogram(text)


def test_server_that_is_busy_is_asked_again_and_one_that_fails_is_told(server):
    tomogram = open_tomogram(shortcut_to(f"{server}/TS 0.5.zarr"))
    Handler.failures["/0/c/"] = 2
    np.testing.assert_array_equal(tomogram.data[0, :10, :10], VOXELS[0, :10, :10])
    Handler.failures["/1/c/"] = 100
    with pytest.raises(TomogramError, match=r"Voxels of http.*500.*connection"):
        tomogram.at(1).data[0]


def pieces(tmp_path):
    return [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_what_was_fetched_is_on_disk_and_opens_without_the_server(server, tmp_path):
    path = shortcut_to(f"{server}/TS 0.5.zarr")
    np.testing.assert_array_equal(open_tomogram(path).data, VOXELS)
    Handler.asked.clear()
    np.testing.assert_array_equal(open_tomogram(path).data, VOXELS)
    assert all("/c/" not in asked for asked in Handler.asked)
    Handler.failures[".zarr"] = 1000  # as good as no server
    opened = open_tomogram(path)
    np.testing.assert_array_equal(opened.data, VOXELS)
    with pytest.raises(TomogramError, match="check the disk or the connection"):
        opened.at(1).data[0]  # nobody asked for it until now


def test_a_download_goes_on_where_it_was(server):
    path = shortcut_to(f"{server}/TS 0.4.zarr")
    part = open_tomogram(path).data[:4, :8, :8]
    Handler.asked.clear()
    whole = open_tomogram(path).data[:]
    np.testing.assert_array_equal(whole[:4, :8, :8], part)
    assert not any(asked.endswith("/0/0/0/0") for asked in Handler.asked)


def test_damage_on_disk_is_noticed_and_fetched_again(server, tmp_path):
    path = shortcut_to(f"{server}/TS 0.5.zarr")
    open_tomogram(path).data[:]
    for piece in pieces(tmp_path):
        content = bytearray(piece.read_bytes())
        if content:
            content[-1] ^= 1
            piece.write_bytes(content)
    np.testing.assert_array_equal(open_tomogram(path).data, VOXELS)


def test_a_tomogram_that_was_made_again_is_fetched_again(server, served_folder):
    write_ome_zarr(served_folder / "new.zarr", VOXELS, GRID)
    path = shortcut_to(f"{server}/new.zarr")
    open_tomogram(path).data[:]
    shutil.rmtree(served_folder / "new.zarr")
    write_ome_zarr(served_folder / "new.zarr", VOXELS + 1, GRID)
    os.utime(served_folder / "new.zarr" / "zarr.json", (1e9, 1e9))  # else perhaps the same second
    np.testing.assert_array_equal(open_tomogram(path).data, VOXELS + 1)


def test_disk_holds_no_more_than_its_limit(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTORSCOPE_CACHE_GB", "0.001")
    for version in ("0.4", "0.5"):
        tomogram = open_tomogram(shortcut_to(f"{server}/TS {version}.zarr"))
        np.testing.assert_array_equal(tomogram.data, VOXELS)
        assert 0 < sum(path.stat().st_size for path in pieces(tmp_path)) <= 1e6


def test_a_disk_that_is_full_or_read_only_does_no_harm(server, tmp_path):
    (tmp_path / "cache").write_text("no folder")
    tomogram = open_tomogram(shortcut_to(f"{server}/TS 0.5.zarr"))
    np.testing.assert_array_equal(tomogram.data, VOXELS)


def test_a_tomogram_that_was_fetched_lies_in_files_but_for_levels_that_are_too_large(
    server, tmp_path, monkeypatch
):
    tomogram = open_tomogram(shortcut_to(f"{server}/TS 0.5.zarr"))
    monkeypatch.setenv("MOTORSCOPE_CACHE_GB", "0.0005")  # the finest level has 1.5 MB
    copy = run_to_end(fetch(tomogram))
    assert copy.data is tomogram.data
    assert isinstance(copy.levels[0].data, np.memmap)
    np.testing.assert_array_equal(copy.levels[0].data, tomogram.levels[0].data)
    monkeypatch.delenv("MOTORSCOPE_CACHE_GB")
    said = []
    copy = run_to_end(fetch(tomogram), said.append)
    assert said[-1][0] == said[-1][1] >= VOXELS.nbytes
    np.testing.assert_array_equal(copy.data, VOXELS)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["tomograms"]
