"""Every tomogram has its own journal, and finds it again."""

import numpy as np
import pytest
import tifffile

from motorscope.picks import PickTable
from motorscope.review import Journal
from motorscope.review.journal.place import journal_at, namesakes_in, open_journal_at
from motorscope.tomogram import VoxelGrid, write_mrc

SHAPE = (4, 6, 5)
PICKS = PickTable.from_positions([[1.0, 2, 3]], [0.9])


@pytest.fixture
def write(tmp_path):
    def write(name):
        path = tmp_path / name
        if path.suffix == ".tif":
            tifffile.imwrite(path, np.zeros(SHAPE, np.uint8), photometric="minisblack")
        else:
            write_mrc(path, np.zeros(SHAPE, np.int8), VoxelGrid(SHAPE, (16.0,) * 3))
        return path

    return write


@pytest.fixture
def place(tmp_path):
    return lambda path: journal_at(path, "a", tmp_path).name


def test_alone_a_tomogram_has_the_journal_of_its_name(write, place):
    assert place(write("a.tif")) == "a.motorscope.jsonl"
    write("ab.mrc")
    write("a_heatmap.mrc")
    assert place(write("a.tif")) == "a.motorscope.jsonl"


def test_of_two_the_first_by_name_has_it_where_nothing_is_written_yet(write, place):
    mrc, tif = write("a.mrc"), write("a.tif")
    assert place(mrc) == "a.motorscope.jsonl"
    assert place(tif) == "a.tif.motorscope.jsonl"


def test_journal_of_earlier_versions_is_found(write, place, tmp_path):
    mrc, tif = write("a.mrc"), write("a.tif")
    with Journal(tmp_path / "a.motorscope.jsonl") as journal:
        journal.record(PICKS)
    assert place(mrc) == "a.motorscope.jsonl"
    assert place(tif) == "a.tif.motorscope.jsonl"


def test_picks_stay_with_their_tomogram_when_another_of_its_name_comes(write, place, tmp_path):
    tif = write("a.tif")
    with open_journal_at(tmp_path / place(tif), tif) as journal:
        journal.record(PICKS)
    mrc = write("a.mrc")
    assert place(tif) == "a.motorscope.jsonl"
    assert place(mrc) == "a.mrc.motorscope.jsonl"
    with open_journal_at(tmp_path / place(mrc), mrc) as journal:
        assert not len(journal.table)
    tif.unlink()
    assert place(mrc) == "a.mrc.motorscope.jsonl"  # its own, though the other one is free now


def test_picks_stay_with_a_tomogram_that_was_renamed_to_another_format(write, place, tmp_path):
    mrc = write("a.mrc")
    with open_journal_at(tmp_path / place(mrc), mrc) as journal:
        journal.record(PICKS)
    rec = mrc.rename(tmp_path / "a.rec")
    with open_journal_at(tmp_path / place(rec), rec) as journal:
        assert journal.table == PICKS


def test_folder_of_slices_and_file_of_one_name(write, place, tmp_path):
    mrc = write("a.mrc")
    (tmp_path / "a").mkdir()
    assert place(mrc) == "a.motorscope.jsonl"  # a folder of something else
    tifffile.imwrite(tmp_path / "a" / "slice_1.tif", np.zeros(SHAPE[1:], np.uint8))
    assert {place(mrc), place(tmp_path / "a")} == {
        "a.motorscope.jsonl",
        "a.mrc.motorscope.jsonl",
    }


def test_damaged_journal_does_not_stop_the_search_for_its_owner(write, place, tmp_path):
    write("a.mrc")
    (tmp_path / "a.motorscope.jsonl").write_text("nonsense\nmore\n")
    assert place(write("a.tif")) == "a.tif.motorscope.jsonl"


def test_namesakes_are_tomograms_only(write, tmp_path):
    mrc, tif = write("a.mrc"), write("a.tif")
    (tmp_path / "a.csv").write_text("")
    write("b.mrc")
    (tmp_path / "b.csv").write_text("")
    assert {name: sorted(some) for name, some in namesakes_in(tmp_path).items()} == {
        "a": [mrc, tif],
        "b": [tmp_path / "b.mrc"],
    }
    assert namesakes_in(tmp_path / "absent") == {}
