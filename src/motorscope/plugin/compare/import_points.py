"""Points that were opened become picks of a review, to be corrected like any others."""

from napari.layers import Layer, Points

from motorscope.errors import PicksError
from motorscope.picks.coordinates.placing import check_inside
from motorscope.plugin.layers.kinds import COORDINATES
from motorscope.plugin.layers.points import picks_on
from motorscope.plugin.layers.source import volume_of
from motorscope.plugin.layers.tag import kind_of
from motorscope.plugin.review.controller import ReviewController
from motorscope.review import intake


def take_into_review(
    reviews: ReviewController, tomogram: Layer, points: Points, radius: float
) -> str:
    """Take what a points layer shows into a tomogram's review, which begins if it has not.

    It is one step to undo. Points within `radius` Å of a pick that is decided are left out, and
    take the place of one that is not: see `motorscope.review.intake.merge_named`. A layer of ours
    that was read from a file is hidden, because the review shows its points now; nobody else's
    layer is touched.

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
    check_inside(theirs, points.name, volume_of(tomogram))
    said = intake.merge_named(reviews.begin(tomogram), theirs, points.name, radius)
    if kind_of(points) is COORDINATES:
        points.visible = False
    return f"{said} {remark}".strip()
