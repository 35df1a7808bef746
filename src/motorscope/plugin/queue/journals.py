"""What a queue writes into the journals of its tomograms, and their entries as they are then."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from motorscope.picks import summarise
from motorscope.picks.journal_place import open_journal_at
from motorscope.picks.marks import take_mark_back, write_mark
from motorscope.picks.searches import keep_search
from motorscope.plugin.queue.jobs import Found
from motorscope.plugin.queue.marks import Mark, changed_since, check_mark
from motorscope.plugin.queue.worklist import Entry
from motorscope.review import Review


def as_reviewed(entry: Entry, review: Review) -> Entry:
    """Return the entry of a tomogram as its review has it."""
    known = review.journal.remarks if review.journal is not None else {}
    return replace(entry, summary=summarise(review.table, {**known, **review.remarks()}))


def noted(entry: Entry, remarks: Mapping[str, Any]) -> Entry:
    """Write remarks into the journal of a tomogram that has no review open.

    Raises
    ------
    PicksError
        If it cannot be written, or another window has it open.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        journal.record(journal.table, remarks)
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def kept(entry: Entry, found: Found) -> Entry:
    """Write what was found into the journal of a tomogram that is not open.

    Raises
    ------
    PicksError
        If it cannot be written, or another window has it open.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        keep_search(journal, found.grid, found.summits, found.threshold, found.search)
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def mark_on_disk(entry: Entry, mark: Mark) -> Entry:
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


def take_back_on_disk(entry: Entry, mark: Mark) -> Entry:
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
