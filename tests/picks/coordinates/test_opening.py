"""Whose picks a file of coordinates has, on which open tomogram they lie, and what is told."""

import importlib.util

import numpy as np
import pytest

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.picks.coordinates.opening import open_file, open_on
from motorscope.picks.coordinates.placing import Volume, check_inside, likely_binning
from motorscope.picks.formats import write_coordinates
from motorscope.tomogram import VoxelGrid

GRID = VoxelGrid(shape=(40, 60, 50), spacing=(12.5, 12.5, 12.5), origin=(100.0, -50.0, 25.0))
VOXELS = np.array([[3.25, 50.5, 12.0], [30.0, 7.125, 44.75], [12.5, 22.0, 3.0]])
MINE = Volume("mine", GRID, "1")
TABLE = PickTable.from_positions(GRID.to_world(VOXELS), [0.9, 0.8, 0.7], status="accepted")

needs_formats = pytest.mark.skipif(
    importlib.util.find_spec("starfile") is None, reason="the extra formats is not installed"
)


def test_nameless_points_go_to_the_selected_tomogram_and_say_so(tmp_path):
    first, second = Volume("first", GRID, "1"), Volume("second", GRID, "2")
    path = tmp_path / "list.npy"
    np.save(path, VOXELS)
    (placed,), remarks = open_file(path, [first, second], active=second)
    assert placed.on == second
    assert remarks == ["list.npy does not name its tomogram; its points are placed on 'second'."]
    assert placed.voxels == pytest.approx(VOXELS)


def test_names_with_something_appended_are_the_same_tomogram(tmp_path):
    path = tmp_path / "picks.csv"
    write_coordinates(path, {"TS_01": (TABLE, GRID), "TS_0": (TABLE, GRID)})
    (placed,), remarks = open_file(path, [Volume("TS_01_12.50Apx", GRID)])
    assert remarks == [
        "picks.csv: picks of 'TS_01' are placed on 'TS_01_12.50Apx'.",
        "picks.csv: picks of 1 tomogram that is not open left out.",
    ]
    assert placed.table.positions == pytest.approx(TABLE.positions, abs=0.01)


def test_voxels_of_other_tomograms_are_not_laid_over_the_open_one(tmp_path):
    path = tmp_path / "list.json"
    path.write_text('{"TS_7": [[1, 2, 3]], "TS_8": [[4, 5, 6]]}')
    with pytest.raises(PicksError, match=r"TS_7, TS_8, .* Open coordinates, which asks"):
        open_file(path, [MINE])
    assert open_on(path, MINE, name="TS_8").voxels == pytest.approx(np.array([[4, 5, 6]]))


def test_picks_of_other_tomograms_are_not_placed_on_this_one(tmp_path):
    path = tmp_path / "picks.csv"
    write_coordinates(path, {"a": (TABLE, GRID), "b": (TABLE, GRID)})
    with pytest.raises(PicksError, match=r"picks of a, b; none of 'mine'"):
        open_on(path, MINE)
    write_coordinates(path, {"a": (TABLE, GRID)})
    placed = open_on(path, MINE)
    assert placed.remarks == ("picks.csv: picks of 'a' are placed on 'mine'.",)
    assert placed.voxels == pytest.approx(VOXELS, abs=1e-3)


@needs_formats
def test_relion5_without_its_tomogram_asks_for_it(tmp_path):
    path = tmp_path / "particles.star"
    write_coordinates(path, {"tomo": (TABLE, GRID)})
    with pytest.raises(PicksError, match="open the tomogram first"):
        open_file(path, [])


def test_points_of_another_binning_are_outside_and_the_likely_one_is_said(tmp_path):
    path = tmp_path / "list.npy"
    np.save(path, 4 * VOXELS)
    (placed,), _ = open_file(path, [MINE])
    assert "lie outside of 'mine'" in placed.remarks[-1]
    assert f"perhaps {likely_binning(4 * VOXELS, GRID)}" in placed.remarks[-1]
    with pytest.raises(PicksError, match="with its binning"):
        check_inside(placed.table, "list", MINE)
    check_inside(open_on(path, MINE, binning=4).table, "list", MINE)
