import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from motorscope.errors import PicksError
from motorscope.picks import Journal, JournalInUseError, PickTable, journal, open_journal

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


def test_compaction_keeps_everything_and_makes_it_short(path):
    with Journal(path) as first:
        table = TABLE
        for number in range(50):
            table = table.move(0, (number, 0, 0))
            first.record(table, {"step": number})
        first.compact()
        assert len(path.read_text().splitlines()) == 3
        first.record(table.add((1, 1, 1)))
        table = first.table
    with Journal(path) as second:
        assert second.table == table
        assert second.remarks == {"step": 49}


def test_a_long_journal_is_compacted_when_it_is_opened(path, monkeypatch):
    monkeypatch.setattr(journal, "_COMPACT_AFTER", 5)
    with Journal(path) as first:
        for number in range(6):
            first.record(TABLE.move(0, (number, 0, 0)))
    with Journal(path) as second:
        assert second.table == TABLE.move(0, (5, 0, 0))
        assert len(path.read_text().splitlines()) == 3


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
    assert [entry.name for entry in path.parent.iterdir() if "lock" not in entry.name] == [
        path.name
    ]


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
        "import sys, pathlib; from motorscope.picks import Journal\n"
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


@pytest.mark.parametrize("change", ["append", "replace", "remove"])
def test_a_file_that_another_program_changed_is_not_written_to(path, change):
    with Journal(path) as first:
        first.record(TABLE)
        if change == "append":
            with path.open("a") as file:
                file.write("\n")
        elif change == "replace":
            shutil.copy(path, path.with_suffix(".copy"))
            path.with_suffix(".copy").replace(path)
        else:
            path.unlink()
        with pytest.raises(PicksError, match="changed by another program"):
            first.record(TABLE.remove(0))


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


@pytest.mark.parametrize("content", ["z,y,x\n1,2,3\n", "diary", '{"format": "other"}\n'])
def test_a_file_of_somebody_else_is_left_alone(path, content):
    path.write_text(content)
    with pytest.raises(PicksError, match="is not a journal"):
        Journal(path)
    assert path.read_text() == content


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
