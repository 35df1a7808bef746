"""A journal in numbers, against the journal itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.review import Journal, Summary, read_summary, summarise

places = st.lists(st.tuples(*[st.floats(-1e4, 1e4)] * 3), max_size=4)
edits = st.lists(
    st.tuples(
        st.sampled_from(["add", "found", "accept", "reject", "move", "remove", "remark"]),
        places,
        st.integers(0, 100),
    ),
    max_size=8,
)


def edited(table, kind, positions, number):
    """Return a table after one step."""
    chosen = table.ids[number % len(table) :] if len(table) else table.ids
    if kind == "add":
        return table.add(np.reshape(positions, (-1, 3)))
    if kind == "found":
        found = PickTable.from_positions(
            np.reshape(positions, (-1, 3)), np.linspace(0, 1, len(positions))
        )
        return table.with_candidates(found, 100.0)
    if kind == "move" and len(chosen):
        return table.move(chosen, table.positions[table.rows_of(chosen)] + 1)
    if kind == "remove":
        return table.remove(chosen)
    status = {"accept": "accepted", "reject": "rejected"}.get(kind)
    return table if status is None else table.set_status(chosen, status)


@settings(max_examples=25, deadline=None)
@given(steps=edits)
def test_summary_is_that_of_the_table_that_the_journal_holds(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("journal") / "a.motorscope.jsonl"
    with Journal(path) as journal:
        for kind, positions, number in steps:
            remarks = {"threshold": number / 100} if kind == "remark" else None
            journal.record(edited(journal.table, kind, positions, number), remarks)
        expected = summarise(journal.table, journal.remarks)
    assert read_summary(path) == expected


def test_summary_counts_what_a_person_sees(tmp_path):
    path = tmp_path / "a.motorscope.jsonl"
    table = PickTable.from_positions(np.eye(4, 3) * 500, [0.9, 0.7, 0.6, 0.2])
    table = table.set_status([0], "accepted").set_status([1], "rejected")
    with Journal(path) as journal:
        journal.record(table, {"threshold": 0.5, "reviewed": {"no_motor": False}})
    summary = read_summary(path)
    assert (summary.best, summary.undecided, summary.accepted, summary.rejected) == (0.9, 1, 1, 1)
    with Journal(path) as journal:
        journal.record(table, {"threshold": 0.1, "reviewed": None})
    assert read_summary(path).undecided == 2
    assert read_summary(path).record.reviewed is None


def test_absent_journal_is_an_empty_one(tmp_path):
    assert read_summary(tmp_path / "a.motorscope.jsonl") == Summary()


def test_torn_end_is_passed_over_and_damage_is_told(tmp_path):
    path = tmp_path / "a.motorscope.jsonl"
    with Journal(path) as journal:
        journal.record(PickTable.from_positions([[1, 2, 3]], [0.5]), {"threshold": 0.5})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"edit":{"remo')
    assert read_summary(path).undecided == 1
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], b"{\n", lines[-1]]))
    with pytest.raises(PicksError, match=r"line .* is damaged"):
        read_summary(path)
    path.write_text("z,y,x\n1,2,3\n")
    with pytest.raises(PicksError, match=r"damaged|not a journal"):
        read_summary(path)
    path.write_text('{"format": "another"}\n')
    with pytest.raises(PicksError, match="not a journal"):
        read_summary(path)


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"remarks": {"threshold": "high"}}',
        '{"edit": {"add": {"id": [7, 8], "score": ["a", 1], "status": ["candidate", "x"]}}}',
        '{"edit": {"add": {"id": [7, 8], "score": [0.5]}}}',
    ],
)
def test_numbers_that_are_none_are_told_with_the_file(tmp_path, line):
    path = tmp_path / "a.motorscope.jsonl"
    with Journal(path) as journal:
        journal.record(PickTable.from_positions([[1, 2, 3]], [0.5]), {"threshold": 0.5})
    with path.open("a") as file:
        file.write(f"{line}\n{{}}\n")
    with pytest.raises(PicksError, match=r"a\.motorscope\.jsonl.* is damaged"):
        read_summary(path)
