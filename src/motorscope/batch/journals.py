"""From what was found to the review: it goes into the journals beside the tomograms.

There a person decides; what a person decided or added stays.
"""

from dataclasses import dataclass
from pathlib import Path

from motorscope.batch.errors import BatchError
from motorscope.batch.folder.store import Store, read_record
from motorscope.batch.items import Item
from motorscope.batch.search import Found
from motorscope.batch.settings import Settings
from motorscope.batch.threshold import find_threshold
from motorscope.contract import ModelCard
from motorscope.review import Search, TomogramRecord
from motorscope.review.journal.place import journal_at, open_journal_at
from motorscope.review.searches import heatmap_of, keep_search
from motorscope.tomogram import write_heatmap


def keep_for_queue(found: Found, card: ModelCard, threshold: float, heatmap: bool = False) -> None:
    """Write candidates, and the heatmap if wanted, where the queue's own search writes them.

    What a person decided or added stays, and so does the mark that the tomogram was reviewed unless
    there is something new to decide.

    Parameters
    ----------
    found
        Of a tomogram that was read from a file.
    card
        The model's.
    threshold
        Score from which candidates are shown.

    Raises
    ------
    MotorscopeError, OSError
        If something cannot be written, or the tomogram is open in a window.
    """
    tomogram, result = found.tomogram, found.result
    assert tomogram.path is not None
    place = journal_at(tomogram.path, tomogram.name)
    search = Search.now(card.name, card.sha256, tomogram.density)
    with open_journal_at(place, tomogram.path) as journal:
        keep_search(journal, tomogram.grid, found.summits(card), threshold, search)
    if heatmap:
        write_heatmap(heatmap_of(place), result.heatmap, result.grid)


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

    def is_news(self, record: TomogramRecord) -> bool:
        """Tell whether the last search that a journal knows was before this one."""
        before = record.searched
        return not self.error and (before is None or before.when < self.when)

    def write(self, journal: Path) -> None:
        """Write what was found into the tomogram's journal, if that does not know it.

        Raises
        ------
        PicksError
            If it cannot be written, or another window has it open.
        BatchError
            If the outcome is gone.
        """
        outcome = self.store.outcome(self.item)
        if outcome is None or outcome.summits is None:
            raise BatchError(f"The outcome of {self.item.path} is gone; run the batch again.")
        settings = self.settings
        search = Search(settings.model, settings.sha256, self.when, settings.density)
        with open_journal_at(journal, Path(self.item.path)) as opened:
            if self.is_news(opened.said):
                keep_search(opened, outcome.grid, outcome.summits, self.threshold, search)


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
