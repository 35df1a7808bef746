"""What journals say beside the picks; one was written before the room had types."""

import json
import shutil
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorscope.errors import PicksError
from motorscope.picks import summits_of
from motorscope.review import Journal, Mark, Search, TomogramRecord, read_summary
from motorscope.review.journal.marks import is_last_step, take_mark_back
from motorscope.review.record import mark_of, to_json

OLD = Path(__file__).with_name("old.motorscope.jsonl")
SHA = "ab" * 32
KNOWN = TomogramRecord(
    file="old.mrc",
    threshold=0.35,
    spacing=(13.3, 13.3, 13.3),
    origin=(0.0, 6.65, 0.0),
    searched=Search("built-in", SHA, "2026-11-01T10:00:00+00:00"),
    reviewed=Mark(False, "ada", "2026-11-02T09:00:00+00:00"),
    heatmap="0123456789abcdef",
)

numbers = st.floats(0.01, 1e6)
vectors = st.tuples(numbers, numbers, numbers)
words = st.text(max_size=9)
shades = st.sampled_from([None, "dark", "bright"])
searches = st.builds(Search, words, words, words, shades)
marks = st.builds(Mark, st.booleans(), words, words)


def test_old_journal_is_read_with_its_steps(tmp_path):
    path = Path(shutil.copy(OLD, tmp_path))
    summary = read_summary(path)
    assert summary.record == KNOWN
    assert (summary.best, summary.undecided, summary.accepted) == (0.9, 1, 1)
    with Journal(path) as journal:
        assert journal.said == KNOWN
        assert journal.table.statuses.tolist() == ["accepted", "candidate", "candidate"]
        seen = summits_of(journal.remarks)
        assert (len(seen.maxima), len(seen.candidates)) == (4, 3)
        np.testing.assert_array_equal(seen.candidates.positions, journal.table.positions)
        assert is_last_step(journal.history, KNOWN.reviewed)
        assert take_mark_back(journal, KNOWN.reviewed)
        assert journal.said.reviewed is None
        assert journal.history.undo().present.statuses[0] == "candidate"
    assert read_summary(path).record.searched == KNOWN.searched


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "file": words.filter(bool),
            "threshold": st.floats(0, 1),
            "spacing": vectors,
            "origin": vectors,
            "density": shades,
            "searched": searches,
            "reviewed": marks,
        },
    )
)
def test_what_is_said_is_read_as_it_was_meant(said):
    remarks = json.loads(json.dumps(to_json(**said)))
    assert TomogramRecord.from_json(remarks | {"of another version": [1]}) == TomogramRecord(**said)


def test_nothing_said_is_nothing_known():
    assert TomogramRecord.from_json(to_json(searched=None, reviewed=None)) == TomogramRecord()


@given(said=shades, told=shades)
def test_a_search_is_outdated_where_a_person_said_otherwise_since(said, told):
    record = TomogramRecord(density=said, searched=Search(density=told))
    assert record.outdated == (said is not None and said != told)
    assert not TomogramRecord(density=said).outdated  # it was not searched yet


def test_plain_marks_count_as_marks():
    assert mark_of({"reviewed": True}) == Mark()
    assert TomogramRecord.from_json({"searched": True}).searched == Search()
    assert astuple(Mark.now(no_motor=True))[0] is True


@pytest.mark.parametrize("remarks", ['{"spacing": [1, 2]}', '{"threshold": "high"}'])
def test_damaged_ones_are_named_when_the_journal_is_opened(tmp_path, remarks):
    path = tmp_path / "a.motorscope.jsonl"
    path.write_text(f'{{"format":"motorscope journal","version":1}}\n{{"remarks": {remarks}}}\n')
    for read in (Journal, read_summary):
        with pytest.raises(PicksError, match=r"a\.motorscope\.jsonl is damaged"):
            read(path)
