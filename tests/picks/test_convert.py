import json

import numpy as np
import pytest

from motorscope.cli import main
from motorscope.errors import PicksError, SpacingError
from motorscope.picks import PickTable, read_picks, write_picks
from motorscope.picks.convert import convert
from motorscope.picks.formats import FORMATS, read_coordinates
from motorscope.tomogram.grid import VoxelGrid

GRID = VoxelGrid(shape=(40, 60, 80), spacing=(12.5,) * 3)
TABLE = PickTable.from_positions(GRID.to_world([(1, 2, 3), (4, 5.5, 6)]), [0.5, 0.75])


@pytest.fixture
def picks(tmp_path):
    path = tmp_path / "picks.csv"
    write_picks(path, {"a": (TABLE, GRID)})
    return path


def counts(written):
    return {name: len(table) for name, table in written.items()}


def test_there_and_back(picks, tmp_path):
    assert counts(convert(picks, tmp_path / "a.star", shape=GRID.shape)) == {"a": 2}
    convert(tmp_path / "a.star", tmp_path / "a.mod", spacing=12.5, shape=GRID.shape)
    convert(tmp_path / "a.mod", tmp_path / "a.tbl")
    convert(tmp_path / "a.tbl", tmp_path / "a.ndjson", spacing=12.5)
    convert(tmp_path / "a.ndjson", tmp_path / "back.csv", spacing=12.5)
    back = read_picks(tmp_path / "back.csv")
    np.testing.assert_allclose(back[["z", "y", "x"]], [(1, 2, 3), (4, 5.5, 6)], atol=0.01)


def test_accepted_picks_only_on_demand(tmp_path, capsys):
    source, target = str(tmp_path / "picks.csv"), str(tmp_path / "a.npy")
    write_picks(source, {"a": (TABLE.set_status([1], "accepted"), GRID)})
    assert main(["convert", source, target, "--accepted"]) == 0
    said = capsys.readouterr().err
    assert said == f"1 pick of 1 tomogram written to {target} (1 accepted).\n"
    np.testing.assert_allclose(np.load(target), [(4, 5.5, 6)], atol=0.01)


def test_rejected_picks_are_not_counted_where_they_are_not_written(tmp_path, capsys):
    source = str(tmp_path / "picks.csv")
    table = TABLE.set_status([0], "rejected").set_status([1], "accepted")
    write_picks(source, {"a": (table, GRID)})
    assert main(["convert", source, str(tmp_path / "a.npy")]) == 0
    assert "1 pick of 1 tomogram" in (said := capsys.readouterr().err)
    assert said.endswith("(1 accepted).\n")
    assert main(["convert", source, str(tmp_path / "b.csv")]) == 0
    assert capsys.readouterr().err.endswith("(1 accepted, 1 rejected).\n")


@pytest.mark.parametrize("spacing", [(12.5,) * 3, (10.0, 12.0, 14.0)])
@pytest.mark.parametrize("origin", [(0.0, 0.0, 0.0), (100.0, 0.0, -7.5)])
def test_our_csv_knows_its_spacing_and_origin(spacing, origin, tmp_path):
    grid = VoxelGrid(GRID.shape, spacing, origin)
    table = PickTable.from_positions(grid.to_world([(1, 2, 3), (4, 5.5, 6), (30, 20, 10)]))
    write_picks(tmp_path / "picks.csv", {"a": (table, grid)})
    convert(tmp_path / "picks.csv", tmp_path / "a.npy")
    voxels = np.load(tmp_path / "a.npy")
    np.testing.assert_allclose(voxels, [(1, 2, 3), (4, 5.5, 6), (30, 20, 10)], atol=0.01)


