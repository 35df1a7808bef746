"""All reviews of a viewer: each belongs to a tomogram's layer, has a points layer and a journal."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from napari.layers import Layer, Points
from psygnal import Signal

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks import PickTable, Summits
from motorscope.plugin.connections import listen
from motorscope.plugin.document import OpenTomogram, Tomograms
from motorscope.plugin.layers import source as sources
from motorscope.plugin.layers.kinds import PICKS, Ending
from motorscope.plugin.layers.picks_view import PicksView
from motorscope.plugin.layers.source import identity
from motorscope.plugin.layers.tag import tag_of
from motorscope.plugin.layers.viewport import look_at
from motorscope.plugin.review.journals import journal_of, open_or_warn
from motorscope.plugin.review.pointer import Pointer
from motorscope.plugin.workspace import Workspace
from motorscope.review import History, Journal, Review, intake
from motorscope.review.record import to_json
from motorscope.review.regridding import mover
from motorscope.tomogram import Shade


class ReviewController:
    """The reviews of a viewer's tomograms.

    Attributes
    ----------
    tomograms, viewer, pointer
        The tomograms, the viewer in which they are open, and where the mouse points in it.
    changed
        Emitted with a tomogram layer's identity when its review begins, ends, or changes.
    said, warned
        Emitted with a sentence for a person: a remark, or an error.
    folder, scratch
        See `motorscope.plugin.workspace.Workspace`.
    """

    changed = Signal(str)
    said = Signal(str)
    warned = Signal(str)

    def __init__(
        self, tomograms: Tomograms, folder: Path | None = None, scratch: Path | None = None
    ) -> None:
        self.tomograms, self.viewer = tomograms, tomograms.viewer
        self.folder, self.scratch = folder, scratch
        self.pointer = Pointer(self.viewer)
        self._ends = ExitStack()
        self._ends.callback(self.pointer.close)
        listen(self._ends, tomograms.closing, self._on_closing)
        listen(self._ends, tomograms.lost, self._on_lost)

    @classmethod
    def of(cls, workspace: Workspace) -> "ReviewController":
        """Return that of a workspace; it restores the review of every tomogram that is chosen."""

        def make() -> ReviewController:
            made = cls(workspace.tomograms, workspace.folder, workspace.scratch)
            listen(made._ends, made.said, workspace.say)
            listen(made._ends, made.warned, workspace.warn)
            listen(made._ends, workspace.events.current, lambda: made.restore(workspace.layer))
            made.restore(workspace.layer)
            return made

        return workspace.part(cls, make)

    def close(self) -> None:
        """Close all reviews and their journals; layers stay. May be called more than once."""
        for signal in (self.changed, self.said, self.warned):
            signal.disconnect()  # first: whoever listened may be half gone
        self._ends.close()
        for tomogram in list(self.tomograms.by_id.values()):
            self.forget(tomogram.id)

    def review(self, layer: Layer | None) -> Review | None:
        """Return the review of a tomogram, or ``None`` if it has not begun."""
        tomogram = self.tomograms.of(layer)
        return None if tomogram is None else tomogram.review

    def points(self, layer: Layer) -> Points:
        """Return the points layer of a tomogram's picks.

        Raises
        ------
        PicksError
            If there are no picks, or the layer has been removed.
        """
        tomogram = self.tomograms.of(layer)
        points = None if tomogram is None else tomogram.layer_of(PICKS)
        if points is None:
            raise no_picks(layer)
        return points

    def begun(self, layer: Layer) -> Review:
        """Return the review of a tomogram.

        Raises
        ------
        PicksError
            If it has not begun.
        """
        review = self.review(layer)
        if review is None:
            raise no_picks(layer)
        return review

    # Beginning and end

    def begin(self, layer: Layer, threshold: float = 0.5, points: Points | None = None) -> Review:
        """Return the review of a tomogram; it begins with what its journal holds.

        Parameters
        ----------
        points
            A layer that nobody needs any more, to show the picks in: to remove one and add another
            stops the window for a good part of a second.

        Raises
        ------
        SpacingError, TomogramError
            If the layer is no tomogram, or its spacing is unknown.
        """
        there = self.review(layer)
        if there is not None:
            return there
        sources.check_source(layer)
        grid = sources.full_grid(layer)
        grid.known_spacing()
        tomogram = self.tomograms.of(layer)
        assert tomogram is not None
        layer_id = tomogram.id
        journal = open_or_warn(layer, self.folder, self.scratch, self.warned.emit)
        left = tomogram.layer_of(PICKS)  # by docks that were closed
        tag = None if left is None else tag_of(left)
        picks = History.of((None if tag is None else tag.table) or PickTable.empty())
        if journal is not None:
            picks = journal.history
            known = journal.said.threshold
            threshold = threshold if known is None else known
            if move := mover(grid, journal.remarks):
                picks = picks.mapped(move)
        name = sources.tomogram_name(layer)
        review = Review(name, grid, picks, threshold, journal)
        if journal is not None and picks is not journal.history:
            self._rewrite(journal, review)
        density = sources.density_of(layer)
        if journal is not None and density is None:
            sources.set_density(layer, journal.said.density)
        elif density is not None:
            review.note(to_json(density=density))
        view = PicksView(self.viewer, review, layer_id, partial(self.tomograms.add, tomogram))
        tomogram.review, tomogram.view = review, view
        review.changed.connect(lambda: self.changed.emit(layer_id))
        review.went_to.connect(lambda pick: self._look_at(layer_id, pick))
        review.failed.connect(lambda text: self.warned.emit(text))
        if left is not None:
            review.changing.emit()  # edits from the time when nobody looked
        elif points is not None:
            view.adopt(points)
            tomogram.layers.append(points)
        if len(review.table) or view.layer is not None:
            review.changed.emit()
        if count := len(picks.present):
            self.said.emit(
                f"{count} motor{'s' * (count != 1)} of an earlier review restored: "
                f"{review.counts()}."
            )
        self.changed.emit(layer_id)
        return review

    def restore(self, layer: Layer | None, points: Points | None = None) -> None:
        """Begin the review of a tomogram that was reviewed before; else do nothing.

        `points` are as for `begin`.
        """
        if layer is None or self.review(layer) is not None:
            return
        try:
            sources.check_source(layer)
            journal = journal_of(layer, self.folder, self.scratch)
            if sources.spacing_of(layer) is not None and journal.exists():
                self.begin(layer, points=points)
        except MotorscopeError:
            return  # it will be said when a review begins

    def take_in(
        self,
        layer: Layer,
        found: PickTable,
        minimum_distance: float,
        threshold: float,
        summits: Summits | None = None,
    ) -> None:
        """Take in what a run found in a tomogram; see `motorscope.review.intake`."""
        review = self.begin(layer, threshold)
        review.threshold = threshold
        intake.take_in(review, found, minimum_distance, summits=summits)
        review.changed.emit()  # also where nothing was found, so that there is a layer to add to

    def forget(self, layer_id: str) -> None:
        """End the review of a tomogram; what was done is in its journal."""
        tomogram = self.tomograms.get(layer_id)
        if tomogram is None:
            return
        view, review = tomogram.view, tomogram.review
        tomogram.view = tomogram.review = None
        if view is not None and review is not None:
            review.selection_changed.disconnect()
            view.take_edits()
            view.close()
            review.close()
            self.changed.emit(layer_id)

    def set_spacing(self, layer: Layer, spacing: tuple[float, float, float]) -> None:
        """Give a tomogram a spacing (z, y, x) in Å; results at the old one are removed.

        Picks that a person made or decided about keep their voxels; undecided candidates go,
        because the model saw the tomogram at another scale.

        Raises
        ------
        TomogramError
            If the layer is no tomogram, or the numbers are no spacing.
        """
        sources.check_source(layer)
        spacing = sources.full_grid(layer).with_spacing(spacing).known_spacing()
        if sources.spacing_of(layer) == spacing:
            return
        tomogram = self.tomograms.of(layer)
        assert tomogram is not None
        point = layer.world_to_data(self.viewer.dims.point)
        sources.set_spacing(layer, spacing)
        self.tomograms.drop_results(tomogram, Ending.SPACING)
        tomogram.last_run = tomogram.heatmap = None  # the one on disk is of the old spacing, too
        tomogram.heatmaps.clear()
        self._respace(layer)
        self.restore(layer)
        self.viewer.reset_view()
        self.viewer.dims.point = layer.data_to_world(point)
        self.tomograms.changed.emit()

    def set_density(self, layer: Layer, density: Shade | None) -> None:
        """Keep how dense things look in a tomogram; ``None`` to find it out.

        It is kept with the layer, and in the journal as soon as there is a review.
        """
        sources.set_density(layer, density)
        review = self.review(layer)
        if review is not None:
            review.note(to_json(density=density))
            review.changed.emit()

    def _respace(self, layer: Layer) -> None:
        review = self.review(layer)
        if review is None:
            return
        grid = sources.full_grid(layer)
        nothing = PickTable.empty()
        kept = review.table.with_candidates(nothing, 0.0)
        moved = kept.move(kept.ids, grid.to_world(review.grid.to_voxels(kept.positions)))
        journal, review.journal = review.journal, None
        threshold = review.threshold
        self.forget(identity(layer))
        if journal is not None:
            fresh = Review(sources.tomogram_name(layer), grid, moved, threshold)
            journal.record(moved, fresh.remarks(), "first")
            journal.close()
        if len(moved):
            self.begin(layer, threshold)

    def _on_lost(self, tomogram: OpenTomogram, layer: Layer) -> None:
        """Let go of a points layer that was removed; the picks stay in the review."""
        if tomogram.view is not None and tomogram.view.layer == layer:
            tomogram.view.detach()

    def _on_closing(self, tomogram: OpenTomogram) -> None:
        if tomogram.unkept:
            self.warned.emit(
                f"What you did in {tomogram.layer.name} is not on disk; its motors stay as a "
                "layer, which you can save."
            )
        self.forget(tomogram.id)

    # Inner parts

    def _look_at(self, layer_id: str, pick: int) -> None:
        tomogram = self.tomograms.get(layer_id)
        if tomogram is not None and tomogram.review is not None:
            look_at(self.viewer, tomogram.layer, list(tomogram.review.position(pick)))

    def _rewrite(self, journal: Journal, review: Review) -> None:
        """Bring a journal to the grid of its review, so that all its steps are on one grid."""
        try:
            journal.rewrite(review.history, journal.remarks | review.remarks())
        except PicksError as error:
            self.warned.emit(str(error))


def no_picks(layer: Layer) -> PicksError:
    """Return the error of a tomogram in which nothing was found."""
    return PicksError(f"There are no picks of '{layer.name}'; find motors in it first.")
