"""Picks: tables of found and corrected motors, their files, and their comparison with a truth."""

from motorscope.picks.csv import pick_tables, read_picks, write_picks
from motorscope.picks.history import History, State
from motorscope.picks.journal import Journal, JournalInUseError
from motorscope.picks.journal_place import journal_path, open_journal
from motorscope.picks.merging import Merged, merge_picks
from motorscope.picks.scoring import (
    Counts,
    Matches,
    competition_counts,
    competition_f2,
    f_beta,
    match_picks,
)
from motorscope.picks.summary import Summary, read_summary, summarise
from motorscope.picks.summits import Summits, summits_of
from motorscope.picks.table import ORIGINS, STATUSES, PickTable

__all__ = [
    "ORIGINS",
    "STATUSES",
    "Counts",
    "History",
    "Journal",
    "JournalInUseError",
    "Matches",
    "Merged",
    "PickTable",
    "State",
    "Summary",
    "Summits",
    "competition_counts",
    "competition_f2",
    "f_beta",
    "journal_path",
    "match_picks",
    "merge_picks",
    "open_journal",
    "pick_tables",
    "read_picks",
    "read_summary",
    "summarise",
    "summits_of",
    "write_picks",
]
