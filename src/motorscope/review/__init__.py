"""The review of tomograms without Qt and napari: history, journal, what it says, order, comparison.

One tomogram's review is a `Review`; many tomograms are a `Worklist`.
"""

from motorscope.review.history import History, State
from motorscope.review.journal.file import Journal, JournalInUseError
from motorscope.review.journal.place import journal_path, open_journal
from motorscope.review.record import Mark, Search, TomogramRecord
from motorscope.review.review import Review
from motorscope.review.summary import Summary, read_summary, summarise

__all__ = [
    "History",
    "Journal",
    "JournalInUseError",
    "Mark",
    "Review",
    "Search",
    "State",
    "Summary",
    "TomogramRecord",
    "journal_path",
    "open_journal",
    "read_summary",
    "summarise",
]
