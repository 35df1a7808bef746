import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from motorscope.errors import PicksError
from motorscope.picks import PickTable
from motorscope.review import History, Journal, JournalInUseError, open_journal
from motorscope.review.journal import file, lines
from motorscope.review.journal.lines import read_content

TABLE = PickTable.from_positions([(1, 2, 3), (4, 5, 6)], [0.9, np.nan], note="ångström")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cell.motorscope.jsonl"


def test_edits_and_remarks_are_there_when_it_is_opened_again(path):
    with Journal(path) as first:
        assert first.table == PickTable.empty()
        first.record(TABLE)
        first.record(TABLE.set_status(0, "accepted"))
        first.record(first.table, {"reviewed": True, "threshold": 0.4})
        first.record(first.table.add((7, 8, 9)), {"threshold": None})
        expected = first.table
    with Journal(path) as second:
        assert second.table == expected
        assert second.remarks == {"reviewed": True}


def test_an_undo_is_an_edit_too(path):
    with Journal(path) as first:
        first.record(TABLE.remove(0).add((0, 0, 0)))
        first.record(TABLE)
    with Journal(path) as second:
        assert second.table == TABLE


def test_nothing_is_written_for_no_edit(path):
    with Journal(path) as first:
        first.record(TABLE)
        size = path.stat().st_size
        first.record(TABLE.select([0, 1]))
        assert path.stat().st_size == size


def test_a_torn_line_is_dropped_wherever_it_is_torn(path):
    with Journal(path) as first:
        first.record(TABLE)
        before = path.stat().st_size
        first.record(TABLE.set_status(0, "rejected", note="über"))
    whole = path.read_bytes()
    for length in range(before, len(whole), 9):
        path.write_bytes(whole[:length])
        with Journal(path) as again:
            assert again.table == TABLE
            again.record(TABLE.remove(0))
        with Journal(path) as again:
            assert again.table == TABLE.remove(0)
    for length in (0, 1, len(whole.splitlines()[0])):
        path.write_bytes(whole[:length])
        with Journal(path) as again:
            assert again.table == PickTable.empty()


def test_compaction_keeps_everything(path):
    with Journal(path) as first:
        table = TABLE
        for number in range(50):
            table = table.move(0, (number, 0, 0))
            first.record(table, {"step": number})
        first.compact()
        first.record(table.add((1, 1, 1)))
        table = first.table
    with Journal(path) as second:
        assert second.table == table
        assert second.remarks == {"step": 49}


def test_a_long_journal_is_compacted_when_it_is_opened(path, monkeypatch):
    monkeypatch.setattr(file, "_COMPACT_AFTER", 5)
    monkeypatch.setattr(lines, "STEPS", 2)
    with Journal(path) as first:
        for number in range(6):
            first.record(TABLE.move(0, (number, 0, 0)))
    with Journal(path) as second:
        assert second.table == TABLE.move(0, (5, 0, 0))
        assert len(path.read_text().splitlines()) == 5
        assert second.history.undo().undo().present == TABLE.move(0, (3, 0, 0))


def test_a_compaction_that_fails_loses_nothing(path, monkeypatch):
    with Journal(path) as first:
        first.record(TABLE)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", _disk_full)
            with pytest.raises(PicksError, match="no space left"):
                first.compact()
        first.record(TABLE.remove(0))
    with Journal(path) as second:
        assert second.table == TABLE.remove(0)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_closed_journal_leaves_no_lock_and_keeps_that_of_another(path):
    with Journal(path) as first:
        first.record(TABLE)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    with Journal(path):
        first.close()  # again: the lock is another's by now
        with pytest.raises(JournalInUseError):
            Journal(path)


