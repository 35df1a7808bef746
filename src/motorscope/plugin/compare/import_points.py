"""Points that were opened become picks of a review, to be corrected like any others."""

import numpy as np
from napari.layers import Layer, Points

from motorscope.errors import PicksError
from motorscope.picks import Merged, PickTable
from motorscope.plugin.coordinates.placing import is_outside, likely_binning
from motorscope.plugin.layers.kinds import COORDINATES
from motorscope.plugin.layers.points import picks_on
from motorscope.plugin.layers.source import full_grid, tomogram_name
from motorscope.plugin.layers.tag import kind_of
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import intake
from motorscope.review.order import is_undecided
from motorscope.review.record import stamp


def take_into_review(
    reviews: ReviewController, tomogram: Layer, points: Points, radius: float
) -> str:
    """Take what a points layer shows into a tomogram's review, which begins if it has not.

    It is one step to undo. Points within `radius` Å of a pick that is decided are left out, and
    take the place of one that is not: see `motorscope.picks.merge_picks`. The threshold goes down
    where it would hide some of them. A layer of ours that was read from a file is hidden, because
    the review shows its points now; nobody else's layer is touched.

    Returns
    -------
    str
        What came of it, for a person.

    Raises
    ------
    MotorscopeError
        If there are no points or they lie outside of the tomogram, or if the layer or the tomogram
        does not say enough.
    """
    theirs, remark = picks_on(points, tomogram)
    if not len(theirs):
        raise PicksError(f"'{points.name}' shows no points to take into the review.")
    _check_inside(points, theirs, tomogram)
    review = reviews.begin(tomogram)
    merged = intake.merge(review, _signed(theirs, points.name), radius)
    lowest = theirs.scores[is_undecided(theirs)]
    if (lowest < review.threshold).any():
        review.set_threshold(float(np.floor(100 * np.nanmin(lowest)) / 100))
        remark = f"{remark} The threshold is {review.threshold:g} now, so that all are shown."
    if kind_of(points) is COORDINATES:
        points.visible = False
    return f"{_sentence(points.name, merged, radius)} {remark}".strip()


def _check_inside(points: Points, theirs: PickTable, tomogram: Layer) -> None:
    grid = full_grid(tomogram)
    voxels = grid.to_voxels(theirs.positions)
    outside = is_outside(voxels, grid)
    if outside.any():
        factor = likely_binning(voxels, grid)
        advice = f"{factor}, perhaps" if factor > 1 else "see Open coordinates"
        raise PicksError(
            f"{int(outside.sum())} of {len(theirs)} points of '{points.name}' lie outside of "
            f"'{tomogram_name(tomogram)}'. Open the file again with its binning ({advice}), or "
            "delete those points."
        )


def _signed(table: PickTable, name: str) -> PickTable:
    """Say of picks that do not say it themselves where they are from, and who took them in."""
    unsigned, bare = (table.frame[column].to_numpy() == "" for column in ("who", "note"))
    table = table.set_details(table.ids[unsigned], **stamp())
    return table.set_details(table.ids[bare], note=f"from {name}")


def _sentence(name: str, merged: Merged, radius: float) -> str:
    if not merged.added + merged.replaced:
        return f"The {merged.kept} motors of '{name}' are in the review already."
    parts = [f"{merged.added} motor{'s' * (merged.added != 1)} of '{name}' added to the review"]
    if merged.replaced:
        parts.append(f"{merged.replaced} put in the place of undecided ones")
    if merged.kept:
        parts.append(f"{merged.kept} left out that it has already")
    near = f" (within {radius:.0f} Å)" if merged.replaced + merged.kept else ""
    return ", ".join(parts) + f"{near}."
