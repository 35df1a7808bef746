"""The commands batch and report: what they say, and how they end."""

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from motorscope import cli
from motorscope.contract import Architecture
from motorscope.network import build_network, save_model
from motorscope.tomogram import VoxelGrid, write_mrc

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_card):
    """A folder with tomograms, one that is broken, and a small model."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "in").mkdir()
    rng = np.random.default_rng(0)
    for name in NAMES:
        data = rng.integers(0, 127, size=(16, 40, 40)).astype(np.int8)
        write_mrc(folder / "in" / f"{name}.mrc", data, VoxelGrid(data.shape, (16.0,) * 3))
    architecture = Architecture(base_width=4, decoder_channels=(8,), auxiliary_head=False)
    card = make_card(architecture, default_threshold=0.0, minimum_distance=100.0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_model(build_network(architecture), card, folder)
    return folder


def batch(folder, *arguments):
    model = str(next(folder.glob("*.safetensors")))
    return cli.main(["batch", "--model", model, "--device", "cpu", *map(str, arguments)])


def test_batch_detects_what_detect_does_and_goes_on_where_it_was(folder, tmp_path, capsys):
    shutil.copytree(folder / "in", tmp_path / "in")
    out = tmp_path / "out"
    (tmp_path / "in" / "b.mrc").write_bytes((folder / "in" / "b.mrc").read_bytes()[:1500])
    options = ("--precision", "fp32", "--workers", "1", "-o", out)
    assert batch(folder, tmp_path / "in", "--heatmaps", *options) == 2
    err = capsys.readouterr().err
    assert "3 tomograms: 0 done, 3 left." in err
    assert "b.mrc" in err.splitlines()[-1]
    assert "Traceback" not in err
    summary = pd.read_csv(out / "summary.csv", keep_default_na=False)
    assert summary.tomogram.tolist() == list(NAMES)
    assert (out / "report.html").read_text().count("data:image/png") > 0
    assert len(list(out.rglob("*.heatmap.mrc"))) == 2
    assert batch(folder, tmp_path / "in", *options) == 2
    err = capsys.readouterr().err
    assert "1 tomogram failed before and is left out; --retry-failed" in err
    assert "3 tomograms: 3 done, 0 left." in err
    shutil.copy(folder / "in" / "b.mrc", tmp_path / "in" / "b.mrc")
    assert batch(folder, tmp_path / "in", *options) == 0
    assert "1 tomogram changed on disk since and is done again." in capsys.readouterr().err
    picks = tmp_path / "picks.csv"
    model = str(next(folder.glob("*.safetensors")))
    command = ["detect", "--model", model, "--device", "cpu", "--precision", "fp32"]
    assert cli.main([*command, str(folder / "in"), "-o", str(picks)]) == 0
    assert (out / "picks.csv").read_bytes() == picks.read_bytes()
    assert cli.main(["report", str(out), "--threshold", "1"]) == 0
    assert len(pd.read_csv(out / "picks.csv")) == 0
    assert capsys.readouterr().out.strip() == str(out / "report.html")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere.mrc", "-o", "out"), "nowhere.mrc does not exist"),
        (("x.mrc", "-o", "out", "--on", "somewhere"), "not on 'somewhere'"),
        (("nothing*.mrc", "-o", "out"), "No file matches"),
        (("x.mrc", "-o", "out", "--quantile", "2"), "between 0 and 1"),
        (("x.mrc", "-o", "out", "--slurm", "gpu"), "KEY=VALUE"),
        (("x.mrc", "-o", "out", "--slurm", "a=b"), "need --on slurm"),
        (("x.mrc", "-o", "out", "--workers", "0"), "at least one worker"),
    ],
)
def test_mistakes_are_told_in_a_sentence(folder, tmp_path, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.mrc").touch()
    assert batch(folder, *arguments) == 2
    err = capsys.readouterr().err
    assert says in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("motorscope: ")
    assert "Traceback" not in err


def test_interrupted_batch_says_how_to_go_on(folder, tmp_path, monkeypatch, capsys):
    from motorscope.batch.folder.plan import Plan
    from motorscope.batch.loop import Standing
    from motorscope.batch.run import Opened, Planned

    def interrupted(request):
        yield Planned(Plan((), (), (), 0, ()))
        yield Opened("2 processes on this machine")
        yield Standing(1, 0, 3, 400.0)
        raise KeyboardInterrupt

    monkeypatch.setattr("motorscope.batch.run.run_batch", interrupted)
    assert batch(folder, folder / "in", "-o", tmp_path / "out") == 130
    assert "the same command goes on" in capsys.readouterr().err.splitlines()[-1]


def test_batch_starts_without_torch(folder, tmp_path):
    """So that ten thousand tomograms are looked through in the time that torch takes to load."""
    code = (
        "import sys; from motorscope.batch.model import known_model\n"
        "from motorscope.batch import items, run\n"
        "from motorscope.batch.folder import plan\n"
        "from motorscope.batch.executors import local\n"
        f"known_model({str(next(folder.glob('*.safetensors')))!r}); known_model('built-in')\n"
        "print([m for m in ('torch', 'napari') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "[]"
