"""The queue in the viewer, without Qt: opens one tomogram after another, keeps what is found.

Journals are written in the main thread alone: so a search in the background and the review of the
same tomogram cannot meet.
"""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from napari.layers import Layer
from psygnal import Signal

from motorscope.batch.loop import Done
from motorscope.batch.queue import Failed, FoundAlike, Opened, Searched
from motorscope.errors import MotorscopeError, PicksError
from motorscope.plugin.connections import listen
from motorscope.plugin.detect.controller import DetectController
from motorscope.plugin.layers.source import density_of, full_grid, identity, path_of, spacing_of
from motorscope.plugin.queue.layers import give_away, opened_layer, show_tomogram
from motorscope.plugin.review.heatmaps import put_heatmap
from motorscope.review import Review, Search, intake
from motorscope.review.record import to_json
from motorscope.review.searches import search_marks
from motorscope.review.worklist import Entry, Worklist
from motorscope.review.worklist.desk import Desk
from motorscope.review.worklist.keeping import as_reviewed, kept, kept_alike, noted


class QueueController(Desk):
    """Which tomograms there are, and which one is open.

    Attributes
    ----------
    went_to
        Emitted when another tomogram was opened or closed.
    """

    went_to = Signal()

    def __init__(self, detections: DetectController) -> None:
        super().__init__()
        self.reviews, self.heatmaps = detections.reviews, detections.heatmaps
        self.tomograms = self.reviews.tomograms
        self._spacing_wanted = False  # by the open tomogram, whose file does not say it
        self._ends = ExitStack()
        self._ends.callback(self.went_to.disconnect)
        self._ends.callback(self.changed.disconnect)
        listen(self._ends, self.reviews.changed, self._on_review)
        listen(self._ends, detections.searched, self._on_searched)
        listen(self._ends, self.tomograms.changed, self._on_layers)

    def close(self) -> None:
        """Let go of the viewer; layers stay. May be called more than once."""
        self._ends.close()

    # Which tomograms

    def set_queue(self, queue: Worklist) -> None:
        """Take another queue; the tomogram that is open stays open."""
        self.queue = queue
        self._refresh_current()
        self.changed.emit()
        self.went_to.emit()

    def take_entries(self, entries: list[Entry]) -> None:
        """Take entries as their journals have them; the open one is known better."""
        self.put(*entries)
        self._refresh_current()

    @property
    def layer(self) -> Layer | None:
        """The layer of the tomogram that the queue has opened."""
        return opened_layer(self.tomograms)

    @property
    def current(self) -> Entry | None:
        """The entry of the tomogram that the queue has opened."""
        layer = self.layer
        return None if layer is None else self.entry(path_of(layer))

    # Opening

    def show(self, opened: Opened) -> str:
        """Show a tomogram, its heatmap and its picks, in place of the one before.

        Returns
        -------
        str
            A remark for a person, or nothing.
        """
        remark = self._keep_unkept()
        self._spacing_wanted = False
        show_tomogram(self.reviews, opened)
        self._spacing_wanted = opened.tomogram.grid.spacing is None
        entry = self.entry(opened.path)
        if entry is not None and entry.problem and not self._spacing_wanted:
            self.put(replace(entry, problem=""))
        self._refresh_current()
        self.went_to.emit()
        return remark

    # Searching

    def as_said(self, entry: Entry) -> Entry:
        """Return an entry with what a person said of its tomogram where that is open."""
        layer, summary = self._layer_of(entry.path), entry.summary
        if layer is None:
            return entry
        record = replace(summary.record, density=density_of(layer))
        return replace(entry, summary=replace(summary, record=record))

    def finish(self, message: Done[Entry, Searched] | Done[Entry, FoundAlike]) -> None:
        """Keep what became of a search."""
        if isinstance(message.value, FoundAlike):
            self.take_alike(message.value)
        elif message.value is not None:
            self.take_in(message.value)
        else:
            assert message.error is not None
            failed = Failed.of(message.item.path, message.error)
            self.fail(failed.path, failed.text, failed.unspaced)

    def take_in(self, found: Searched) -> None:
        """Keep what was found: in the review if the tomogram is open, else in its journal.

        What a person decided or added stays; the tomogram is to be reviewed (again).
        """
        entry = self.entry(found.path)
        if entry is None:
            return
        entry = replace(entry, running=False, problem="")
        layer = self._layer_of(found.path)
        try:
            if layer is not None:
                self.put(entry)
                if spacing_of(layer) is None:  # it was opened before a person said it
                    self.reviews.set_spacing(layer, found.grid.known_spacing())
                self._take_into_review(layer, found)
                self._refresh_current()
            else:
                self.put(kept(entry, found.grid, found.summits, found.threshold, found.search))
        except MotorscopeError as error:
            self.put(replace(entry, problem=str(error)))

    def take_alike(self, found: FoundAlike) -> None:
        """Keep what looks like examples: in the review if the tomogram is open, or its journal."""
        entry, layer = self.entry(found.path), self._layer_of(found.path)
        if entry is None:
            return
        entry = replace(entry, running=False, problem="")
        try:
            if layer is None or spacing_of(layer) is None:
                self.put(kept_alike(entry, found.grid, found.candidates, found.distance))
            else:
                self.put(entry)
                intake.take_alike(self.reviews.begin(layer), found.candidates, found.distance)
                self._refresh_current()
        except MotorscopeError as error:
            self.put(replace(entry, problem=str(error)))

    # Reviewing

    def target(self, path: Path) -> tuple[Entry, Review | None]:
        """Return the entry of a tomogram to be marked, and its review if it is open; see `Desk`."""
        entry, layer = self.entry(path), self._layer_of(path)
        if entry is None:
            raise PicksError(f"{path} is not in the queue any more.")
        if layer is None or spacing_of(layer) is None:  # without a spacing there is no review
            return entry, None
        review = self.reviews.begin(layer)
        if review.journal is None:
            raise PicksError(
                f"The journal of {entry.name} cannot be written, so this cannot be kept; "
                "see the message when the tomogram was opened."
            )
        return entry, review

    # Inner parts

    def _layer_of(self, path: Path) -> Layer | None:
        """Return the layer of a tomogram that is open, by the queue or by a person."""
        layers = [each.layer for each in self.tomograms]
        return next((each for each in layers if path_of(each) == path), None)

    def _keep_unkept(self) -> str:
        """Let the open tomogram be the person's if edits are not on disk; return what to say."""
        layer = self.layer
        tomogram = self.tomograms.of(layer)
        if layer is None or tomogram is None or not tomogram.unkept:
            return ""
        give_away(layer)
        return f"{layer.name} stays open: its edits are not on disk yet; save them."

    def _take_into_review(self, layer: Layer, found: Searched) -> None:
        review = self.reviews.begin(layer, found.threshold)
        before, threshold = review.table, review.threshold
        summits = found.summits
        self.heatmaps.keep(identity(layer))
        put_heatmap(self.tomograms, layer, found.heatmap, keep_selection=True)
        self.heatmaps.settle(identity(layer), found.heatmap)
        self.reviews.take_in(
            layer, summits.candidates, summits.distance, threshold, summits=summits
        )
        if review.journal is not None:
            marks = search_marks(before, review.table, threshold, summits.distance, found.search)
            review.note(marks)

    def _refresh_current(self) -> None:
        """Bring the entry of the open tomogram to what its review holds."""
        entry = self.current
        review = self.reviews.review(self.layer)
        if entry is not None and review is not None:
            known = as_reviewed(entry, review)
            if known.summary != entry.summary:
                self.put(known)

    def _on_review(self, layer_id: str) -> None:
        layer = self.layer
        if layer is not None and identity(layer) == layer_id:
            self._refresh_current()

    def _on_searched(self, layer_id: str) -> None:
        """Keep that the open tomogram was searched from the panel."""
        layer, entry = self.layer, self.current
        tomogram = self.tomograms.of(layer)
        if entry is None or tomogram is None or tomogram.id != layer_id:
            return
        run = tomogram.last_run
        review = tomogram.review
        if run is None or review is None or review.journal is None:
            return
        search = Search.now(run.card.name, run.card.sha256, run.density)
        review.note(to_json(searched=search, reviewed=None))
        self._refresh_current()

    def _on_layers(self) -> None:
        """Notice that a person removed the open tomogram, or said its spacing: that is kept."""
        layer, entry = self.layer, self.current
        if self._spacing_wanted and layer is not None and entry is not None and spacing_of(layer):
            self._spacing_wanted = False
            grid = full_grid(layer)
            entry, review = replace(entry, problem=""), self.reviews.review(layer)
            self.put(entry)
            if review is None:
                try:
                    self.put(noted(entry, spacing=grid.spacing, origin=grid.origin))
                except PicksError as error:
                    self.reviews.warned.emit(str(error))
            self._refresh_current()
        self.went_to.emit()
