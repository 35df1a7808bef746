"""The command line: messages, exit statuses and what it does not load."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from motorscope import __version__, cli
from motorscope.commands.console import Line
from motorscope.contract import Architecture
from motorscope.errors import MotorscopeError
from motorscope.network import build_network, save_model
from motorscope.review import Journal
from motorscope.review.journal.place import journal_at
from motorscope.review.searches import heatmap_of
from motorscope.tomogram import VoxelGrid, open_tomogram, write_mrc


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_card):
    """A folder with a tomogram, one without spacing, and a small model."""
    folder = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)
    data = rng.integers(0, 127, size=(20, 60, 40)).astype(np.int8)
    write_mrc(folder / "known.mrc", data, VoxelGrid(data.shape, (16.0,) * 3))
    write_mrc(folder / "unknown.mrc", data, VoxelGrid(data.shape, None))
    (folder / "broken.mrc").write_bytes((folder / "known.mrc").read_bytes()[:1500])
    architecture = Architecture(base_width=4, decoder_channels=(8,), auxiliary_head=False)
    card = make_card(architecture, default_threshold=0.0, minimum_distance=100.0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_model(build_network(architecture), card, folder)
    return folder


def detect(folder, *arguments):
    model = next(folder.glob("*.safetensors"))
    return cli.main(["detect", "--model", str(model), "--device", "cpu", *map(str, arguments)])


def test_detect_writes_picks_and_a_heatmap(folder, tmp_path, capsys):
    picks, heatmap = tmp_path / "picks.csv", tmp_path / "heat.mrc"
    assert detect(folder, folder / "known.mrc", "-o", picks, "--heatmap", heatmap) == 0
    found = pd.read_csv(picks)
    assert set(found.tomogram) == {"known"}
    assert open_tomogram(heatmap).grid.spacing == (128.0, 128.0, 128.0)
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{len(found)} picks of 1 tomogram" in err
    assert "\r" not in err  # not a terminal


def test_a_threshold_leaves_out_what_is_below(folder, tmp_path):
    picks = tmp_path / "picks.csv"
    assert detect(folder, folder / "known.mrc", "-o", picks, "--threshold", "1") == 0
    assert len(pd.read_csv(picks)) == 0


def test_how_dense_things_look_can_be_said(folder, tmp_path, capsys):
    """The noise of the file says nothing of itself."""
    card = json.loads(next(folder.glob("*.json")).read_text())
    card["input"]["density"] = "dark"
    (tmp_path / "wary.json").write_text(json.dumps(card))
    shutil.copy(next(folder.glob("*.safetensors")), tmp_path / card["weights"])
    scores = {}
    for options in ((), ("--density", "dark"), ("--density", "bright")):
        picks = tmp_path / f"{options[-1:]}.csv"
        command = ["detect", "--model", str(tmp_path / "wary.json"), "--device", "cpu"]
        assert cli.main([*command, str(folder / "known.mrc"), "-o", str(picks), *options]) == 0
        scores[options[-1:]] = pd.read_csv(picks).score.tolist()
    assert scores[()] == scores[("dark",)] != scores[("bright",)]
    with pytest.raises(SystemExit):
        detect(folder, folder / "known.mrc", "-o", tmp_path / "x.csv", "--density", "grey")
    assert "'dark', 'bright'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "flips"), [([], None), (["--flips"], True), (["--no-flips"], False)]
)
def test_flips_are_left_to_the_model_unless_said(folder, tmp_path, monkeypatch, options, flips):
    asked = []

    def record(request, engine):
        asked.append(request.flips)
        yield from ()
        return []

    monkeypatch.setattr("motorscope.batch.table.detect_files", record)
    assert detect(folder, folder / "known.mrc", "-o", tmp_path / "picks.csv", *options) == 0
    assert asked == [flips]


def test_an_unknown_spacing_names_the_option_that_mends_it(folder, tmp_path, capsys):
    picks = tmp_path / "picks.csv"
    assert detect(folder, folder / "unknown.mrc", "-o", picks) == 2
    err = capsys.readouterr().err
    assert err.startswith("motorscope: ")
    assert "--spacing" in err
    assert "Traceback" not in err
    assert not picks.exists()
    assert detect(folder, folder / "unknown.mrc", "-o", picks, "--spacing", "16") == 0
    err = capsys.readouterr().err
    assert "check the voxel spacing" in err  # it measures 320 Å along z


def test_a_file_that_fails_is_told_and_the_others_are_done(folder, tmp_path, capsys):
    picks = tmp_path / "picks.csv"
    assert detect(folder, folder / "broken.mrc", folder / "known.mrc", "-o", picks) == 2
    assert set(pd.read_csv(picks).tomogram) == {"known"}
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("motorscope: ")
    assert "broken.mrc" in last


def test_an_empty_folder_and_a_heatmap_of_another_format_are_told_at_once(folder, tmp_path, capsys):
    empty, picks = tmp_path / "empty", tmp_path / "picks.csv"
    empty.mkdir()
    assert detect(folder, empty, "-o", picks) == 2
    assert "holds no tomograms" in capsys.readouterr().err
    assert detect(folder, folder / "known.mrc", "-o", picks, "--heatmap", "heat.tif") == 2
    assert "end in .mrc" in capsys.readouterr().err
    assert not picks.exists()


def test_quiet_says_what_failed_and_nothing_else(folder, tmp_path, capsys):
    arguments = (folder / "broken.mrc", folder / "known.mrc", "-o", tmp_path / "picks.csv")
    assert detect(folder, *arguments, "--quiet") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "broken.mrc" in err


def test_json_is_a_line_for_each_tomogram(folder, tmp_path, capsys):
    picks = tmp_path / "picks.csv"
    arguments = (folder / "broken.mrc", folder / "known.mrc", "-o", picks)
    assert detect(folder, *arguments, "--json") == 2
    broken, known = map(json.loads, capsys.readouterr().out.splitlines())
    assert (broken["tomogram"], broken["best"]) == ("broken", None)
    assert "broken.mrc" in broken["error"]
    assert known["file"] == str(folder / "known.mrc")
    assert known["picks"] == len(pd.read_csv(picks))
    kept = json.loads((tmp_path / "picks.summary.json").read_text())["tomograms"]
    assert [{key: row[key] for key in known} for row in kept] == [broken, known]


def test_an_unknown_model_is_an_error_of_ours(folder, tmp_path, capsys):
    known, picks = str(folder / "known.mrc"), str(tmp_path / "picks.csv")
    assert cli.main(["detect", known, "--model", "nonsense", "-o", picks]) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"), [(MotorscopeError("this is wrong"), 2), (KeyboardInterrupt(), 130)]
)
def test_errors_become_exit_statuses(folder, tmp_path, monkeypatch, capsys, error, status):
    def fail(*arguments):
        raise error

    monkeypatch.setattr("motorscope.batch.table.check_files", fail)
    assert detect(folder, folder / "known.mrc", "-o", tmp_path / "picks.csv") == status
    err = capsys.readouterr().err
    assert err.startswith("motorscope: ")
    assert "Traceback" not in err


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.strip() == f"motorscope {__version__}"


@pytest.mark.parametrize("arguments", [["detect"], ["detect", "x.mrc"], ["sing"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert "usage" in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    """Beside NumPy, which the formats that it lists are made of."""
    code = (
        "import sys; from motorscope import cli\n"
        "try: cli.main(['detect', '--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'napari', 'qtpy', 'pandas') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_terminal_gets_one_line_that_changes(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    line = Line()
    line.head = "one.mrc"
    line.show("step 1")
    line.show("step 2")
    line.keep("done")
    assert capsys.readouterr().err == (
        "\r\x1b[Kone.mrc: step 1\r\x1b[Kone.mrc: step 2\r\x1b[Kone.mrc: done\n"
    )


def test_picks_and_heatmaps_that_exist_are_replaced_only_on_demand(folder, tmp_path, capsys):
    picks, heatmaps = tmp_path / "picks.csv", tmp_path / "heatmaps"
    heatmaps.mkdir()
    picks.write_text("a person's decisions")
    (heatmaps / "known_heatmap.mrc").write_text("earlier")
    arguments = (folder / "known.mrc", "-o", picks, "--heatmap", heatmaps)
    assert detect(folder, *arguments) == 2
    err = capsys.readouterr().err
    assert f"{picks} exists already" in err
    assert "known_heatmap.mrc exists already" in err
    assert "--overwrite" in err
    assert picks.read_text() == "a person's decisions"
    assert detect(folder, *arguments, "--overwrite") == 0
    assert (tmp_path / "picks.bak.csv").read_text() == "a person's decisions"
    assert set(pd.read_csv(picks).tomogram) == {"known"}


def test_queue_finds_what_the_command_found(folder, tmp_path):
    tomogram = tmp_path / "known.mrc"
    shutil.copy(folder / "known.mrc", tomogram)
    picks = tmp_path / "picks.csv"
    assert detect(folder, tomogram, "-o", picks, "--queue-heatmaps") == 0
    place = journal_at(tomogram, "known")
    assert place == tmp_path / "known.motorscope.jsonl"
    assert open_tomogram(heatmap_of(place)).grid.spacing == (128.0, 128.0, 128.0)
    with Journal(place) as journal:
        found = journal.table
        assert len(found) == len(pd.read_csv(picks)) > 0
        assert set(found.frame["model"]) == {"tiny"}
        assert journal.remarks["searched"]["model"] == "tiny"
        assert journal.remarks["spacing"] == [16.0, 16.0, 16.0]
        decided = found.set_status([int(found.ids[0])], "rejected")
        journal.record(decided, {"reviewed": {"no_motor": True}})
    assert detect(folder, tomogram, "-o", picks, "--queue", "--overwrite") == 0
    with Journal(place) as journal:
        assert journal.table.frame["status"].tolist().count("rejected") == 1
        assert len(journal.table) == len(found)
        assert journal.remarks["reviewed"] == {"no_motor": True}


def test_tomogram_that_is_open_in_a_window_is_left_alone(folder, tmp_path, capsys):
    tomogram, picks = tmp_path / "known.mrc", tmp_path / "picks.csv"
    shutil.copy(folder / "known.mrc", tomogram)
    with Journal(tmp_path / "known.motorscope.jsonl") as journal:
        assert detect(folder, tomogram, "-o", picks, "--queue") == 2
        assert not len(journal.table)
    assert picks.exists()
    assert "not kept for the queue" in capsys.readouterr().err


def test_folder_is_searched_without_the_heatmaps_in_it(folder, tmp_path, capsys):
    tomograms, picks = tmp_path / "tomograms", tmp_path / "picks.csv"
    tomograms.mkdir()
    shutil.copy(folder / "known.mrc", tomograms)
    assert detect(folder, tomograms, "-o", picks, "--queue-heatmaps", "--heatmap", tomograms) == 0
    assert capsys.readouterr().err.count("[1/1]") >= 1
    assert detect(folder, tomograms, "-o", tmp_path / "again.csv") == 0
    err = capsys.readouterr().err
    assert "Left out 2 maps" in err
    assert pd.read_csv(tmp_path / "again.summary.csv")["tomogram"].tolist() == ["known"]
    globbed = sorted(tomograms.glob("*.mrc"))
    assert detect(folder, *globbed, "-o", tmp_path / "globbed.csv") == 0
    assert "Left out 2 maps" in capsys.readouterr().err


def test_interrupted_run_says_how_to_go_on(folder, tmp_path, monkeypatch, capsys):
    from motorscope.batch.loop import Begun, Standing
    from motorscope.batch.table import FileDone
    from motorscope.contract import Progress

    first, second = (tmp_path / f"{name}.mrc" for name in "ab")
    for path in (first, second):
        shutil.copy(folder / "known.mrc", path)
    picks = tmp_path / "picks.csv"

    def interrupted(request, engine):
        yield Begun(first, 1, 2)
        yield FileDone(first)
        yield Begun(second, 2, 2)
        yield Standing(1, 0, 2, 400.0)
        yield Progress("Looking for motors", 1, 4)
        raise KeyboardInterrupt

    monkeypatch.setattr("motorscope.batch.table.detect_files", interrupted)
    assert detect(folder, first, second, "-o", picks) == 130
    *_, shown, last = capsys.readouterr().err.splitlines()
    assert shown.endswith("25 %, 7 min left")
    assert last == (
        f"motorscope: stopped; 1 of 2 done, in {picks}; the same command with --resume goes on."
    )
