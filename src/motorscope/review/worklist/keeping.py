"""What is written into the journals of a worklist, and the entries as they are then."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from motorscope.picks import PickTable, Summits
from motorscope.review.journal.marks import is_last_decision, take_mark_back, undo_step, write_mark
from motorscope.review.journal.place import open_journal_at
from motorscope.review.record import Mark, Said, Search, stamp, to_json
from motorscope.review.review import Review
from motorscope.review.searches import keep_alike, keep_search
from motorscope.review.summary import summarise
from motorscope.review.worklist.entry import Entry
from motorscope.review.worklist.marks import changed_since, check_mark, check_there
from motorscope.tomogram import VoxelGrid


def as_reviewed(entry: Entry, review: Review) -> Entry:
    """Return the entry of a tomogram as its review has it."""
    known = review.journal.remarks if review.journal is not None else {}
    return replace(entry, summary=summarise(review.table, {**known, **review.remarks()}))


def noted(entry: Entry, **said: Unpack[Said]) -> Entry:
    """Write something about a tomogram that has no review open into its journal.

    Raises
    ------
    PicksError
        If it cannot be written, or another window has it open.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        journal.record(journal.table, to_json(**said))
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def kept(entry: Entry, grid: VoxelGrid, found: Summits, threshold: float, search: Search) -> Entry:
    """Write what was found into the journal of a tomogram that is not open; see `keep_search`.

    Raises
    ------
    PicksError
        If it cannot be written, or another window has it open.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        keep_search(journal, grid, found, threshold, search)
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def kept_alike(entry: Entry, grid: VoxelGrid, found: PickTable, distance: float) -> Entry:
    """Write what looks like examples into the journal of a tomogram that is not open.

    Raises
    ------
    PicksError
        If it cannot be written, or another window has it open.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        keep_alike(journal, grid, found, distance)
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def mark_on_disk(entry: Entry, mark: Mark | None) -> Entry:
    """Mark a tomogram that is not open, and return its entry as it is then.

    Raises
    ------
    PicksError
        If it cannot get the mark, its journal cannot be written, or another window has it open.
    """
    check_mark(entry, mark, 0)
    with open_journal_at(entry.journal, entry.path) as journal:
        check_mark(entry, mark, len(journal.table.with_status("accepted")))
        write_mark(journal, mark)
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def take_back_on_disk(entry: Entry, mark: Mark | None) -> Entry:
    """Undo the mark of a tomogram that is not open, and return its entry as it is then.

    Raises
    ------
    PicksError
        If something else was done since, the journal cannot be written, or is open elsewhere.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        if not take_mark_back(journal, mark):
            raise changed_since(entry)
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def decide_on_disk(entry: Entry, ids: Sequence[int], status: str) -> Entry:
    """Give picks of a tomogram that is not open a status, and return its entry as it is then.

    Raises
    ------
    PicksError
        If a pick is gone, its journal cannot be written, or another window has it open.
    """
    if not entry.journal.exists():
        check_there(entry, PickTable.empty(), ids)  # before an empty one is begun
    with open_journal_at(entry.journal, entry.path) as journal:
        check_there(entry, journal.table, ids)
        journal.record(journal.table.set_status(ids, status, **stamp()))
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def take_decision_back_on_disk(entry: Entry, ids: Sequence[int], status: str) -> Entry:
    """Undo `decide_on_disk`, and return the entry as it is then.

    Raises
    ------
    PicksError
        If something else was done since, the journal cannot be written, or is open elsewhere.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        if not is_last_decision(journal.history, ids, status):
            raise changed_since(entry)
        undo_step(journal)
        return replace(entry, summary=summarise(journal.table, journal.remarks))
