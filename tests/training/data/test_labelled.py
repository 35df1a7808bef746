import shutil
from pathlib import Path

import numpy as np
import pytest

from motorscope.errors import ConfigError, PicksError
from motorscope.picks import PickTable, write_picks
from motorscope.tomogram import VoxelGrid, write_heatmap, write_mrc
from motorscope.training.data.labelled import read_labelled
from motorscope.training.settings.crop_config import DataConfig

GRID = VoxelGrid((40, 48, 56), (8.0, 8.0, 8.0))
PLACES = np.array([[160.0, 176.0, 248.0], [80.0, 80.0, 80.0], [200.0, 300.0, 300.0]])


def reading(folder: Path, picks: Path, **options: object):
    data = DataConfig(tomograms=str(folder), picks=str(picks), **options)
    return {one.name: one for one in read_labelled(data)}


def test_the_layout_of_the_competition_is_read(competition):
    found = reading(*competition)
    assert {name: len(one.motors) for name, one in found.items()} == {
        "tomo_003acc": 0,
        "tomo_00e047": 1,
        "tomo_0308c5": 2,
    }
    one = found["tomo_00e047"]
    assert one.grid.spacing == (16.0, 16.0, 16.0)
    np.testing.assert_allclose(one.motors, [[320.0, 352.0, 496.0]])
    assert not len(one.rejected)
    tomogram = one.open()
    assert tomogram.grid.spacing == (16.0, 16.0, 16.0)
    place = np.unravel_index(np.asarray(tomogram.data).argmax(), tomogram.grid.shape)
    np.testing.assert_allclose(place, (20, 22, 31), atol=1)


def test_a_label_without_a_folder_is_named(competition):
    folder, labels = competition
    shutil.rmtree(folder / "tomo_00e047")
    with pytest.raises(ConfigError, match=r"train_labels\.csv has rows of tomo_00e047, which is"):
        reading(folder, labels)


def test_a_folder_without_a_label_is_named(competition):
    folder, labels = competition
    shutil.copytree(folder / "tomo_00e047", folder / "tomo_new")
    with pytest.raises(ConfigError, match=r"no row of tomo_new, which is .*-1 on each axis"):
        reading(folder, labels)


def test_labels_without_a_column_are_no_labels(competition):
    folder, labels = competition
    labels.write_text(labels.read_text().replace("Array shape (axis 1)", "Shape y"))
    with pytest.raises(PicksError, match=r"train_labels\.csv lacks the column .*axis 1"):
        reading(folder, labels)


def test_a_labelled_motor_outside_of_its_volume_is_named(competition):
    folder, labels = competition
    labels.write_text(labels.read_text().replace("20.0,22.0,31.0", "20.0,22.0,131.0"))
    with pytest.raises(ConfigError, match=r"tomo_00e047 lies at voxel \(20\.0, 22\.0, 131\.0\)"):
        reading(folder, labels)


def test_slices_of_another_shape_than_the_labels_say_are_refused(competition):
    folder, labels = competition
    (folder / "tomo_00e047" / "slice_0039.jpg").unlink()
    one = reading(folder, labels)["tomo_00e047"]
    with pytest.raises(ConfigError, match=r"tomo_00e047 has 39 × 48 × 56 .* 40 × 48 × 56"):
        one.open()


def test_accepted_and_own_picks_are_motors_and_the_rest_is_told_apart(labelled_folder):
    table = PickTable.from_positions(
        PLACES, scores=0.9, status=["accepted", "rejected", "candidate"]
    )
    table = table.add([[96.0, 96.0, 96.0]], origin="user", status="candidate")
    found = reading(*labelled_folder(seen=table, empty=None))
    np.testing.assert_allclose(found["seen"].motors, [PLACES[0], [96.0, 96.0, 96.0]])
    np.testing.assert_allclose(found["seen"].rejected, PLACES[[1]])
    np.testing.assert_allclose(found["seen"].undecided, PLACES[[2]])
    assert not len(found["empty"].motors)


