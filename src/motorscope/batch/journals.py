"""What a detection leaves beside a tomogram, so that the queue in napari finds it."""

from motorscope.batch.search import Found
from motorscope.contract import ModelCard
from motorscope.picks.journal_place import journal_at, open_journal_at
from motorscope.picks.searches import heatmap_of, keep_search, search_remark
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
    search = search_remark(card.name, card.sha256)
    with open_journal_at(place, tomogram.path) as journal:
        keep_search(journal, tomogram.grid, found.summits(card), threshold, search)
    if heatmap:
        write_heatmap(heatmap_of(place), result.heatmap, result.grid)
