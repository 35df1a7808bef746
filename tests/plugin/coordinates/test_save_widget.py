"""The dialog that saves motors: what it offers, and what is written where."""

import numpy as np
import pytest
from napari.components import ViewerModel

from motorscope.errors import PicksError
from motorscope.picks import PickTable, read_picks
from motorscope.picks.formats import FORMATS, format_of_file, read_coordinates
from motorscope.plugin.coordinates import save_widget as save
from motorscope.plugin.layers.looks import picks_arguments
from motorscope.tomogram import VoxelGrid

GRID = VoxelGrid(shape=(40, 60, 50), spacing=(12.5, 12.5, 12.5), origin=(100.0, -50.0, 25.0))
VOXELS = np.array([[3.25, 50.5, 12.0], [30.0, 7.125, 44.75], [12.5, 22.0, 3.0]])


@pytest.fixture
def points():
    table = PickTable.from_positions(GRID.to_world(VOXELS), [0.9, 0.8, 0.7], status="accepted")
    table = table.set_status([1], "candidate").set_status([2], "rejected")
    return ViewerModel().add_points(**picks_arguments(table, GRID, "tomo", ""))


@pytest.fixture
def answer(monkeypatch):
    def choose(path, title=""):
        def dialog(parent, caption, proposed, filters):
            return str(path), next(each for each in filters.split(";;") if title in each)

        monkeypatch.setattr(
            "motorscope.plugin.coordinates.save_widget.QFileDialog.getSaveFileName", dialog
        )

    return choose


OTHERS = [form for form in FORMATS if form.name not in ("csv", "npy")]


@pytest.mark.parametrize("form", OTHERS, ids=lambda form: form.name)
def test_every_format_of_others_is_offered_and_written(form, points, answer, tmp_path):
    if form.package:
        pytest.importorskip(form.package)
    answer(tmp_path / "motors", form.title)
    count = 1 if form.name == "submission" else 2  # the rejected one stays out
    said = save.ask_and_save(points, tmp_path)
    path = tmp_path / f"motors{form.suffixes[0]}"
    statuses = "1 accepted" if form.name == "submission" else "1 accepted, 1 undecided"
    assert said == f"{count} motor{'s' * (count != 1)} written to {path.name} ({statuses})."
    assert format_of_file(path) is form
    ((table, _),) = read_coordinates(path, GRID).values()
    np.testing.assert_allclose(GRID.to_voxels(table.positions), VOXELS[:count], atol=0.01)


@pytest.mark.parametrize("form", OTHERS, ids=lambda form: form.name)
def test_every_format_can_hold_the_accepted_ones_only(form, points, answer, tmp_path):
    if form.package:
        pytest.importorskip(form.package)
    answer(tmp_path / "motors", f"{form.title}, accepted only")
    assert save.ask_and_save(points, tmp_path).startswith("1 motor written")
    ((table, _),) = read_coordinates(tmp_path / f"motors{form.suffixes[0]}", GRID).values()
    np.testing.assert_allclose(GRID.to_voxels(table.positions), VOXELS[:1], atol=0.01)


def test_the_file_before_is_kept_and_another_suffix_replaced(points, answer, tmp_path):
    answer(tmp_path / "motors.csv", "Accepted motors only")
    assert save.ask_and_save(points, tmp_path) == "1 motor written to motors.csv (1 accepted)."
    first = (tmp_path / "motors.csv").read_bytes()
    answer(tmp_path / "motors.csv", "All motors")
    said = save.ask_and_save(points, tmp_path)
    assert said == (
        "3 motors written to motors.csv (1 accepted, 1 undecided, 1 rejected); "
        "the file before is motors.bak.csv."
    )
    assert (tmp_path / "motors.bak.csv").read_bytes() == first
    assert read_picks(tmp_path / "motors.csv")["status"].tolist()[-1] == "rejected"
    # The dialog proposes a CSV, and does not change that when another kind is chosen.
    answer(tmp_path / "motors.csv", "CryoET Data Portal")
    assert save.ask_and_save(points, tmp_path) == (
        "2 motors written to motors.ndjson (1 accepted, 1 undecided)."
    )
    with pytest.raises(PicksError, match=r"motors\.ndjson exists already; name it in full"):
        save.ask_and_save(points, tmp_path)


def test_nothing_is_written_without_an_answer(points, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "motorscope.plugin.coordinates.save_widget.QFileDialog.getSaveFileName", lambda *_: ("", "")
    )
    assert save.ask_and_save(points, tmp_path) == ""
    assert not list(tmp_path.iterdir())