def test_a_write_that_fails_leaves_no_half_line(path, monkeypatch):
    real = os.write

    def half(descriptor, data):
        real(descriptor, bytes(data[: len(data) // 2]))
        _disk_full()

    with Journal(path) as first:
        first.record(TABLE)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", half)
            with pytest.raises(PicksError, match="no space left"):
                first.record(TABLE.remove(0))
        assert first.table == TABLE
        first.record(TABLE.remove(1))
    with Journal(path) as second:
        assert second.table == TABLE.remove(1)


def _disk_full(*_):
    raise OSError(28, "No space left on device")


def test_two_windows_notice_each_other(path):
    with Journal(path) as first:
        first.record(TABLE)
        with pytest.raises(JournalInUseError) as error:
            Journal(path)
        for words in (path.name, "another window", f"process {os.getpid()}", "close that one"):
            assert words in str(error.value)
        first.record(TABLE.remove(0))  # the first one goes on
    with Journal(path) as second:
        assert second.table == TABLE.remove(0)


def test_two_programs_notice_each_other(path):
    code = (
        "import sys, pathlib; from motorscope.review import Journal\n"
        "journal = Journal(pathlib.Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(JournalInUseError, match=f"process {other.pid}"):
            Journal(path)
        other.kill()
    Journal(path).close()  # a killed program holds nothing


@pytest.mark.parametrize("change", ["append", "replace"])
def test_a_file_that_another_program_changed_is_not_written_to(path, change):
    with Journal(path) as first:
        first.record(TABLE)
        if change == "append":
            with path.open("a") as file:
                file.write("\n")
        else:
            shutil.copy(path, path.with_suffix(".copy"))
            path.with_suffix(".copy").replace(path)
        with pytest.raises(PicksError, match="changed by another program"):
            first.record(TABLE.remove(0))


def test_a_file_that_was_removed_is_written_anew_with_all_steps(path):
    with Journal(path) as first:
        first.record(TABLE, {"threshold": 0.3}, step="first")
        first.record(TABLE.remove(0))
        path.unlink()
        first.record(TABLE, step=-1)
    with Journal(path) as second:
        assert second.table == TABLE
        assert second.history.redo().present == TABLE.remove(0)
        assert second.remarks == {"threshold": 0.3}


def test_a_folder_that_goes_away_loses_nothing_once_it_is_back(path):
    away = path.parent.with_name("away")
    with Journal(path) as first:
        first.record(TABLE, step="first")
        path.parent.rename(away)
        with pytest.raises(PicksError, match="cannot be written"):
            first.record(TABLE.remove(0))
        with pytest.raises(PicksError, match="cannot be written"):
            first.record(TABLE.remove(1))
        away.rename(path.parent)
        first.record(TABLE.remove(1).add((1, 1, 1)))
    with Journal(path) as second:
        assert second.table == TABLE.remove(1).add((1, 1, 1))


def test_what_the_disk_did_not_take_is_written_anew(path, monkeypatch):
    with Journal(path) as first:
        first.record(TABLE, step="first")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", _disk_full)
            first.record(TABLE.remove(0))
            wait(first._flushes)
            with pytest.raises(PicksError, match="no space left"):  # it is tried, and said
                first.record(TABLE.remove(0).remove(1))
        path.write_bytes(path.read_bytes()[:-20])  # as a disk that lost the end
        first.record(TABLE.remove(1), step="new")
    with Journal(path) as second:
        assert second.table == TABLE.remove(1)
        assert second.history.undo().present == TABLE.remove(0)


def test_what_the_disk_did_not_take_is_tried_again_and_said_at_the_end(path, monkeypatch):
    first = Journal(path)
    monkeypatch.setattr(os, "fsync", _disk_full)
    first.record(TABLE)
    with pytest.raises(PicksError, match="no space left"):
        first.close()
    first.close()
    monkeypatch.undo()
    Journal(path).close()  # nobody holds it any more


def test_a_slow_disk_does_not_keep_a_person_waiting(path, monkeypatch):
    ready = threading.Event()
    with Journal(path) as first:
        real = os.fsync
        monkeypatch.setattr(os, "fsync", lambda descriptor: (ready.wait(30), real(descriptor)))
        for number in range(5):
            first.record(TABLE.move(0, (number, 0, 0)))
        # A program that is killed now loses nothing.
        assert read_content(path).history.present == TABLE.move(0, (4, 0, 0))
        assert not ready.is_set()
        ready.set()


def test_a_closed_journal_says_so(path):
    first = Journal(path)
    first.close()
    first.close()
    with pytest.raises(PicksError, match="is closed"):
        first.record(TABLE)


def test_a_damaged_line_is_named(path):
    with Journal(path) as first:
        for number in range(3):
            first.record(TABLE.move(0, (number, 0, 0)))
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace('"id"', '"ie"')
    path.write_text("\n".join(lines) + "\n")
    content = path.read_bytes()
    with pytest.raises(PicksError, match=r"line 4 is damaged .* move the file elsewhere"):
        Journal(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"edit": ' + '{"a": ' * 100_000,
        '{"edit": {"remove": [999999999999999999999999], "next_id": 1}}',
        '{"edit": {"order": [0, 0, 1], "next_id": 1e999}}',
        '{"edit": []}',
        '{"edit": {"next_id": 9223372036854775808}}',
    ],
)
def test_a_line_that_no_edit_can_be_is_named(path, line):
    with Journal(path) as first:
        first.record(TABLE)
    with path.open("a") as file:
        file.write(f"{line}\n{{}}\n")
    with pytest.raises(PicksError, match=r"jsonl, line \d is damaged .* move the file elsewhere"):
        Journal(path)


@pytest.mark.parametrize("content", ["z,y,x\n1,2,3\n", "diary", '{"format": "other"}\n'])
def test_a_file_of_somebody_else_is_left_alone(path, content):
    path.write_text(content)
    with pytest.raises(PicksError, match="is not a journal"):
        Journal(path)
    assert path.read_text() == content


def test_steps_can_be_undone_and_done_again_by_whoever_opens_it_next(path):
    one, two = TABLE.set_status(0, "accepted"), TABLE.remove(1)
    with Journal(path) as first:
        first.record(TABLE, step="first")
        first.record(one)
        first.record(two)
        first.record(one, step=-1)
    with Journal(path) as second:
        assert second.history.redo().present == two
        assert second.history.undo().present == TABLE
        assert not second.history.undo().can_undo
        second.record(TABLE, step=-1)
        second.record(two, step=2)
        second.record(two.move(0, (5, 5, 5)))
        second.record(two.move(0, (6, 6, 6)), step="same")
    with Journal(path) as third:
        assert third.history.undo().present == two
        assert third.history.undo().redo().present == two.move(0, (6, 6, 6))
        assert len(third.history.past) == 3


def test_a_journal_without_steps_begins_with_its_first_edit(path):
    with Journal(path) as first:
        first.record(TABLE, {"threshold": 0.5}, step="first")
        first.record(TABLE.remove(0))
        first.record(TABLE.remove(1), step=-1)  # read as a step of its own
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line.pop("step", None)
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    with Journal(path) as again:
        assert again.table == TABLE.remove(1)
        assert [len(state.table) for state in again.history.past] == [2, 1]


@pytest.mark.parametrize("step", [-3, 10**12, "unheard of", None])
def test_a_step_that_does_not_fit_counts_as_a_step_of_its_own(path, step):
    with Journal(path) as first:
        first.record(TABLE, step="first")
        first.record(TABLE.remove(0), step=step)
    with Journal(path) as second:
        assert second.table == TABLE.remove(0)
        assert second.history.undo().present == TABLE


def test_a_write_that_fails_is_made_up_for_by_the_next(path, monkeypatch):
    with Journal(path) as first:
        first.record(TABLE, step="first")
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", _disk_full)
            with pytest.raises(PicksError):
                first.record(TABLE.remove(0))
        first.record(TABLE.remove(0).remove(1))
    with Journal(path) as second:
        assert len(second.table) == 0
        assert second.history.undo().present == TABLE


def test_rewriting_replaces_steps_and_remarks(path):
    def shifted(table):
        return table.move(table.ids, table.positions + 1)

    def moved(state):
        return replace(state, table=shifted(state.table))

    with Journal(path) as first:
        first.record(TABLE, {"threshold": 0.3}, step="first")
        first.record(TABLE.remove(0))
        first.record(TABLE, step=-1)
        moved = first.history.mapped(moved)
        first.rewrite(moved, {"spacing": [1, 2, 3]})
    with Journal(path) as second:
        assert second.remarks == {"spacing": [1, 2, 3]}
        assert second.table == shifted(TABLE)
        assert second.history.redo().present == shifted(TABLE.remove(0))
        assert not second.history.can_undo


class Reopening(RuleBasedStateMachine):
    """Edits and steps of one sitting, against the same with the journal opened again now and then.

    The journal is that of three steps and is compacted often, so that both limits are met.
    """

    def __init__(self):
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(lines, "STEPS", 3)
        self.patch.setattr(file, "_COMPACT_AFTER", 6)
        self.patch.setattr(os, "fsync", lambda _: None)
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "cell.motorscope.jsonl"
        self.journal = Journal(self.path)
        self.history = History.of(PickTable.empty(), limit=3)

    def teardown(self):
        self.journal.close()
        self.folder.cleanup()
        self.patch.undo()

    def do(self, table, drag=None):
        step = "same" if self.history.goes_on(drag) else "new"
        self.history = self.history.do(table, drag)
        self.journal.record(table, step=step)

    @rule(z=st.integers(-3, 3), score=st.sampled_from([0.25, np.nan]))
    def add(self, z, score):
        self.do(self.history.present.add((z, 0, 0), score))

    @precondition(lambda self: len(self.history.present))
    @rule(data=st.data(), kind=st.sampled_from(["remove", "accept", "note", "move"]))
    def edit(self, data, kind):
        table = self.history.present
        chosen = data.draw(st.sampled_from(table.ids.tolist()))
        if kind == "remove":
            self.do(table.remove(chosen))
        elif kind == "accept":
            self.do(table.set_status(chosen, "accepted"))
        elif kind == "note":
            self.do(table.set_details(chosen, note=data.draw(st.text(max_size=3))))
        else:
            self.do(table.move(chosen, (data.draw(st.integers(0, 9)), 0, 0)), drag=chosen)

    @rule(mark=st.sampled_from([None, "yes", "no motor"]), amended=st.booleans())
    def mark(self, mark, amended):
        wanted = {} if mark is None else {"reviewed": mark}
        table = self.history.present
        if amended:
            self.history = self.history.noted(wanted)
        else:
            self.history = self.history.do(table, remarks=wanted)
        self.journal.record(table, {"reviewed": mark}, "same" if amended else "new")
        self.history = replace(self.history, drag=None)

    @rule()
    def begin_anew(self):
        table = PickTable.from_positions([(1, 1, 1)], 0.5)
        self.history = History.of(table, limit=3)
        self.journal.record(table, {"reviewed": None}, step="first")

    @rule(step=st.sampled_from([-2, -1, 1, 2]))
    def go(self, step):
        self.history = self.history.go(step)
        mark = self.history.now.remarks.get("reviewed")
        self.journal.record(self.history.present, {"reviewed": mark}, step=step)

    @rule()
    def open_again(self):
        self.journal.close()
        self.journal = Journal(self.path)
        self.history = replace(self.history, drag=None)  # no drag outlasts its sitting

    @invariant()
    def the_journal_has_the_same_history(self):
        assert self.journal.history.now == self.history.now
        assert list(self.journal.history.past) == list(self.history.past)
        assert list(self.journal.history.future) == list(self.history.future)


TestReopening = Reopening.TestCase
TestReopening.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)


def test_its_place_is_beside_the_tomogram(tmp_path):
    with open_journal(tmp_path / "cell.mrc.gz", "cell") as beside:
        assert beside.path == tmp_path / "cell.motorscope.jsonl"


def test_a_project_folder_serves_where_the_tomograms_is_read_only(tmp_path, monkeypatch):
    for name in ("a", "b", "project"):
        (tmp_path / name).mkdir()
    access = os.access  # root may write anywhere, so permissions alone would not do
    monkeypatch.setattr(
        os, "access", lambda place, mode: Path(place).name == "project" and access(place, mode)
    )
    with pytest.raises(PicksError, match=r"is read-only.* choose a project folder"):
        open_journal(tmp_path / "a" / "cell.mrc", "cell")
    with pytest.raises(PicksError, match="is not a folder that can be written"):
        open_journal(tmp_path / "a" / "cell.mrc", "cell", tmp_path / "b")
    project = tmp_path / "project"
    with (
        open_journal(tmp_path / "a" / "cell.mrc", "cell", project) as first,
        open_journal(tmp_path / "b" / "cell.mrc", "cell", project) as second,
    ):
        assert first.path.parent == second.path.parent == project
        assert first.path != second.path
        first.record(TABLE)
    with open_journal(tmp_path / "a" / "cell.mrc", "cell", project) as again:
        assert again.table == TABLE


def test_a_process_that_is_killed_loses_at_most_the_edit_in_flight(tmp_path):
    """Again and again: edit, be killed at a random moment, restore, compare, go on from there."""
    script = Path(__file__).with_name("kill_journal.py")
    result = subprocess.run(
        [sys.executable, script, tmp_path, "52"], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["kills"] == 52
    assert report["edits"] > 52


def test_a_step_amended_to_equal_the_one_before_outlasts_the_sitting(tmp_path):
    table = PickTable.from_positions([(1, 1, 1)], 0.5)
    with Journal(tmp_path / "cell.motorscope.jsonl") as journal:
        journal.record(table, {"reviewed": None}, step="first")
        journal.record(table, {"reviewed": "yes"})
        journal.record(table, {"reviewed": None})
        journal.record(table, {"reviewed": "yes"}, "same")
        journal.compact()
        past = list(journal.history.past)
    with Journal(tmp_path / "cell.motorscope.jsonl") as again:
        assert list(again.history.past) == past
