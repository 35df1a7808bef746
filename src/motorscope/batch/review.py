"""From outcomes to the review: what was found goes into the journals beside the tomograms.

Outcomes are written wherever the batch ran; the journals are where a person decides. What a person
decided or added stays, as with any other search.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motorscope.batch.errors import BatchError
from motorscope.batch.items import Item
from motorscope.batch.settings import Settings
from motorscope.batch.store import Store, read_record
from motorscope.batch.threshold import find_threshold
from motorscope.picks.journal_place import open_journal_at
from motorscope.picks.searches import keep_search, search_remark


@dataclass(frozen=True)
class Reviewable:
    """A tomogram of a batch, as far as the review needs to know of it.

    Attributes
    ----------
    item
        The tomogram.
    error
        Why it could not be searched; empty if it was.
    when
        The end of its search (ISO 8601, UTC).
    heatmap
        Its heatmap, if the batch kept heatmaps.
    threshold
        From which score on candidates are shown: the batch's.
    store, settings
        Where the outcome is, and with which settings it was made.
    """

    item: Item
    error: str
    when: str
    heatmap: Path | None
    threshold: float
    store: Store
    settings: Settings

    @property
    def search(self) -> Mapping[str, Any]:
        """What a journal is told of the search."""
        remark = search_remark(self.settings.model, self.settings.sha256)
        return remark | {"when": self.when}

    def is_news(self, remarks: Mapping[str, Any]) -> bool:
        """Tell from a journal's remarks whether its last search was before this one."""
        before = remarks.get("searched")
        return not self.error and (before is None or str(before.get("when", "")) < self.when)


def reviewables(out: Path) -> list[Reviewable]:
    """Return the tomograms of a batch that have an outcome.

    Raises
    ------
    BatchError
        If it is no batch, or has no outcomes yet.
    """
    record = read_record(out)
    store = None if record is None else Store(out, record.settings.key)
    facts = [] if store is None else list(store.outcomes(whole=False))
    if record is None or store is None or not facts:
        raise BatchError(f"{out} holds no outcomes of 'motorscope batch' yet; wait for the first.")
    best = (each.best for each in facts if not each.error)
    threshold = find_threshold(record.choice, best).value
    return [
        Reviewable(
            each.item,
            each.error,
            each.effort.when,
            store.heatmap(each.item) if each.heatmap else None,
            threshold,
            store,
            record.settings,
        )
        for each in facts
    ]


def into_journal(found: Reviewable, journal: Path) -> None:
    """Write what was found in a tomogram into its journal.

    Raises
    ------
    PicksError
        If it cannot be written, or another window has it open.
    BatchError
        If the outcome is gone.
    """
    outcome = found.store.outcome(found.item)
    if outcome is None or outcome.summits is None:
        raise BatchError(f"The outcome of {found.item.path} is gone; run the batch again.")
    with open_journal_at(journal, Path(found.item.path)) as opened:
        if found.is_news(opened.remarks):
            keep_search(opened, outcome.grid, outcome.summits, found.threshold, found.search)
