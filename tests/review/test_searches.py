"""What a search leaves in a journal, and what it leaves alone."""

import pytest

from motorscope.picks import PickTable, Summits, summits_of
from motorscope.review import Journal, Search
from motorscope.review.record import to_json
from motorscope.review.searches import keep_search, search_marks
from motorscope.tomogram import VoxelGrid

GRID = VoxelGrid((10, 10, 10), (16.0,) * 3)
FOUND = PickTable.from_positions([[10.0, 20, 30], [900, 20, 30]], [0.9, 0.3])
SEARCH = Search.now("built-in", None)


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "a.motorscope.jsonl") as journal:
        yield journal


def search(journal, found=FOUND, threshold=0.5):
    keep_search(journal, GRID, Summits(found, 100.0), threshold, SEARCH)


def test_first_search_leaves_candidates_and_what_made_them(journal):
    search(journal)
    assert journal.table.scores.tolist() == [0.9, 0.3]
    said = journal.said
    assert (said.searched, said.threshold, said.spacing) == (SEARCH, 0.5, GRID.spacing)
    assert summits_of(journal.remarks).candidates.scores.tolist() == [0.9, 0.3]
    assert not journal.history.can_undo
    search(journal, FOUND.remove(1))
    assert len(journal.history.undo().present) == 2


def test_decisions_and_additions_stay(journal):
    search(journal)
    table = journal.table.set_status([0], "rejected").add([[500.0, 500, 500]])
    journal.record(table)
    moved = FOUND.move(FOUND.ids, FOUND.positions + 5)
    search(journal, moved)
    kept = journal.table.frame
    assert kept["status"].tolist() == ["rejected", "accepted", "candidate"]
    assert journal.table.positions[0].tolist() == [10.0, 20, 30]


def test_reviewed_stays_until_there_is_something_new_to_decide(journal):
    search(journal)
    journal.record(journal.table.set_status([0], "rejected"), {"reviewed": {"no_motor": True}})
    search(journal)
    assert journal.remarks["reviewed"] == {"no_motor": True}
    search(journal, threshold=0.2)
    assert journal.remarks["reviewed"] == {"no_motor": True}  # it was there before
    more = FOUND.add([[100.0, 900, 900]]).set_status([2], "candidate")
    search(journal, more)
    assert "reviewed" not in journal.remarks


def test_search_without_candidates_changes_no_mark():
    empty = PickTable.empty()
    assert search_marks(empty, empty, 0.5, 100.0, SEARCH) == to_json(searched=SEARCH)


def test_picks_stay_on_their_voxels_when_the_spacing_is_another(journal):
    search(journal)
    journal.record(journal.table.set_status([0], "accepted"))
    double = VoxelGrid((10, 10, 10), (32.0,) * 3)
    keep_search(journal, double, Summits(PickTable.empty(), 100.0), 0.5, SEARCH)
    assert journal.table.positions.tolist() == [[20.0, 40, 60]]
