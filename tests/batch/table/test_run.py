import gzip
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from motorscope.batch.table import FileDone, FilesRequest, check_files, detect_files
from motorscope.contract import ModelRef, run_to_end
from motorscope.engine import ThreadEngine
from motorscope.errors import ConfigError, DeviceError
from motorscope.tomogram import VoxelGrid, open_tomogram, write_mrc

SPACING = (16.0, 16.0, 16.0)
MODEL = ModelRef("tiny")


@pytest.fixture
def paths(tmp_path):
    """Two tomograms and one that is cut off."""
    rng = np.random.default_rng(0)
    paths = []
    for name in ("one", "two", "broken"):
        path = tmp_path / f"{name}.mrc"
        data = rng.integers(0, 255, size=(20, 60, 40), dtype=np.uint8).astype(np.int8)
        write_mrc(path, data, VoxelGrid(data.shape, SPACING, (8.0, 0.0, 0.0)))
        paths.append(path)
    os.truncate(paths[2], 2000)
    return paths


@pytest.fixture
def request_(paths, tmp_path):
    return FilesRequest(paths[:2], tmp_path / "picks.csv", MODEL, device="cpu", precision="fp32")


def holding(model):
    engine = ThreadEngine()
    engine.models.put(MODEL, model)
    return engine


def run(request, model):
    return run_to_end(detect_files(request, holding(model)))


def test_several_files_share_one_csv(request_, model):
    done = run(replace(request_, threshold=0.0), model)
    frame = pd.read_csv(request_.output)
    assert set(frame.tomogram) == {"one", "two"}
    assert [file.picks for file in done] == [
        (frame.tomogram == name).sum() for name in ("one", "two")
    ]
    assert all(file.error is None and file.best == pytest.approx(1, abs=1) for file in done)
    # Voxels of the input file, and Å in its world, whose origin is not 0.
    np.testing.assert_allclose(frame.z * 16 + 8, frame.z_angstrom, atol=0.01)
    np.testing.assert_allclose(frame.y * 16, frame.y_angstrom, atol=0.01)


def test_the_threshold_is_the_models_unless_one_is_given(request_, model, with_card):
    never = with_card(model, default_threshold=1.0)
    assert [file.picks for file in run(request_, never)] == [0, 0]
    assert len(pd.read_csv(request_.output)) == 0  # a table without rows, but a table
    assert sum(file.picks for file in run(replace(request_, threshold=0.01), never)) > 0


def test_flips_are_the_models_unless_something_else_is_asked_for(
    request_, paths, model, with_card, tmp_path
):
    path = tmp_path / "heat.mrc"
    request = replace(request_, paths=paths[:1], heatmap=path)

    def heatmap(measured, flips):
        run(replace(request, flips=flips), with_card(model, flips=measured))
        return np.array(open_tomogram(path).data)

    plain, averaged = heatmap(False, None), heatmap(True, None)
    assert np.abs(plain - averaged).max() > 1e-3
    np.testing.assert_array_equal(heatmap(True, False), plain)
    np.testing.assert_array_equal(heatmap(False, True), averaged)


def test_a_file_that_fails_does_not_stop_the_others(request_, paths, model):
    order = [paths[2], paths[0]]
    check_files(replace(request_, paths=order))
    done = run(replace(request_, paths=order, threshold=0.0), model)
    assert [file.path for file in done] == order
    assert "broken.mrc" in done[0].error
    assert done[1].error is None
    assert set(pd.read_csv(request_.output).tomogram) == {"one"}


def test_nothing_is_written_if_nothing_worked(request_, paths, model):
    (done,) = run(replace(request_, paths=paths[2:]), model)
    assert done.error is not None
    assert not request_.output.exists()


def test_what_is_done_is_on_disk_when_a_run_is_stopped(request_, model):
    files = detect_files(replace(request_, threshold=0.0), holding(model))
    next(message for message in files if isinstance(message, FileDone))
    files.close()
    assert set(pd.read_csv(request_.output).tomogram) == {"one"}


