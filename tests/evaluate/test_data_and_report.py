"""Reading files, with all that can be wrong with them, and what is written of the scores."""

import builtins
import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motorscope.batch.table.ledger import Row, add
from motorscope.cli import main
from motorscope.errors import MotorscopeError, PicksError
from motorscope.evaluate import (
    format_report,
    read_evaluation,
    score_groups,
    score_picks,
    write_report,
)
from motorscope.evaluate.plots import draw_plots
from motorscope.tomogram import VoxelGrid, write_heatmap, write_mrc

SPACING = 10.0
HEADER = "tomogram,id,z,y,x,z_angstrom,y_angstrom,x_angstrom,score,origin,status"


def row(tomogram, number, z, y, x, score="", status="candidate", more=""):
    """Write a line of a picks CSV; z, y, x in voxels of 10 Å."""
    world = ",".join(str(value * SPACING) for value in (z, y, x))
    return f"{tomogram},{number},{z},{y},{x},{world},{score},model,{status}{more}"


TRUTH = (
    HEADER + ",species,axis_z,axis_y,axis_x",
    row("a", 0, 20, 100, 100, status="accepted", more=",vibrio,0,1,0"),
    row("b", 0, 90, 100, 100, status="accepted", more=",enteric,-0.9,0.43589,0"),
    row("b", 1, 50, 300, 100, status="accepted", more=",vibrio,0.1,0.99499,0"),
    row("b", 2, 10, 10, 10, status="rejected", more=",vibrio,1,0,0"),
)
PICKS = (
    HEADER,
    row("a", 0, 20, 100, 103, 0.9),
    row("a", 1, 90, 300, 300, 0.4),
    row("b", 0, 50, 304, 100, 0.8),
    row("b", 1, 10, 10, 10, 0.99, status="rejected"),
    row("c", 0, 50, 50, 50, 0.3),
)
TOMOGRAMS = (
    "tomogram,shape_z,shape_y,shape_x,spacing,snr,inverted",
    "a,100,400,400,10,0.1,False",
    "b,100,400,400,10,0.5,False",
    "c,100,400,400,10,0.1,True",
    "d,100,400,400,10,0.5,True",
)


def write(path: Path, lines: tuple[str, ...]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "picks.csv", PICKS)
    write(tmp_path / "truth.csv", TRUTH)
    write(tmp_path / "tomograms.csv", TOMOGRAMS)
    return tmp_path


def read(folder, **options):
    return read_evaluation(folder / "picks.csv", folder / "truth.csv", **options)


def test_scores_of_files(folder):
    data = read(folder)
    scores = score_picks(data.found, data.truth)
    assert data.complete
    assert (scores.competition.tp, scores.competition.fp, scores.competition.fn) == (2, 1, 0)
    assert scores.rightly_empty == 1  # d, which only the list names
    assert (scores.motors.tp, scores.motors.fp, scores.motors.fn) == (2, 2, 1)
    assert scores.localisation.median == pytest.approx(35)  # 3 and 4 voxels
    assert scores.localisation.percentile90 == pytest.approx(39)


def test_groups_by_hand(folder):
    data = read(folder)
    groups = {(g.what, g.group): g for g in score_groups(data, score_picks(data.found, data.truth))}
    assert set(groups) == {
        ("species", "vibrio"),
        ("species", "enteric"),
        ("angle to z", "0–30°"),
        ("angle to z", "60–90°"),
        ("depth", "lower third"),
        ("depth", "middle third"),
        ("depth", "upper third"),
        ("snr", "0.1"),
        ("snr", "0.5"),
        ("inverted", "yes"),
        ("inverted", "no"),
    }  # the spacing is the same everywhere
    assert groups["species", "vibrio"].motors.recall == 1
    assert groups["species", "vibrio"].median_error == pytest.approx(35)
    assert groups["species", "enteric"].motors.recall == 0
    assert math.isnan(groups["species", "enteric"].median_error)
    assert groups["angle to z", "0–30°"].motors.fn == 1  # arccos 0.9 is 26°
    assert groups["depth", "upper third"].motors.fn == 1
    noisy = groups["snr", "0.1"]
    assert (noisy.motors.tp, noisy.motors.fp, noisy.motors.fn) == (1, 2, 0)
    assert (noisy.tomograms.tp, noisy.tomograms.fp, noisy.tomograms.fn) == (1, 1, 0)


