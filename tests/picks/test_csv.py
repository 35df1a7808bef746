import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from motorscope.errors import PicksError, SpacingError
from motorscope.picks import ORIGINS, STATUSES, PickTable, pick_tables, read_picks, write_picks
from motorscope.picks.csv import COLUMNS
from motorscope.tomogram.grid import VoxelGrid

HEADER = ",".join(COLUMNS)
GRID = VoxelGrid(shape=(30, 90, 80), spacing=(13.1, 13.1, 13.1), origin=(5.0, 0.0, -7.0))

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
grids = st.builds(
    VoxelGrid,
    shape=st.just((10, 10, 10)),
    spacing=st.tuples(*[st.floats(0.5, 50)] * 3),
    origin=st.tuples(*[st.floats(-1e4, 1e4)] * 3),
)


@st.composite
def tables(draw):
    count = draw(st.integers(0, 6))
    positions = draw(hnp.arrays(float, (count, 3), elements=st.floats(-1e5, 1e5)))
    table = PickTable.empty()
    for position in positions:
        table = table.add(
            position,
            scores=draw(st.one_of(st.just(np.nan), st.floats(0, 1))),
            origin=draw(st.sampled_from(ORIGINS)),
            status=draw(st.sampled_from(STATUSES)),
            note=draw(names),
        )
    for number in draw(st.sets(st.integers(0, count - 1))) if count else ():
        table = table.remove(number)
    return table


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(names, st.tuples(tables(), grids), max_size=4), st.booleans())
def test_round_trip(tmp_path_factory, contents, details):
    path = tmp_path_factory.mktemp("csv") / "picks.csv"
    write_picks(path, contents, details=details)
    back = pick_tables(read_picks(path))
    assert list(back) == [name for name, (table, _) in contents.items() if len(table)]
    for name, table in back.items():
        original, grid = contents[name]
        assert (table.ids == original.ids).all()
        np.testing.assert_allclose(table.positions, original.positions, atol=1e-4)
        np.testing.assert_allclose(table.scores, original.scores, atol=1e-6)
        same = ["origin", "status", *(["note"] if details else [])]
        assert table.frame[same].equals(original.frame[same])
    for row in read_picks(path).itertuples():
        _, grid = contents[row.tomogram]
        world = grid.to_world((row.z, row.y, row.x))
        np.testing.assert_allclose(
            world, (row.z_angstrom, row.y_angstrom, row.x_angstrom), atol=0.01 * min(grid.spacing)
        )


def test_columns_and_numbers_as_documented(tmp_path):
    table = PickTable.from_positions(GRID.to_world([(1, 2.5, 3)]), 0.75)
    write_picks(tmp_path / "picks.csv", {"a": (table, GRID)})
    lines = (tmp_path / "picks.csv").read_text().splitlines()
    assert lines == [HEADER, "a,0,1.0,2.5,3.0,18.1,32.75,32.3,0.75,model,candidate"]
    assert HEADER == ("tomogram,id,z,y,x,z_angstrom,y_angstrom,x_angstrom,score,origin,status")


def test_without_picks_only_the_header(tmp_path):
    path = tmp_path / "picks.csv"
    write_picks(path, {})
    assert path.read_text() == HEADER + "\n"
    write_picks(path, {"a": (PickTable.empty(), GRID)})
    assert path.read_text() == HEADER + "\n"
    assert len(read_picks(path)) == 0
    assert pick_tables(read_picks(path)) == {}


def test_names_that_look_like_numbers_or_nothing_stay_text(tmp_path):
    table = PickTable.from_positions([(0, 0, 0)])
    contents = dict.fromkeys(("001", "NA", "nan", 'a,"b"', "x y", "1e5"), (table, GRID))
    write_picks(tmp_path / "picks.csv", contents)
    assert list(pick_tables(read_picks(tmp_path / "picks.csv"))) == list(contents)