def test_the_heatmap_overlays_its_tomogram(request_, paths, model, tmp_path):
    path = tmp_path / "heat.mrc"
    run(replace(request_, paths=paths[:1], heatmap=path), model)
    heatmap = open_tomogram(path)
    assert heatmap.grid.spacing == (128.0, 128.0, 128.0)
    np.testing.assert_allclose(heatmap.grid.origin, (8 + 56, 56, 56))
    assert heatmap.grid.shape == (3, 8, 5)
    assert 0 <= np.min(heatmap.data) < np.max(heatmap.data) <= 1


def test_heatmaps_of_several_tomograms_go_to_a_folder(request_, model, tmp_path):
    folder = tmp_path / "heat"
    folder.mkdir()
    check_files(replace(request_, heatmap=folder))
    run(replace(request_, heatmap=folder), model)
    assert {path.name for path in folder.iterdir()} == {"one_heatmap.mrc", "two_heatmap.mrc"}


def test_picks_are_safe_when_a_heatmap_cannot_be_written(request_, paths, model, tmp_path):
    taken = tmp_path / "heat"
    (taken / "one_heatmap.mrc").mkdir(parents=True)
    request = replace(request_, heatmap=taken, threshold=0.0)
    done = run(request, model)
    assert "heatmap" in done[0].error
    assert done[1].error is None
    assert set(pd.read_csv(request_.output).tomogram) == {"one", "two"}


def test_a_spacing_that_is_given_overrules_the_file(request_, paths, model, tmp_path):
    path = tmp_path / "heat.mrc"
    run(replace(request_, paths=paths[:1], spacing=32.0, heatmap=path), model)
    assert open_tomogram(path).grid.shape == (5, 15, 10)


def wrong(request, tmp_path):
    """Return requests that must be refused before the work starts, and a word of the reason."""
    flat = tmp_path / "unknown.mrc"
    write_mrc(flat, np.zeros((4, 5, 6), np.int8), VoxelGrid((4, 5, 6), None))
    text = tmp_path / "notes.txt"
    text.write_text("not a tomogram")
    twin = tmp_path / "other" / "one.mrc"
    twin.parent.mkdir()
    twin.write_bytes(request.paths[0].read_bytes())
    packed = tmp_path / "one.mrc.gz"
    packed.write_bytes(gzip.compress(request.paths[0].read_bytes()))
    one = request.paths[:1]
    return {
        "at least one file": {"paths": []},
        "no file": {"paths": [tmp_path / "missing.mrc"]},
        "format": {"paths": [text]},
        "--spacing": {"paths": [flat]},
        "same name": {"paths": [*one, twin]},
        "be told apart": {"paths": [*one, packed]},
        "between 0 and 1": {"threshold": 50.0},
        "positive": {"spacing": -1.0},
        "nowhere": {"output": tmp_path / "nowhere" / "picks.csv"},
        "is a folder": {"output": tmp_path},
        "overwritten": {"output": request.paths[0]},
        "also an input": {"paths": one, "heatmap": request.paths[0]},
        "cannot both": {"paths": one, "heatmap": request.output},
        "need a folder": {"heatmap": tmp_path / "heat.mrc"},
    }


def test_what_is_wrong_is_said_before_the_work_starts(request_, tmp_path):
    check_files(request_)
    for reason, change in wrong(request_, tmp_path).items():
        with pytest.raises(ConfigError, match=reason):
            check_files(replace(request_, **change))


def test_everything_that_is_wrong_is_said_at_once(request_, tmp_path):
    bad = replace(request_, threshold=2.0, output=tmp_path / "nowhere" / "picks.csv")
    with pytest.raises(ConfigError, match=r"(?s)threshold.*nowhere"):
        check_files(bad)
    with pytest.raises(DeviceError):
        check_files(replace(request_, device="cuda:99"))


def test_an_unknown_spacing_is_no_problem_once_it_is_given(request_, tmp_path):
    unknown = tmp_path / "unknown.mrc"
    write_mrc(unknown, np.zeros((4, 5, 6), np.int8), VoxelGrid((4, 5, 6), None))
    check_files(replace(request_, paths=[unknown], spacing=10.0))