def test_numbers_are_cut_at_their_quartiles(folder):
    lines = ["tomogram,snr"] + [f"t{i:02},{i / 100}" for i in range(40)]
    write(folder / "tomograms.csv", tuple(lines))
    motors = [row(f"t{i:02}", 0, 5, 5, 5) for i in range(40)]
    write(folder / "truth.csv", (HEADER, *motors))
    write(folder / "picks.csv", (HEADER, *motors[:10]))
    data = read(folder)
    groups = score_groups(data, score_picks(data.found, data.truth))
    assert [g.motors.tp + g.motors.fn for g in groups] == [10, 10, 10, 10]
    assert [g.motors.recall for g in groups] == [1, 0, 0, 0]


def test_the_order_of_files_does_not_matter(folder):
    data = read(folder)
    expected = format_report(data, score_picks(data.found, data.truth))
    for name in ("picks.csv", "truth.csv", "tomograms.csv"):
        head, *rest = (folder / name).read_text(encoding="utf-8").splitlines()
        write(folder / name, (head, *reversed(rest)))
    data = read(folder)
    assert format_report(data, score_picks(data.found, data.truth)) == expected


def test_the_list_may_be_a_folder(folder):
    (folder / "tomograms.csv").unlink()
    (folder / "volumes").mkdir()
    grid = VoxelGrid((100, 8, 8), (SPACING,) * 3)
    for name in "abc":
        write_mrc(folder / "volumes" / f"{name}.mrc", np.zeros((100, 8, 8), np.int8), grid)
    inside = (HEADER, row("a", 0, 99, 7, 7))
    write(folder / "truth.csv", inside)
    data = read(folder, tomograms=folder / "volumes")
    assert data.tomograms["shape_z"].to_dict() == {"a": 100, "b": 100, "c": 100}
    assert score_picks(data.found, data.truth).competition.fp == 2
    write(folder / "truth.csv", (HEADER, row("a", 0, 99, 8, 7)))
    with pytest.raises(PicksError, match="outside its 100 × 8 × 8"):
        read(folder, tomograms=folder / "volumes")


def test_the_list_may_be_a_folder_with_heatmaps_in_it(folder):
    (folder / "volumes").mkdir()
    grid = VoxelGrid((100, 8, 8), (SPACING,) * 3)
    write(folder / "truth.csv", (HEADER, row("a", 0, 99, 7, 7)))
    for name in "abc":
        write_mrc(folder / "volumes" / f"{name}.mrc", np.zeros(grid.shape, np.int8), grid)
    write_heatmap(folder / "volumes" / "a_heatmap.mrc", np.zeros(grid.shape, np.float32), grid)
    data = read(folder, tomograms=folder / "volumes")
    assert data.tomograms.index.tolist() == ["a", "b", "c"]


def test_the_list_may_be_the_summary_of_a_run(folder):
    rows = [Row(name, f"/{name}.mrc", picks=i, seconds=float(i)) for i, name in enumerate("abc")]
    for one in rows:
        add(folder / "run.csv", one)
    data = read(folder, tomograms=folder / "run.summary.csv")
    assert data.tomograms.index.tolist() == ["a", "b", "c"]
    whats = {group.what for group in score_groups(data, score_picks(data.found, data.truth))}
    assert not whats & {field.name for field in fields(Row)}


def test_without_a_list_only_tomograms_with_motors_are_known(folder):
    (folder / "tomograms.csv").unlink()
    write(folder / "picks.csv", PICKS[:-1])
    data = read(folder)
    assert not data.complete
    assert "Tomograms without a motor are unknown" in format_report(
        data, score_picks(data.found, data.truth)
    )


