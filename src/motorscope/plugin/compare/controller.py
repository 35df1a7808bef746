"""The comparisons of a viewer's tomograms: with which set, what came out, where a person is."""

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from napari.layers import Layer, Points
from psygnal import Signal

from motorscope.errors import PicksError
from motorscope.plugin.compare.layer import comparison_arguments
from motorscope.plugin.connections import listen
from motorscope.plugin.document import OpenTomogram
from motorscope.plugin.layers.kinds import COMPARISON
from motorscope.plugin.layers.points import picks_on
from motorscope.plugin.layers.source import by_identity, full_grid, identity, tomogram_name
from motorscope.plugin.layers.tag import tag_of
from motorscope.plugin.layers.viewport import look_at
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import Workspace
from motorscope.review import Review
from motorscope.review.comparison import Compared, Comparison, compare
from motorscope.review.order import is_shown

AT_ONCE = 2000
"""Picks of both sets that are compared again after every edit: that takes about 50 ms."""


class CompareController:
    """The comparisons of a viewer's tomograms.

    Mine are the picks of the review that are shown and not rejected: what was accepted, and what
    is undecided and reaches the threshold.

    Attributes
    ----------
    changed
        Emitted with a tomogram layer's identity when its comparison comes, changes or goes.
    """

    changed = Signal(str)

    def __init__(self, reviews: ReviewController) -> None:
        self._tomograms, self._viewer, self._reviews = reviews.tomograms, reviews.viewer, reviews
        self._ends = ExitStack()
        self._ends.callback(self.changed.disconnect)
        listen(self._ends, self._tomograms.closing, self._drop)
        listen(self._ends, self._tomograms.lost, self._on_lost)
        listen(self._ends, reviews.changed, self._on_review)

    @classmethod
    def of(cls, workspace: Workspace) -> "CompareController":
        """Return that of a workspace."""
        return workspace.part(cls, lambda: cls(ReviewController.of(workspace)))

    def close(self) -> None:
        """Let go of the viewer; layers stay. May be called more than once."""
        self._ends.close()

    def compared(self, tomogram: Layer | None) -> Compared | None:
        """Return the comparison of a tomogram, or ``None`` if there is none."""
        open_ = self._tomograms.of(tomogram)
        return None if open_ is None else open_.comparison

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
        self._show(comparison, tomogram)
        self._keep(tomogram, done)
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
        other = None if before is None else by_identity(self._viewer.layers, before.other)
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
        compared, number = compared.stepped(step)
        self._keep(tomogram, compared)
        comparison, review = compared.comparison, self._review(tomogram)
        rows = comparison.disagreements
        pick = int(comparison.ids[rows[number]])
        if pick in review.table.ids:
            review.go_to(pick)
        else:
            review.select([])
            look_at(self._viewer, tomogram, comparison.places[rows[number]])
        return number + 1, len(rows)

    def _review(self, tomogram: Layer) -> Review:
        review = self._reviews.review(tomogram)
        if review is None:
            raise PicksError(
                f"There are no picks of '{tomogram.name}' to compare; find motors in it first."
            )
        return review

    def _keep(self, tomogram: Layer, compared: Compared) -> None:
        open_ = self._tomograms.of(tomogram)
        assert open_ is not None
        open_.comparison = compared

    def _show(self, comparison: Comparison, tomogram: Layer) -> None:
        """Show a comparison as a points layer, in place of an earlier one of the tomogram."""
        open_ = self._tomograms.of(tomogram)
        assert open_ is not None
        arguments = comparison_arguments(
            comparison, full_grid(tomogram), tomogram_name(tomogram), open_.id
        )
        layer = open_.layer_of(COMPARISON)
        if layer is None:
            # A person goes on with the layer that was selected.
            self._tomograms.add(open_, Points(**arguments), keep_selection=True)
            return
        if not np.array_equal(layer.data, arguments["data"]):
            layer.selected_data = set()
            layer.data = arguments["data"]
        for name in ("scale", "translate"):
            if not np.array_equal(getattr(layer, name), arguments[name]):
                setattr(layer, name, arguments[name])
        verdicts = arguments["features"]["verdict"]
        if list(layer.features["verdict"]) != list(verdicts):
            layer.features = arguments["features"]
            layer.feature_defaults = arguments["feature_defaults"]

    def _on_review(self, layer_id: str) -> None:
        """Compare again after an edit, or say that it would be due."""
        open_ = self._tomograms.get(layer_id)
        if open_ is None or open_.comparison is None:
            return
        review = open_.review
        other = by_identity(self._viewer.layers, open_.comparison.other)
        if review is None or other is None:
            self._drop(open_)
        elif len(review.table) + len(other.data) <= AT_ONCE:
            self.refresh(open_.layer)
        else:
            open_.comparison = replace(open_.comparison, stale=True)
            self.changed.emit(layer_id)

    def _on_lost(self, tomogram: OpenTomogram, layer: Layer) -> None:
        tag = tag_of(layer)
        if tag is not None and tag.kind is COMPARISON and not tag.part:
            self._drop(tomogram)

    def _drop(self, tomogram: OpenTomogram) -> None:
        if tomogram.comparison is not None:
            tomogram.comparison = None
            self.changed.emit(tomogram.id)
