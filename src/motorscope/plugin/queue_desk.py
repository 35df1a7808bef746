"""The queue in the viewer, without Qt: opens one tomogram after another, keeps what is found.

Journals are written in the main thread alone: so a search in the background and the review of the
same tomogram cannot meet.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from napari.layers import Layer
from psygnal import Signal

from motorscope.errors import MotorscopeError, PicksError
from motorscope.picks import summarise
from motorscope.picks.journal_place import open_journal_at
from motorscope.picks.searches import keep_search, search_marks, search_remark
from motorscope.plugin.layers import full_grid, identity, path_of, spacing_of
from motorscope.plugin.queue import Entry, Queue
from motorscope.plugin.queue_jobs import (
    Begun,
    Failed,
    Found,
    Opened,
)
from motorscope.plugin.queue_layers import (
    give_away,
    opened_layer,
    remove_tomogram,
    show_heatmap,
    show_tomogram,
)
from motorscope.plugin.review import Review, stamp
from motorscope.plugin.session import Session


class QueueDesk:
    """Which tomograms there are, and which one is open.

    Attributes
    ----------
    changed
        Emitted when an entry, or the whole queue, has changed.
    went_to
        Emitted when another tomogram was opened or closed.
    queue
        The queue, or ``None`` before a folder was opened.
    """

    changed = Signal()
    went_to = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.queue: Queue | None = None
        self._searched: object = None  # the last search of the open tomogram that is in its journal
        self._spacing_wanted = False  # by the open tomogram, whose file does not say it
        session.desk.changed.connect(self._on_review)
        session.detection_changed.connect(self._on_detection)
        session.layers_changed.connect(self._on_layers)

    def close(self) -> None:
        """Let go of the session; layers stay. May be called more than once."""
        self.session.desk.changed.disconnect(self._on_review, missing_ok=True)
        self.session.detection_changed.disconnect(self._on_detection, missing_ok=True)
        self.session.layers_changed.disconnect(self._on_layers, missing_ok=True)
        self.changed.disconnect()
        self.went_to.disconnect()

    # Which tomograms

    def set_queue(self, queue: Queue) -> None:
        """Take another queue; the tomogram that is open stays open."""
        self.queue = queue
        self._refresh_current()
        self.changed.emit()
        self.went_to.emit()

    def entry(self, path: Path | None) -> Entry | None:
        """Return the entry of a path, or ``None`` if the queue has none."""
        return None if self.queue is None or path is None else self.queue.entries.get(path)

    def take_entries(self, entries: list[Entry]) -> None:
        """Take entries as their journals have them; the open one is known better."""
        self._put(*entries)
        self._refresh_current()

    @property
    def layer(self) -> Layer | None:
        """The layer of the tomogram that the queue has opened."""
        return opened_layer(self.session)

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
        self._searched, self._spacing_wanted = None, False
        show_tomogram(self.session, opened)
        self._spacing_wanted = opened.tomogram.grid.spacing is None
        entry = self.entry(opened.path)
        if entry is not None and entry.problem and not self._spacing_wanted:
            self._put(replace(entry, problem=""))
        self._refresh_current()
        self.went_to.emit()
        return remark

    def leave(self) -> str:
        """Remove the tomogram that is open, and what was found in it; a person's layers stay.

        One whose edits could not be kept on disk stays as well, and is then the person's.

        Returns
        -------
        str
            A remark for a person, or nothing.
        """
        remark, layer = self._keep_unkept(), self.layer
        self._searched, self._spacing_wanted = None, False
        if layer is not None:
            remove_tomogram(self.session, layer)
        return remark

    # Searching

    def begin(self, message: Begun) -> None:
        """Mark a tomogram as being searched."""
        entry = self.entry(message.path)
        if entry is not None:
            self._put(replace(entry, running=True, problem=""))

    def fail(self, message: Failed) -> None:
        """Keep why a tomogram could not be opened or searched."""
        entry = self.entry(message.path)
        if entry is not None:
            self._put(
                replace(entry, running=False, problem=message.text, unspaced=message.unspaced)
            )

    def take_in(self, found: Found) -> None:
        """Keep what was found: in the review if the tomogram is open, else in its journal.

        What a person decided or added stays; the tomogram is to be reviewed (again).
        """
        entry = self.entry(found.path)
        if entry is None:
            return
        entry = replace(entry, running=False, problem="")
        layers = self.session.tomogram_layers()
        layer = next((each for each in layers if path_of(each) == found.path), None)
        try:
            if layer is not None:
                self._put(entry)
                if spacing_of(layer) is None:  # it was opened before a person said it
                    spacing = " ".join(map(str, found.grid.known_spacing()))
                    self.session.set_spacing(layer, spacing)
                self._take_into_review(layer, found)
                self._refresh_current()
            else:
                self._put(_kept(entry, found))
        except MotorscopeError as error:
            self._put(replace(entry, problem=str(error)))

    def end_search(self) -> None:
        """Nothing is searched any more: whatever was, is as before."""
        if self.queue is not None:
            running = [each for each in self.queue.entries.values() if each.running]
            self._put(*(replace(each, running=False) for each in running))

    # Reviewing

    def set_reviewed(self, no_motor: bool = False) -> None:
        """Keep that the open tomogram is reviewed.

        Parameters
        ----------
        no_motor
            Whether it has no motor: candidates that are shown and undecided are rejected.

        Raises
        ------
        PicksError
            If no tomogram of the queue is open, there are accepted motors where there shall be
            none, or it cannot be kept on disk.
        """
        layer, entry = self._open()
        review = self._review(layer)
        if review is not None and no_motor:
            counts = review.counts()
            if counts.accepted:
                raise PicksError(
                    f"{entry.name} has {counts.accepted} accepted "
                    f"motor{'s' * (counts.accepted != 1)}; reject or delete "
                    f"{'them' if counts.accepted != 1 else 'it'} first, or press Reviewed."
                )
        self._conclude(entry, review, {"no_motor": no_motor, **stamp()})

    def unset_reviewed(self) -> None:
        """Keep that the open tomogram is to be reviewed after all.

        Raises
        ------
        PicksError
            If no tomogram of the queue is open, or it cannot be kept on disk.
        """
        layer, entry = self._open()
        self._conclude(entry, self._review(layer), None)

    # Inner parts

    def _keep_unkept(self) -> str:
        """Let the open tomogram be the person's if edits are not on disk; return what to say."""
        layer = self.layer
        review = self.session.desk.review(layer)
        if layer is None or review is None or review.journal or not review.history.can_undo:
            return ""
        give_away(layer)
        return f"{layer.name} stays open: its edits are not on disk yet; save them."

    def _put(self, *entries: Entry) -> None:
        if self.queue is not None and entries:
            known = [each for each in entries if each.path in self.queue.entries]
            self.queue = self.queue.with_entries(*known)
            self.changed.emit()

    def _open(self) -> tuple[Layer, Entry]:
        layer, entry = self.layer, self.current
        if layer is None or entry is None:
            raise PicksError("No tomogram of the queue is open; double-click one in the list.")
        return layer, entry

    def _review(self, layer: Layer) -> Review | None:
        """Return the review of a tomogram, begun if it can be: not without a spacing."""
        desk = self.session.desk
        return desk.review(layer) if spacing_of(layer) is None else desk.begin(layer)

    def _conclude(
        self, entry: Entry, review: Review | None, reviewed: dict[str, Any] | None
    ) -> None:
        """Mark the open tomogram as reviewed, or not: a step that can be undone."""
        self._put(entry)
        if review is None:
            self._put(_noted(entry, {"reviewed": reviewed}))
            return
        if review.journal is None:
            raise PicksError(
                f"The journal of {entry.name} cannot be written, so this cannot be kept; "
                "see the message when the tomogram was opened."
            )
        undecided: list[int] = []
        if reviewed is not None and reviewed["no_motor"]:
            undecided = review.table.select(review.shown).with_status("candidate").ids.tolist()
        review.conclude({"reviewed": reviewed}, undecided)
        self._refresh_current()

    def _take_into_review(self, layer: Layer, found: Found) -> None:
        desk = self.session.desk
        review = desk.begin(layer, found.threshold)
        before, threshold = review.table, review.threshold
        summits = found.summits
        self.session.heatmaps.keep(identity(layer))
        show_heatmap(self.session, layer, found.heatmap)
        self.session.heatmaps.settle(identity(layer), found.heatmap)
        desk.take_in(layer, summits.candidates, summits.distance, threshold, summits=summits)
        if review.journal is not None:
            marks = search_marks(before, review.table, threshold, summits.distance, found.search)
            review.note(marks)

    def _refresh_current(self) -> None:
        """Bring the entry of the open tomogram to what its review holds."""
        entry = self.current
        review = self.session.desk.review(self.layer)
        if entry is not None and review is not None:
            kept = review.journal.remarks if review.journal is not None else {}
            summary = summarise(review.table, {**kept, **review.remarks()})
            if summary != entry.summary:
                self._put(replace(entry, summary=summary))

    def _on_review(self, layer_id: str) -> None:
        layer = self.layer
        if layer is not None and identity(layer) == layer_id:
            self._refresh_current()

    def _on_detection(self, layer_id: str) -> None:
        """Keep that the open tomogram was searched from the panel."""
        layer, entry = self.layer, self.current
        detection = self.session.detection(layer)
        if layer is None or entry is None or detection is None or identity(layer) != layer_id:
            return
        review = self.session.desk.review(layer)
        if detection.result is self._searched or review is None or review.journal is None:
            return
        self._searched = detection.result
        search = search_remark(detection.card.name, detection.card.sha256)
        review.note({"searched": search, "reviewed": None})
        self._refresh_current()

    def _on_layers(self) -> None:
        """Notice that a person removed the open tomogram, or said its spacing: that is kept."""
        layer, entry = self.layer, self.current
        if self._spacing_wanted and layer is not None and entry is not None and spacing_of(layer):
            self._spacing_wanted = False
            grid = full_grid(layer)
            remarks = {"spacing": grid.spacing, "origin": grid.origin}
            entry, review = replace(entry, problem=""), self.session.desk.review(layer)
            self._put(entry)
            if review is None:
                try:
                    self._put(_noted(entry, remarks))
                except PicksError as error:
                    self.session.desk.warned.emit(str(error))
            self._refresh_current()
        self.went_to.emit()


def _noted(entry: Entry, remarks: dict[str, Any]) -> Entry:
    """Write remarks into the journal of a tomogram that has no review open.

    Raises
    ------
    PicksError
        If it cannot be written, or another window has it open.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        journal.record(journal.table, remarks)
        return replace(entry, summary=summarise(journal.table, journal.remarks))


def _kept(entry: Entry, found: Found) -> Entry:
    """Write what was found into the journal of a tomogram that is not open.

    Raises
    ------
    PicksError
        If it cannot be written, or another window has it open.
    """
    with open_journal_at(entry.journal, entry.path) as journal:
        keep_search(journal, found.grid, found.summits, found.threshold, found.search)
        return replace(entry, summary=summarise(journal.table, journal.remarks))
