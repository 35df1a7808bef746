"""A queue as data: what is found in a folder, and how far it is."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from motorscope.batch.worklist import scan
from motorscope.errors import TomogramError
from motorscope.picks import PickTable
from motorscope.review import Journal
from motorscope.review.worklist import (
    FAILED,
    NEW,
    NO_MOTOR,
    NOTHING,
    REVIEWED,
    TO_REVIEW,
    neighbour,
    with_journal,
)
from motorscope.review.worklist.marks import empty_below
from motorscope.tomogram import VoxelGrid, write_mrc

SHAPE = (4, 6, 5)
FOUND = PickTable.from_positions([[10.0, 20, 30], [500, 20, 30]], [0.9, 0.3])


def write_volume(path):
    write_mrc(path, np.zeros(SHAPE, np.float32), VoxelGrid(SHAPE, (16.0,) * 3))


def write_slices(folder):
    folder.mkdir()
    for number in range(3):
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / f"slice_{number:04}.png")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tomograms"
    folder.mkdir()
    for name in ("TS_10.mrc", "TS_2.rec", "TS_2.heatmap.mrc", "TS_10_heatmap.mrc", ".hidden.mrc"):
        write_volume(folder / name)
    write_slices(folder / "cell")
    (folder / "empty").mkdir()
    (folder / "notes.txt").write_text("nothing\n")
    return folder


def names(queue, **options):
    return [entry.name for entry in queue.listed(**options)]


def recorded(queue, name, table=None, **remarks):
    """Return a queue after something was written to the journal of a tomogram."""
    entry = next(each for each in queue.entries.values() if each.name == name)
    with Journal(entry.journal) as journal:
        journal.record(journal.table if table is None else table, remarks)
    return queue.with_entries(with_journal(entry))


def status(queue, name):
    return next(each.status for each in queue.entries.values() if each.name == name)


def test_folder_holds_files_and_folders_of_slices_and_no_heatmaps(folder):
    queue = scan(folder)
    assert names(queue) == ["cell", "TS_2", "TS_10"]
    assert {entry.status for entry in queue.entries.values()} == {NEW}


def test_heatmap_without_its_tomogram_is_a_tomogram(tmp_path):
    write_volume(tmp_path / "a_heatmap.mrc")
    assert names(scan(tmp_path)) == ["a_heatmap"]


def test_folder_of_slices_is_a_tomogram_itself(folder):
    assert names(scan(folder / "cell")) == ["cell"]


def test_series_of_tiff_stacks_in_a_sub_folder_is_no_folder_of_slices(folder):
    (folder / "stacks").mkdir()
    for number in (1, 2):
        path = folder / "stacks" / f"TS_{number:03}.tif"
        tifffile.imwrite(path, np.zeros(SHAPE, np.uint8), photometric="minisblack")
    assert names(scan(folder)) == ["cell", "TS_001", "TS_2", "TS_002", "TS_10"]
    assert names(scan(folder / "stacks")) == ["TS_001", "TS_002"]


def test_tiff_slices_are_one_tomogram_and_single_images_none(folder):
    (folder / "flat").mkdir()
    for number in range(3):
        path = folder / "flat" / f"slice_{number}.tif"
        tifffile.imwrite(path, np.zeros(SHAPE[1:], np.uint8))
    tifffile.imwrite(folder / "preview.tif", np.zeros(SHAPE[1:], np.uint8))
    (folder / "damaged.tif").write_bytes(b"II*\0 and no more")
    assert names(scan(folder)) == ["cell", "damaged", "flat", "TS_2", "TS_10"]
    assert names(scan(folder / "flat")) == ["flat"]


def test_folders_without_tomograms_and_without_access_say_so(folder, tmp_path):
    with pytest.raises(TomogramError, match="holds no tomograms"):
        scan(folder / "empty")
    with pytest.raises(TomogramError, match="cannot be read"):
        scan(tmp_path / "absent")


def test_list_names_tomograms_from_anywhere(folder, tmp_path):
    listing = tmp_path / "list.txt"
    listing.write_text(f"# mine\n\ntomograms/TS_2.rec\n{folder / 'cell'}\nabsent.mrc\n")
    assert names(scan(listing)) == ["absent", "cell", "TS_2"]
    listing.write_text("# nothing\n")
    with pytest.raises(TomogramError, match="names no tomograms"):
        scan(listing)
    listing.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(TomogramError, match="no text"):
        scan(listing)


def test_two_tomograms_of_one_name_have_a_journal_each(folder):
    write_volume(folder / "TS_2.mrc")
    entries = [each for each in scan(folder).entries.values() if each.name == "TS_2"]
    assert [each.path.name for each in entries] == ["TS_2.mrc", "TS_2.rec"]
    journals = [each.journal.name for each in entries]
    assert journals == ["TS_2.motorscope.jsonl", "TS_2.rec.motorscope.jsonl"]
    assert entries[1].heatmap.name == "TS_2.rec.heatmap.mrc"
    listing = folder / "list.txt"
    listing.write_text("TS_2.rec\n")  # the other one is there, if not on the list
    (entry,) = scan(listing).entries.values()
    assert entry.journal.name == "TS_2.rec.motorscope.jsonl"


def test_tomogram_that_is_listed_twice_is_opened_once(folder):
    listing = folder / "list.txt"
    listing.write_text("TS_2.rec\ncell/../TS_2.rec\n")
    entries = list(scan(listing).entries.values())
    assert sorted(each.status for each in entries) == [FAILED, NEW]
    (shut,) = (each for each in entries if each.shut)
    assert "would share its picks" in with_journal(shut).problem


def test_state_is_what_the_journal_says(folder):
    queue = recorded(scan(folder), "cell", searched={"model": "built-in"})
    assert status(queue, "cell") == NOTHING
    queue = recorded(queue, "cell", reviewed={"no_motor": True})
    assert status(queue, "cell") == NO_MOTOR
    queue = recorded(queue, "TS_2", FOUND, threshold=0.5)
    assert status(queue, "TS_2") == TO_REVIEW
    assert queue.listed(status=TO_REVIEW)[0].summary.undecided == 1
    queue = recorded(queue, "TS_2", FOUND.set_status([0], "accepted"), reviewed={"no_motor": False})
    assert status(queue, "TS_2") == REVIEWED
    again = scan(folder)
    again = again.with_entries(*map(with_journal, again.entries.values()))
    assert [status(again, name) for name in ("cell", "TS_2", "TS_10")] == [NO_MOTOR, REVIEWED, NEW]
    assert again.counts() == {NO_MOTOR: 1, REVIEWED: 1, NEW: 1}


def test_motor_accepted_later_overrules_no_motor(folder):
    queue = recorded(scan(folder), "cell", FOUND, reviewed={"no_motor": True})
    queue = recorded(queue, "cell", FOUND.set_status([0], "accepted"))
    assert status(queue, "cell") == REVIEWED


def test_damaged_journal_is_a_problem_and_no_crash(folder):
    queue = scan(folder)
    entry = queue.listed()[0]
    entry.journal.write_text('{"format": "another"}\n')
    assert with_journal(entry).status == FAILED


def test_list_is_filtered_and_sorted(folder):
    queue = recorded(scan(folder), "TS_2", FOUND)
    queue = recorded(queue, "cell", PickTable.from_positions([[0, 0, 0]], [0.95]))
    assert names(queue, text="ts") == ["TS_2", "TS_10"]
    assert names(queue, text="0 ts") == ["TS_10"]
    assert names(queue, status=NEW) == ["TS_10"]
    assert names(queue, backwards=True) == ["TS_10", "TS_2", "cell"]
    assert names(queue, order="best", backwards=True) == ["cell", "TS_2", "TS_10"]
    assert names(queue, order="status") == ["TS_10", "cell", "TS_2"]
    assert names(queue, order="undecided", backwards=True) == ["cell", "TS_2", "TS_10"]
    with pytest.raises(ValueError, match="order must be"):
        queue.listed(order="colour")


def test_tomograms_without_a_candidate_above_a_score_seem_empty(folder):
    for name in ("weak", "fair", "mine", "done", "told"):
        write_volume(folder / f"{name}.mrc")
    queue = recorded(scan(folder), "TS_2", searched={"model": "spots"})  # nothing was found
    for name, best, status in (
        ("weak", 0.09, "candidate"),
        ("fair", 0.1, "candidate"),
        ("mine", 0.05, "accepted"),
        ("done", 0.05, "candidate"),
        ("told", np.nan, "candidate"),  # by a file without scores
    ):
        table = PickTable.from_positions([[0, 0, 0]], [best], status=status)
        queue = recorded(queue, name, table, threshold=0.05)
    queue = recorded(queue, "done", reviewed={"no_motor": False})
    assert [each.name for each in empty_below(queue.listed(), 0.1)] == ["TS_2", "weak"]
    assert [each.name for each in empty_below(queue.listed(), 0.0)] == ["TS_2"]


def test_neighbour_goes_on_from_where_an_entry_was():
    assert neighbour("abc", "b", 1, 1) == "c"
    assert neighbour("abc", "b", 1, -1) == "a"
    assert neighbour("abc", "c", 2, 1) is None
    assert neighbour("ac", "b", 1, 1) == "c"
    assert neighbour("ac", "b", 1, -1) == "a"
    assert neighbour("abc", None, 0, 1) == "a"
    assert neighbour("", None, 0, -1) is None
