"""What comes into a review at once: from a search, a find-alike, another person's file, a view."""

import numpy as np
from numpy.typing import ArrayLike

from motorscope.errors import PicksError
from motorscope.picks import Merged, PickTable, Summits, merge_picks
from motorscope.picks.combining.alike import with_alike
from motorscope.picks.combining.partial import Box, Patched, patch
from motorscope.picks.summits import NO_SUMMITS
from motorscope.review.order import is_undecided
from motorscope.review.record import stamp
from motorscope.review.review import Review
from motorscope.words import counted


def take_in(
    review: Review,
    found: PickTable,
    minimum_distance: float,
    drag: str | None = None,
    summits: Summits | None = None,
) -> None:
    """Take in what a search found; what a person did stays.

    Parameters
    ----------
    minimum_distance
        Candidates nearer than this many Å to a pick that stays are left out.
    drag
        The same word for what shall be one step to undo.
    summits
        Of what `found` was chosen, for `set_minimum_distance`.
    """
    _take(review, review.latest().with_candidates(found, minimum_distance), summits, drag)


def take_in_part(review: Review, found: Summits, box: Box) -> Patched:
    """Take in what a search of a box saw; elsewhere, all stays. See `partial.patch`.

    Parameters
    ----------
    box
        Two corners (z, y, x) in Å, the lower one first.

    Returns
    -------
    Patched
        What came of it.
    """
    patched = patch(review.latest(), review.summits, found, box, review.threshold)
    _take(review, patched.table, patched.summits)
    return patched


def take_alike(review: Review, found: PickTable, distance: float, amend: bool = False) -> None:
    """Take in what looks like examples; see `motorscope.picks.combining.alike.with_alike`.

    Parameters
    ----------
    amend
        Whether it follows from the step before, and is undone with it.
    """
    table = with_alike(review.latest(), found, distance, review.threshold)
    review.amend(table) if amend else review.do(table)


def merge(review: Review, others: PickTable, radius: float) -> Merged:
    """Take in another set of picks as one step; see `motorscope.picks.merge_picks`.

    Parameters
    ----------
    radius
        In Å, within which two picks are the same motor.
    """
    merged = merge_picks(review.latest(), others, radius)
    review.do(merged.table)
    return merged


def merge_named(review: Review, others: PickTable, name: str, radius: float) -> str:
    """Take in picks of somebody else as `merge` does, and say so.

    They say where they are from and who took them in. The threshold goes down where it would hide
    some of them.

    Parameters
    ----------
    name
        What the other set is called.

    Returns
    -------
    str
        What came of it, for a person.
    """
    merged = merge(review, _signed(others, name), radius)
    said = _merged_in_words(merged, name, radius)
    lowest = others.scores[is_undecided(others)]
    if (lowest < review.threshold).any():
        review.set_threshold(float(np.floor(100 * np.nanmin(lowest)) / 100))
        said += f" The threshold is {review.threshold:g} now, so that all are shown."
    return said


def set_minimum_distance(review: Review, distance: float) -> None:
    """Choose the candidates of the last search anew, at least `distance` Å apart.

    Raises
    ------
    PicksError
        If nobody knows what the last search saw.
    """
    if review.summits is None:
        raise PicksError(f"What a run saw in {review.name} is not known; find motors again.")
    chosen = review.summits.apart(distance)
    take_in(review, chosen.candidates, distance, "minimum distance", chosen)


def start_again(review: Review) -> int:
    """Take back all that a person did since the last search, as one step; return the count.

    Where nobody knows what the search saw, its candidates stay where they are.
    """
    table = review.latest()
    if review.summits is not None:
        table = review.summits.candidates
    else:
        found = table.select(table.origins == "model").renumbered()
        table = found.set_status(found.ids, "candidate", note="", who="", when="")
    review.do(table, select=(), also={"reviewed": None})
    return len(table)


def take_edits(
    review: Review,
    removed: ArrayLike = (),
    moved: ArrayLike = (),
    places: ArrayLike = (),
    added: ArrayLike = (),
) -> None:
    """Take in what was done in a view, as one step.

    Parameters
    ----------
    removed, moved
        Ids of picks.
    places
        New positions of the moved ones ``(n, 3)`` in Å.
    added
        Positions of new ones ``(n, 3)`` in Å; they get the ids from the table's `next_id` on.
    """
    table, stamped = review.table, stamp()
    if np.size(removed):
        table = table.remove(removed)
    if np.size(moved):
        table = table.move(moved, places, **stamped)
    review.do(table.add(added, **stamped))


def _take(
    review: Review, table: PickTable, summits: Summits | None, drag: str | None = None
) -> None:
    """Go on to candidates of a search, with what they were chosen from."""
    seen = NO_SUMMITS if summits is None else summits.remarks
    if len(review.table) or review.history.can_undo:
        review.do(table, drag, also=seen)
    else:
        review.begin(table, seen)  # the beginning is nothing to be undone


def _signed(table: PickTable, name: str) -> PickTable:
    """Say of picks that do not say it themselves where they are from, and who took them in."""
    unsigned, bare = (table.frame[column].to_numpy() == "" for column in ("who", "note"))
    table = table.set_details(table.ids[unsigned], **stamp())
    return table.set_details(table.ids[bare], note=f"from {name}")


def _merged_in_words(merged: Merged, name: str, radius: float) -> str:
    if not merged.added + merged.replaced:
        return f"The {merged.kept} motors of '{name}' are in the review already."
    parts = [f"{counted(merged.added, 'motor')} of '{name}' added to the review"]
    if merged.replaced:
        parts.append(f"{merged.replaced} put in the place of undecided ones")
    if merged.kept:
        parts.append(f"{merged.kept} left out that it has already")
    near = f" (within {radius:.0f} Å)" if merged.replaced + merged.kept else ""
    return ", ".join(parts) + f"{near}."
