"""The comparisons of a viewer's tomograms: with which set, what came out, where a person is."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer, Points
from psygnal import Signal

from motorscope.errors import PicksError
from motorscope.plugin.comparison import Comparison, compare, show_comparison
from motorscope.plugin.desk import ReviewDesk
from motorscope.plugin.layers import identity, role
from motorscope.plugin.points import picks_on
from motorscope.plugin.review import Review
from motorscope.plugin.specs import COMPARISON, KEY
from motorscope.plugin.stepping import is_shown
from motorscope.plugin.viewport import look_at

AT_ONCE = 2000
"""Picks of both sets that are compared again after every edit: that takes about 50 ms."""


@dataclass(frozen=True)
class Compared:
    """A comparison, and how it came about.

    Attributes
    ----------
    comparison
        What came out.
    other
        The identity of the other set's layer.
    radius
        In Å.
    remark
        What was assumed; empty if nothing.
    stale
        Whether my picks have changed since.
    place
        Where the last step led, z, y, x in Å.
    """

    comparison: Comparison
    other: str
    radius: float
    remark: str = ""
    stale: bool = False
    place: tuple[float, ...] | None = None


class ComparisonDesk:
    """The comparisons of a viewer's tomograms.

    Mine are the picks of the review that are shown and not rejected: what was accepted, and what
    is undecided and reaches the threshold.

    Attributes
    ----------
    changed
        Emitted with a tomogram layer's identity when its comparison comes, changes or goes.
    """

    changed = Signal(str)

    def __init__(self, viewer: ViewerModel, desk: ReviewDesk) -> None:
        self._viewer, self._desk = viewer, desk
        self._all: dict[str, Compared] = {}
        viewer.layers.events.removed.connect(self._on_removed)
        desk.changed.connect(self._on_review)

    def close(self) -> None:
        """Let go of the viewer; layers stay. May be called more than once."""
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._desk.changed.disconnect(self._on_review, missing_ok=True)
        self.changed.disconnect()

    def compared(self, tomogram: Layer | None) -> Compared | None:
        """Return the comparison of a tomogram, or ``None`` if there is none."""
        return None if tomogram is None else self._all.get(identity(tomogram))

    def compare(self, tomogram: Layer, other: Points, radius: float) -> Compared:
        """Compare the picks of a tomogram's review with those that a points layer shows.

        Raises
        ------
        MotorscopeError
            If there are no picks, or the layer does not say enough.
        """
        review = self._review(tomogram)
        theirs, remark = picks_on(other, tomogram)
        theirs = theirs.with_status("candidate", "accepted")
        shown = is_shown(review.table, review.threshold, rejected=False)
        comparison = compare(review.table.select(shown), theirs.positions, radius)
        before = self.compared(tomogram)
        done = Compared(
            comparison=comparison,
            other=identity(other),
            radius=radius,
            remark=remark,
            place=None if before is None else before.place,
        )
        show_comparison(self._viewer, comparison, tomogram)
        self._all[identity(tomogram)] = done
        self.changed.emit(identity(tomogram))
        return done

    def refresh(self, tomogram: Layer) -> None:
        """Compare again with the same set, if it is there still.

        Raises
        ------
        MotorscopeError
            See `compare`.
        """
        before = self.compared(tomogram)
        other = None if before is None else self._layer(before.other)
        if before is not None and other is not None:
            self.compare(tomogram, other, before.radius)

    def step(self, tomogram: Layer, step: int = 1) -> tuple[int, int]:
        """Go to the next disagreement (-1: the one before), round the end.

        A pick of mine is selected there, so that it can be decided.

        Returns
        -------
        tuple of int
            Which one, from 1, of how many.

        Raises
        ------
        PicksError
            If nothing was compared, or all is the same.
        """
        compared = self.compared(tomogram)
        if compared is None:
            raise PicksError("Compare with another set of picks first.")
        comparison = compared.comparison
        rows = comparison.disagreements
        if not len(rows):
            raise PicksError("Both sets have the same motors; there is no disagreement.")
        places = [tuple(place) for place in comparison.places[rows].tolist()]
        if compared.place is None:
            number = 0 if step > 0 else len(rows) - 1
        elif step > 0:
            number = bisect_right(places, compared.place) % len(rows)
        else:
            number = (bisect_left(places, compared.place) - 1) % len(rows)
        self._all[identity(tomogram)] = replace(compared, place=places[number])
        review, pick = self._review(tomogram), int(comparison.ids[rows[number]])
        if pick in review.table.ids:
            review.go_to(pick)
        else:
            review.select([])
            look_at(self._viewer, tomogram, places[number])
        return number + 1, len(rows)

    def _review(self, tomogram: Layer) -> Review:
        review = self._desk.review(tomogram)
        if review is None:
            raise PicksError(
                f"There are no picks of '{tomogram.name}' to compare; find motors in it first."
            )
        return review

    def _layer(self, layer_id: str) -> Layer | None:
        return next((each for each in self._viewer.layers if identity(each) == layer_id), None)

    def _on_review(self, layer_id: str) -> None:
        """Compare again after an edit, or say that it would be due."""
        compared, tomogram = self._all.get(layer_id), self._layer(layer_id)
        if compared is None or tomogram is None:
            return
        review, other = self._desk.review(tomogram), self._layer(compared.other)
        if review is None or other is None:
            self._drop(layer_id)
        elif len(review.table) + len(other.data) <= AT_ONCE:
            self.refresh(tomogram)
        else:
            self._all[layer_id] = replace(compared, stale=True)
            self.changed.emit(layer_id)

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        if role(layer) == COMPARISON:
            self._drop(layer.metadata[KEY]["tomogram"])
        else:
            self._drop(identity(layer))

    def _drop(self, tomogram_id: str) -> None:
        if self._all.pop(tomogram_id, None) is not None:
            self.changed.emit(tomogram_id)