def test_a_single_pick_with_an_origin_needs_the_spacing(tmp_path):
    moved = VoxelGrid(GRID.shape, GRID.spacing, origin=(100.0, 0.0, 0.0))
    table = PickTable.from_positions(moved.to_world([(1, 2, 3)]))
    write_picks(tmp_path / "picks.csv", {"a": (table, moved)})
    with pytest.raises(PicksError, match="--spacing"):
        convert(tmp_path / "picks.csv", tmp_path / "a.npy")
    convert(tmp_path / "picks.csv", tmp_path / "a.npy", spacing=12.5)
    np.testing.assert_allclose(np.load(tmp_path / "a.npy"), [(1, 2, 3)], atol=0.01)


def test_a_spacing_that_contradicts_our_csv_is_refused(picks, tmp_path):
    with pytest.raises(PicksError, match=r"spacing 13 Å does not fit .* tomogram a"):
        convert(picks, tmp_path / "a.npy", spacing=13)


def test_what_must_be_known_is_asked_for(picks, tmp_path):
    with pytest.raises(PicksError, match="--shape"):
        convert(picks, tmp_path / "a.star")
    np.save(tmp_path / "a.npy", [(4.0, 8.0, 12.0)])
    with pytest.raises(PicksError, match=r"--spacing\).* --binning"):
        convert(tmp_path / "a.npy", tmp_path / "b.csv")
    with pytest.raises(SpacingError, match="positive"):
        convert(tmp_path / "a.npy", tmp_path / "b.csv", spacing=0)
    with pytest.raises(PicksError, match="no format 'eman'"):
        convert(picks, tmp_path / "a.hdf", to_format="eman")
    assert not (tmp_path / "b.csv").exists()


def test_binning_is_of_the_source(tmp_path):
    np.save(tmp_path / "a.npy", [(4.0, 8.0, 12.0)])
    convert(tmp_path / "a.npy", tmp_path / "b.csv", spacing=(10, 20, 30), binning=4)
    row = read_picks(tmp_path / "b.csv").iloc[0]
    assert (row["z"], row["y"], row["x"]) == (1, 2, 3)
    assert (row["z_angstrom"], row["y_angstrom"], row["x_angstrom"]) == (10, 40, 90)


def test_folders_of_one_file_a_tomogram(tmp_path):
    path, folder = tmp_path / "picks.csv", tmp_path / "models"
    folder.mkdir()
    write_picks(path, dict.fromkeys(("a", "b"), (TABLE, GRID)))
    with pytest.raises(PicksError, match="say with --to"):
        convert(path, folder)
    with pytest.raises(PicksError, match="write into a folder"):
        convert(path, tmp_path / "a.mod")
    assert counts(convert(path, folder, to_format="imod")) == {"a": 2, "b": 2}
    assert sorted(p.name for p in folder.iterdir()) == ["a.mod", "b.mod"]
    with pytest.raises(PicksError, match="say with --from"):
        convert(folder, tmp_path / "back.csv")
    with pytest.raises(PicksError, match=r"no files with the suffix \.tbl"):
        convert(folder, tmp_path / "back.csv", from_format="dynamo")
    back = convert(folder, tmp_path / "back.csv", from_format="imod")
    assert counts(back) == {"a": 2, "b": 2}


def test_real_labels_to_our_csv(shared_data, tmp_path):
    written = counts(convert(shared_data / "motor_labels_kaggle.csv", tmp_path / "picks.csv"))
    assert len(written) == 648
    frame = read_picks(tmp_path / "picks.csv")
    assert len(frame) == sum(written.values())
    assert frame["tomogram"].nunique() == sum(count > 0 for count in written.values())


def test_the_command(picks, tmp_path, capsys):
    target = tmp_path / "a.star"
    assert main(["convert", str(picks), str(target)]) == 2
    assert "--shape Z Y X" in capsys.readouterr().err
    assert main(["convert", str(picks), str(target), "--shape", "40", "60", "80"]) == 0
    said = capsys.readouterr().err
    assert said == f"2 picks of 1 tomogram written to {target} (2 undecided).\n"
    options = [
        "--from",
        "relion5",
        "--to",
        "imod",
        "--spacing",
        "12.5",
        "--shape",
        "40",
        "60",
        "80",
    ]
    assert main(["convert", str(target), str(tmp_path), *options]) == 0
    assert (tmp_path / "a.mod").exists()


