"""The candidates of many tomograms in one list: read from journals, ordered, decided on disk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.errors import PicksError
from motorscope.picks import STATUSES, PickTable
from motorscope.review import Journal
from motorscope.review.order import is_shown
from motorscope.review.record import to_json
from motorscope.review.worklist import make_worklist, with_journal
from motorscope.review.worklist.candidates import ORDERS, candidates_of, read_shown, to_read
from motorscope.review.worklist.keeping import decide_on_disk, take_decision_back_on_disk
from motorscope.tomogram import Found

picks = st.lists(
    st.tuples(st.one_of(st.none(), st.floats(0, 1)), st.sampled_from(STATUSES)), max_size=5
)


def entry_of(folder, name, some, threshold=0.5):
    path = folder / f"{name}.mrc"
    path.touch()
    (entry,) = make_worklist(folder, Found({path: name}), folder).entries.values()
    entry.journal.unlink(missing_ok=True)
    scores = [np.nan if score is None else score for score, _ in some]
    places = np.arange(3.0 * len(some)).reshape(-1, 3)
    table = PickTable.from_positions(places, scores, status=[each for _, each in some])
    with Journal(entry.journal) as journal:
        journal.record(table, to_json(threshold=threshold))
    return with_journal(entry), table


@settings(max_examples=20)
@given(one=picks, other=picks, threshold=st.floats(0, 1))
def test_all_that_is_shown_is_listed_in_order(tmp_path_factory, one, other, threshold):
    folder = tmp_path_factory.mktemp("some")
    made = [entry_of(folder, "a", one), entry_of(folder, "b", other, threshold)]
    entries = [entry for entry, _ in made]
    known = {entry.path: read_shown(entry) for entry in entries}
    assert not to_read(entries, known)
    wanted = set()
    for (entry, table), value in zip(made, (0.5, threshold), strict=True):
        wanted |= {(entry.path, pick) for pick in table.ids[is_shown(table, value)].tolist()}
    for order in ORDERS:
        listed = candidates_of(entries, known, order)
        assert {listed.key(row) for row in range(len(listed))} == wanted
        values = -listed.scores
        if order == "doubt":
            values = np.abs(listed.scores - np.array([0.5, threshold])[listed.owners])
        assert np.array_equal(np.sort(values), values, equal_nan=True)
    accepted = candidates_of(entries, known, status="accepted")
    assert len(accepted) == sum(each == "accepted" for _, each in (*one, *other))
    assert accepted.others(range(len(accepted)), "accepted") == {}


def test_what_has_changed_is_read_again_and_damage_shows_nothing(tmp_path):
    entry, table = entry_of(tmp_path, "a", [(0.9, "candidate"), (0.2, "candidate")])
    (entry.journal.parent / "b").touch()
    assert to_read([entry], {}) == [entry]
    known = {entry.path: read_shown(entry)}
    listed = candidates_of([entry], known)
    assert listed.ids.tolist() == [table.ids[0]]
    assert listed.positions.tolist() == [[0, 1, 2]]
    assert listed.others([0], "rejected") == {entry.path: [table.ids[0]]}
    with Journal(entry.journal) as journal:
        journal.record(table.set_status(table.ids, "accepted"))
    again = with_journal(entry)
    assert to_read([again], known) == [again]
    assert len(read_shown(again).ids) == 2
    entry.journal.write_text("nonsense\n" * 3)
    assert len(read_shown(again).ids) == 0
    with pytest.raises(ValueError, match="order"):
        candidates_of([], {}, "size")


def test_a_decision_on_disk_can_be_undone_unless_something_came_after(tmp_path):
    entry, table = entry_of(tmp_path, "a", [(0.9, "candidate"), (0.8, "candidate")])
    first, second = table.ids.tolist()
    done = decide_on_disk(entry, [first], "rejected")
    assert (done.summary.rejected, done.summary.undecided) == (1, 1)
    with pytest.raises(PicksError, match="changed since"):
        take_decision_back_on_disk(entry, [second], "rejected")
    back = take_decision_back_on_disk(entry, [first], "rejected")
    assert (back.summary.rejected, back.summary.undecided) == (0, 2)
    with pytest.raises(PicksError, match="is gone"):
        decide_on_disk(entry, [99], "accepted")


def test_a_decision_begins_no_journal_where_that_of_the_candidates_has_gone(tmp_path):
    entry, table = entry_of(tmp_path, "a", [(0.9, "candidate")])
    entry.journal.unlink()
    with pytest.raises(PicksError, match="is gone"):
        decide_on_disk(entry, table.ids.tolist(), "accepted")
    assert not entry.journal.exists()
