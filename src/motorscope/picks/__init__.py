"""Picks: tables of found and corrected motors, their files, and their comparison with a truth."""

from motorscope.picks.combining.merging import Merged, merge_picks
from motorscope.picks.csv import pick_tables, read_picks, write_picks
from motorscope.picks.rows import ORIGINS, STATUSES
from motorscope.picks.scoring import (
    Counts,
    Matches,
    competition_counts,
    competition_f2,
    f_beta,
    match_picks,
)
from motorscope.picks.summits import Summits, summits_of
from motorscope.picks.table import PickTable

__all__ = [
    "ORIGINS",
    "STATUSES",
    "Counts",
    "Matches",
    "Merged",
    "PickTable",
    "Summits",
    "competition_counts",
    "competition_f2",
    "f_beta",
    "match_picks",
    "merge_picks",
    "pick_tables",
    "read_picks",
    "summits_of",
    "write_picks",
]