BAD = {
    "no such file": ("picks.csv", None, "cannot be read"),
    "empty picks": ("picks.csv", (), "picks.csv is empty"),
    "empty truth": ("truth.csv", (), "truth.csv is empty"),
    "truth without a column": ("truth.csv", ("tomogram,id,z,y,x",), "truth.csv lacks the columns"),
    "a score that is a word": (
        "picks.csv",
        (HEADER, row("a", 0, 1, 1, 1, "high")),
        "line 2, column score: 'high' is not a number",
    ),
    "picks of another set": (
        "picks.csv",
        (HEADER, row("z", 0, 1, 1, 1, 0.5), row("y", 0, 1, 1, 1, 0.5)),
        "picks.csv has points in 2 unknown tomograms (y, z)",
    ),
    "motors of another set": ("truth.csv", (HEADER, row("z", 0, 1, 1, 1)), "truth.csv has points"),
    "a motor outside": (
        "truth.csv",
        (HEADER, row("a", 7, 100, 1, 1)),
        "the motor 7 of a lies at voxel (100, 1, 1) (z, y, x), outside its 100 × 400 × 400 voxels",
    ),
    "a list of nothing": ("tomograms.csv", ("tomogram",), "truth.csv has points"),
    "an empty list": ("tomograms.csv", (), "neither a folder of tomograms nor a CSV"),
    "a list without names": ("tomograms.csv", ("name", "a"), "lacks the column tomogram"),
    "a name twice": ("tomograms.csv", ("tomogram", "a", "a"), "lists a twice"),
    "a line without name": ("tomograms.csv", ("tomogram,snr", ",1"), "line without a tomogram"),
    "a shape of words": ("tomograms.csv", ("tomogram,shape_z", "a,tall"), "column shape_z"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files(folder, capsys, case):
    name, lines, message = BAD[case]
    if lines is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
    plots = folder / "plots"
    status = main(["evaluate", f"{folder}/picks.csv", f"{folder}/truth.csv", "--plots", f"{plots}"])
    output = capsys.readouterr()
    assert status == 2
    assert message in output.err
    assert name in output.err
    assert output.out == ""
    assert not plots.exists()


def test_picks_elsewhere_without_a_list(folder):
    (folder / "tomograms.csv").unlink()
    with pytest.raises(PicksError, match=r"\(c\).*no motor there.*--tomograms"):
        read(folder)


def test_nothing_to_compare(folder):
    (folder / "tomograms.csv").unlink()
    write(folder / "picks.csv", (HEADER,))
    write(folder / "truth.csv", (HEADER,))
    with pytest.raises(PicksError, match=r"truth\.csv names no tomogram"):
        read(folder)


def test_an_empty_folder_of_tomograms(folder):
    (folder / "volumes").mkdir()
    with pytest.raises(PicksError, match="no tomogram in"):
        read(folder, tomograms=folder / "volumes")


def test_command(folder, capsys):
    arguments = ["evaluate", f"{folder}/picks.csv", f"{folder}/truth.csv"]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "F2 0.909"  # 10 / 11
    assert "  error, median (Å)           35.0" in lines
    assert main([*arguments, "--threshold", "0.5"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "F2 1.000"
    assert main([*arguments, "--threshold", "0.5", "--radius", "35"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "F2 0.556"  # 5 / (5 + 4)


@pytest.mark.parametrize(
    ("option", "value"), [("--radius", "0"), ("--radius", "nan"), ("--threshold", "nan")]
)
def test_impossible_options(folder, capsys, option, value):
    arguments = ["evaluate", f"{folder}/picks.csv", f"{folder}/truth.csv", option, value]
    assert main(arguments) == 2
    assert option in capsys.readouterr().err


def test_tables_and_plots(folder, capsys):
    plots = folder / "deep" / "plots"
    arguments = ["evaluate", f"{folder}/picks.csv", f"{folder}/truth.csv", "--plots", f"{plots}"]
    assert main(arguments) == 0
    assert str(plots) in capsys.readouterr().out
    figures = ("precision-recall", "thresholds", "reliability", "localisation", "groups")
    tables = ("summary", "tomograms", "motors", "groups", "thresholds", "reliability")
    assert {path.name for path in plots.iterdir()} == {
        *(f"{name}.{suffix}" for name in figures for suffix in ("png", "svg")),
        *(f"{name}.csv" for name in tables),
    }
    assert (plots / "reliability.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (plots / "groups.svg").read_text(encoding="utf-8")
    outcomes = pd.read_csv(plots / "tomograms.csv").set_index("tomogram")["outcome"].to_dict()
    assert outcomes == {"a": "found", "b": "found", "c": "false alarm", "d": "rightly empty"}
    distances = pd.read_csv(plots / "motors.csv")["distance_angstrom"].tolist()
    assert distances == pytest.approx([30, math.nan, 40], nan_ok=True)


def test_plots_of_nothing(folder):
    write(folder / "picks.csv", (HEADER,))
    write(folder / "truth.csv", (HEADER,))
    data = read(folder)
    figures = draw_plots(score_picks(data.found, data.truth), ())
    for figure in figures.values():
        figure.draw_without_rendering()
    assert "groups" not in figures


def test_a_file_in_the_way_of_the_folder(folder):
    data = read(folder)
    with pytest.raises(MotorscopeError, match=r"picks\.csv cannot be made"):
        write_report(folder / "picks.csv", data, score_picks(data.found, data.truth))


def test_without_matplotlib(folder, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    data = read(folder)
    scores = score_picks(data.found, data.truth)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MotorscopeError, match=r"matplotlib.*napari-motorscope\[train\]"):
        write_report(folder / "plots", data, scores)
    assert not (folder / "plots").exists()