def test_heatmap_in_the_folder_is_no_tomogram_without_motors(labelled_folder):
    folder, file = labelled_folder(seen=PickTable.from_positions(PLACES))
    write_heatmap(folder / "seen_heatmap.mrc", np.zeros(GRID.shape, np.float32), GRID)
    assert list(reading(folder, file)) == ["seen"]


def test_the_spacing_of_a_tomogram_that_says_none_is_that_of_its_picks(tmp_path):
    folder, picks = tmp_path / "tomograms", tmp_path / "picks.csv"
    folder.mkdir()
    for name, spacing in (("a", 8.0), ("b", 13.1)):
        bare = VoxelGrid(GRID.shape, None)
        write_mrc(
            folder / f"{name}.mrc", np.random.default_rng(0).random(GRID.shape, np.float32), bare
        )
        grid = bare.with_spacing(spacing)
        table = PickTable.from_positions(grid.to_world([[20.0, 22.0, 31.0]]), origin="user")
        tables = {name: (table, grid)}
        write_picks(tmp_path / f"{name}.csv", tables)
    first, second = ((tmp_path / f"{name}.csv").read_text().splitlines() for name in "ab")
    picks.write_text("\n".join([*first, second[1]]) + "\n")
    found = reading(folder, picks)
    assert [found[name].grid.spacing[0] for name in "ab"] == [8.0, 13.1]
    write_mrc(folder / "c.mrc", np.zeros(GRID.shape, np.float32), bare)
    with pytest.raises(ConfigError, match=r"c\.mrc does not say its voxel spacing.*--spacing"):
        reading(folder, picks)


def test_two_files_that_differ_on_the_spacing_are_not_reconciled(labelled_folder):
    folder, picks = labelled_folder(seen=PickTable.from_positions(PLACES[:1], status="accepted"))
    write_mrc(folder / "seen.mrc", np.zeros(GRID.shape, np.float32), GRID.with_spacing(4.0))
    with pytest.raises(ConfigError, match=r"counts in voxels of 8 Å, but .*seen\.mrc says 4 Å"):
        reading(folder, picks)
    chosen = reading(folder, picks, tomogram_spacing=8.0)["seen"]
    assert chosen.grid.spacing == (8.0, 8.0, 8.0)


def test_what_does_not_fit_is_named(labelled_folder, tmp_path):
    folder, picks = labelled_folder(seen=PickTable.from_positions(PLACES[:1], status="accepted"))
    with pytest.raises(ConfigError, match="there is no folder"):
        reading(folder / "x", picks)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ConfigError, match="holds no tomograms"):
        reading(tmp_path / "nothing", picks)
    with pytest.raises(PicksError, match=r"gone\.csv"):
        reading(folder, tmp_path / "gone.csv")
    shutil.copy(folder / "seen.mrc", folder / "seen.rec")
    with pytest.raises(ConfigError, match="have the same name"):
        reading(folder, picks)
    (folder / "seen.rec").unlink()
    star = tmp_path / "points.star"
    star.write_text("data_\nloop_\n_rlnCoordinateX\n1\n")
    with pytest.raises(ConfigError, match="motorscope convert"):
        reading(folder, star)
    far = PickTable.from_positions([[160.0, 176.0, 2480.0]], status="accepted")
    write_picks(picks, {"seen": (far, GRID)})
    with pytest.raises(ConfigError, match=r"pick of seen lies at voxel \(20\.0, 22\.0, 310\.0\)"):
        reading(folder, picks)
    write_picks(picks, dict.fromkeys(("absent", "b", "c", "d"), (far, GRID)))
    with pytest.raises(ConfigError, match=r"rows of absent, b, c, …, which are not in the folder"):
        reading(folder, picks)
    text = picks.read_text().replace(",status", ",state")
    picks.write_text(text)
    with pytest.raises(PicksError, match=r"picks\.csv lacks the column status"):
        reading(folder, picks)