def test_further_columns_are_kept_with_their_types(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text(
        f"\ufeff{HEADER},species,tilt,code\n"
        "a,0,1,2,3,10,20,30,,model,candidate,vibrio,12.5,1\n"
        "b,0,1,2,3,10,20,30,0.5,user,accepted,,,2\n"
    )
    frame = read_picks(path)
    assert list(frame["species"]) == ["vibrio", ""]
    assert frame["tilt"].iloc[0] == 12.5
    assert np.isnan(frame["tilt"].iloc[1])
    assert list(frame["code"]) == [1, 2]
    assert np.isnan(frame["score"].iloc[0])
    assert list(pick_tables(frame)) == ["a", "b"]


ROW = "a,0,1,2,3,10,20,30,0.5,model,candidate"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ["is empty", "begins with the line"]),
        ("tomogram,id,z\n", ["lacks the columns y, x", "begins with the line"]),
        (HEADER.replace("score,", "") + "\n", ["lacks the column score"]),
        (f"{HEADER}\n{ROW}\n{ROW.replace('20', 'far')}\n", ["line 3", "y_angstrom", "'far'"]),
        (f"{HEADER}\n{ROW.replace(',2,', ',,')}\n", ["line 2", "column y: '' is not a number"]),
        (f"{HEADER}\n{ROW.replace('30', 'inf')}\n", ["line 2", "x_angstrom", "'inf'"]),
        (f"{HEADER}\n{ROW.replace('30', 'nan')}\n", ["line 2", "x_angstrom", "'nan'"]),
        (f"{HEADER}\n{ROW.replace('a,0', 'a,0.5')}\n", ["line 2", "column id", "'0.5'"]),
        (f"{HEADER}\n{ROW.replace('0.5', 'high')}\n", ["line 2", "column score", "'high'"]),
        (f"{HEADER}\n{ROW.replace('model', 'me')}\n", ["line 2", "origin", "model, user, alike"]),
        (f"{HEADER}\n{ROW.replace('candidate', 'ok')}\n", ["line 2", "status", "accepted"]),
        (f"{HEADER}\n{ROW}\n{ROW}\n", ["line 3", "id 0 occurs twice", "tomogram a"]),
        (f"{HEADER}\n{ROW},7\n", ["line 2", "12 values", "11 columns"]),
        (f"{HEADER}\na,0,1\n", ["line 2", "3 values"]),
        (f"{HEADER},z\n", ["column 'z' twice"]),
        (f'{HEADER}\n"a,0\n', ["line 2", "not a CSV"]),
    ],
)
def test_bad_tables_are_refused_with_the_place(tmp_path, text, says):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(PicksError) as error:
        read_picks(path)
    for words in (str(path), *says):
        assert words in str(error.value)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\xff", b"a\0b", "é".encode("utf-16")])
def test_files_that_are_no_text(tmp_path, content):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(PicksError, match=r"bad\.csv is not a CSV of picks"):
        read_picks(path)


def test_absent_file_and_folder(tmp_path):
    with pytest.raises(PicksError, match=r"no\.csv cannot be read \(no such file"):
        read_picks(tmp_path / "no.csv")
    with pytest.raises(PicksError, match=r"cannot be written \(no such file"):
        write_picks(tmp_path / "no" / "picks.csv", {})
    with pytest.raises(PicksError, match="cannot be written"):
        write_picks(tmp_path, {})


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "picks.csv"
    write_picks(path, {})
    table = PickTable.from_positions([(0, 0, 0)])
    with pytest.raises(SpacingError):
        write_picks(path, {"a": (table, VoxelGrid((3, 3, 3), None))})
    assert path.read_text() == HEADER + "\n"
    assert list(tmp_path.iterdir()) == [path]


def test_an_id_after_which_there_is_none_is_refused(tmp_path):
    path = tmp_path / "picks.csv"
    write_picks(path, {"a": (PickTable.from_positions([[1.0, 2.0, 3.0]]), GRID)})
    path.write_text(path.read_text().replace("a,0,", f"a,{2**63 - 1},"))
    with pytest.raises(PicksError, match=r"picks\.csv, line 2, column id"):
        read_picks(path)