def test_the_commands_help_names_every_format(capsys):
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    text = capsys.readouterr().out
    assert [form.name for form in FORMATS if form.name not in text] == []


@pytest.mark.parametrize("target", ["a.csv", "a.npy", "a.json", "a.ndjson"])
def test_a_file_that_exists_is_replaced_only_on_demand_and_kept(picks, target, tmp_path):
    if target == "a.json":
        pytest.importorskip("copick")  # a JSON file is taken for copick's
    path = tmp_path / target
    path.write_text("somebody's work")
    with pytest.raises(PicksError, match=rf"{target} exists already; .*--overwrite.*a\.bak\."):
        convert(picks, path)
    assert path.read_text() == "somebody's work"
    convert(picks, path, overwrite=True)
    assert path.with_stem("a.bak").read_text() == "somebody's work"
    assert path.read_bytes() != b"somebody's work"


def test_what_lies_beside_a_table_is_kept_too(picks, tmp_path):
    pytest.importorskip("dynamotable")
    (tmp_path / "a.doc").write_text("7 other\n")
    with pytest.raises(PicksError, match=r"a\.doc exists already"):
        convert(picks, tmp_path / "a.tbl")
    assert not (tmp_path / "a.tbl").exists()
    convert(picks, tmp_path / "a.tbl", overwrite=True)
    assert (tmp_path / "a.bak.doc").read_text() == "7 other\n"


def test_into_a_folder_nothing_is_written_if_one_file_exists(tmp_path):
    path, folder = tmp_path / "picks.csv", tmp_path / "points"
    folder.mkdir()
    write_picks(path, dict.fromkeys(("a", "b"), (TABLE, GRID)))
    (folder / "b.ndjson").write_text("")
    with pytest.raises(PicksError, match=r"b\.ndjson exists already"):
        convert(path, folder, to_format="portal")
    assert [each.name for each in folder.iterdir()] == ["b.ndjson"]
    convert(path, folder, to_format="portal", overwrite=True)
    assert sorted(each.name for each in folder.iterdir()) == [
        "a.ndjson",
        "b.bak.ndjson",
        "b.ndjson",
    ]


def test_a_copick_project_is_added_to_and_our_earlier_set_kept(picks, tmp_path):
    pytest.importorskip("copick")
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "config_type": "filesystem",
                "name": "motors",
                "description": "",
                "version": "1.0",
                "pickable_objects": [{"name": "motor", "is_particle": True, "label": 1}],
                "overlay_root": f"local://{tmp_path}/overlay",
            }
        )
    )
    run = tmp_path / "overlay" / "ExperimentRuns" / "a"
    run.mkdir(parents=True)
    before = config.read_bytes()
    convert(picks, config, to_format="copick")
    assert config.read_bytes() == before
    with pytest.raises(PicksError, match=r"motorscope_0_motor\.json exists already"):
        convert(picks, config, to_format="copick")
    convert(picks, config, to_format="copick", overwrite=True)
    assert len(list(run.rglob("*motorscope_0_motor*.json"))) == 2
    assert {name: len(table) for name, (table, _) in read_coordinates(config).items()} == {"a": 2}


def test_the_command_says_how_to_overwrite(picks, tmp_path, capsys):
    target = tmp_path / "a.ndjson"
    assert main(["convert", str(picks), str(target)]) == 0
    capsys.readouterr()
    assert main(["convert", str(picks), str(target)]) == 2
    assert capsys.readouterr().err.startswith(f"motorscope: {target} exists already; ")
    assert main(["convert", str(picks), str(target), "--overwrite"]) == 0
