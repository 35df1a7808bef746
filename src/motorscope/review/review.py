"""The review of one tomogram's picks: what is decided and corrected, without Qt or napari.

The table of picks is the truth. Every operation makes a new table, can be undone, and is written
to the journal before anything else happens.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from psygnal import Signal

from motorscope.errors import PicksError
from motorscope.picks import PickTable, Summits, summits_of
from motorscope.picks.notes import is_unsure, with_doubt
from motorscope.picks.summits import NO_SUMMITS
from motorscope.review.browsing import Browsing
from motorscope.review.history import STEP_REMARKS, History
from motorscope.review.journal.file import Journal
from motorscope.review.journal.lines import Step, of_all, of_step, updated
from motorscope.review.order import first_difference, is_undecided
from motorscope.review.record import stamp, to_json
from motorscope.tomogram import VoxelGrid


class Review(Browsing):
    """Picks with their history, and where a person is among them.

    Attributes
    ----------
    failed
        Emitted with a sentence when an edit could not be written to the journal.
    """

    failed = Signal(str)

    def __init__(
        self,
        name: str,
        grid: VoxelGrid,
        picks: History | PickTable | None = None,
        threshold: float = 0.5,
        journal: Journal | None = None,
    ) -> None:
        """Begin a review.

        Parameters
        ----------
        name, grid
            The tomogram's name and grid.
        picks
            Picks to begin with, with what can be undone, or without.
        threshold
            Score from which undecided candidates are shown.
        journal
            Where edits are kept; it is closed with the review.
        """
        super().__init__(threshold)
        self.name, self.grid, self.journal = name, grid, journal
        picks = PickTable.empty() if picks is None else picks
        self.history = picks if isinstance(picks, History) else History.of(picks)
        self._seen: tuple[Mapping[str, Any], Summits | None] = ({}, None)

    def close(self) -> None:
        """Close the journal; closing twice does no harm."""
        if self.journal is not None:
            if self.journal.said.threshold != self.threshold:
                self._record()
            try:
                self.journal.close()
            except PicksError as error:
                self.failed.emit(str(error))
            self.journal = None
        self.failed.disconnect()
        self.disconnect()

    @property
    def table(self) -> PickTable:
        """The picks as they are."""
        return self.history.present

    @property
    def summits(self) -> Summits | None:
        """Maxima of the heatmap that the candidates were chosen from, if that is known."""
        remarks = self.history.now.remarks
        if remarks is not self._seen[0]:  # after an edit, or an undo; most leave them as they are
            known, seen = self._seen
            same = all(remarks.get(key) is known.get(key) for key in NO_SUMMITS)
            self._seen = remarks, seen if same else summits_of(remarks)
        return self._seen[1]

    @property
    def minimum_distance(self) -> float | None:
        """How far apart in Å the candidates of the last search are, if that is known."""
        return None if self.summits is None else self.summits.distance

    def latest(self) -> PickTable:
        """Return the picks after views have handed in what was edited in them."""
        self.changing.emit()
        return self.table

    # Decisions and edits

    def decide(self, status: str, go_on: bool = False) -> None:
        """Give the selected picks a status of `motorscope.picks.STATUSES`.

        Parameters
        ----------
        go_on
            Whether to go to the next undecided pick if only one was selected.

        Raises
        ------
        PicksError
            If none is selected.
        """
        table = self.latest().set_status(self._chosen(), status, **stamp())
        on = go_on and self.current is not None
        following = self.neighbour(table, 1, undecided=True) if on else None
        self.do(table, select=None if following is None else [following])
        if following is not None:
            self.go_to(following)

    def decide_on(self, ids: Sequence[int], status: str) -> None:
        """Give picks a status of `motorscope.picks.STATUSES`, selected or not."""
        self.do(self.latest().set_status(ids, status, **stamp()))

    def decide_by_threshold(self, status: str) -> int:
        """Accept all candidates that reach the threshold, or reject all below it; return the count.

        Raises
        ------
        ValueError
            If the status is neither ``accepted`` nor ``rejected``.
        """
        if status not in ("accepted", "rejected"):
            raise ValueError(f"status must be accepted or rejected, not {status!r}")
        table = self.latest()
        reaches = ~(table.scores < self.threshold)
        ids = table.ids[is_undecided(table) & (reaches if status == "accepted" else ~reaches)]
        if len(ids):
            self.do(table.set_status(ids, status, **stamp()))
        return len(ids)

    def add(self, positions: ArrayLike) -> None:
        """Add picks of a person at ``(n, 3)`` positions in Å, and select them."""
        table = self.latest()
        first, table = table.next_id, table.add(positions, **stamp())
        self.do(table, select=range(first, table.next_id))

    def move(self, ids: ArrayLike, positions: ArrayLike) -> None:
        """Put picks elsewhere, ``(n, 3)`` in Å: one step to undo."""
        self.do(self.latest().move(ids, positions, **stamp()))

    def notes(self, ids: ArrayLike) -> list[str]:
        """Return the notes of picks, in their order."""
        return [str(note) for note in self.table.frame["note"].iloc[self.table.rows_of(ids)]]

    def annotate(self, ids: ArrayLike, note: str) -> None:
        """Write a note on picks in place of theirs, as one step; an empty one takes them away."""
        self.do(self.latest().set_details(ids, note=note, **stamp()))

    def doubt(self) -> None:
        """Note that the selected picks are in doubt; if all of them are, take that back.

        Raises
        ------
        PicksError
            If none is selected.
        """
        table, chosen = self.latest(), np.array(self._chosen())
        notes = np.array(self.notes(chosen), dtype=object)
        doubt = not all(is_unsure(note) for note in notes)
        for note in set(notes):
            text = with_doubt(note, doubt)
            table = table.set_details(chosen[notes == note], note=text, **stamp())
        self.do(table)

    def delete(self) -> None:
        """Delete the selected picks.

        Raises
        ------
        PicksError
            If none is selected.
        """
        self.do(self.latest().remove(self._chosen()))

    def undo(self) -> bool:
        """Take back the last step; return whether there was one."""
        return self._go_through(-1)

    def redo(self) -> bool:
        """Do again what was undone; return whether there was something."""
        return self._go_through(1)

    def conclude(self, remarks: Mapping[str, Any], rejected: ArrayLike = ()) -> None:
        """Say something about the whole tomogram, and reject picks, as one step.

        Parameters
        ----------
        remarks
            Of those of `STEP_REMARKS`, which are undone with the step; ``None`` removes one.
        rejected
            Ids of picks.
        """
        table = self.latest()
        if np.size(rejected):
            table = table.set_status(rejected, "rejected", **stamp())
        self.do(table, also=remarks)

    def note(self, remarks: Mapping[str, Any]) -> None:
        """Keep remarks beside the picks, as part of the step before; ``None`` removes one."""
        self.history = self.history.noted(of_step(updated(self.history.now.remarks, remarks)))
        self._record("same", of_all(remarks))

    # Steps

    def begin(self, table: PickTable, remarks: Mapping[str, Any]) -> None:
        """Begin the history anew with a table and more remarks of `STEP_REMARKS`."""
        known = of_step(updated(self.history.now.remarks, remarks))
        self.history = History.of(table, known, limit=self.history.limit)
        self._settle("first")

    def do(
        self,
        table: PickTable,
        drag: str | None = None,
        select: Iterable[int] | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> None:
        """Go on to a table that was made of `latest`, as one step.

        Parameters
        ----------
        drag
            The same word for what shall be one step to undo.
        select
            Ids to select; by default those that are selected and still there.
        also
            Remarks of `STEP_REMARKS` that change with it; ``None`` removes one.
        """
        known = self.history.now.remarks
        remarks = known if also is None else of_step(updated(known, also))
        history = self.history.do(table, drag, remarks)
        if history is not self.history:
            step: Step = "same" if self.history.goes_on(drag) else "new"
            self.history = history
            self._settle(step, select)

    def amend(self, table: PickTable) -> None:
        """Put another table in place of the present one, undone with the step that made it."""
        history = self.history.amended(table)
        if history is not self.history:
            self.history = history
            self._settle("same")

    def _chosen(self) -> tuple[int, ...]:
        if not self.selected:
            raise PicksError("No motor is selected; go to one, or click on it.")
        return self.selected

    def _go_through(self, step: int) -> bool:
        """Go back or forth in history, to a pick that this changes, if there is a step."""
        before = self.latest()
        gone = self.history.go(step)
        if gone is self.history:
            return False
        self.history = gone
        touched = first_difference(before, self.table)
        self._settle(step, None if touched is None else [touched])
        if touched is not None:
            self.went_to.emit(touched)
        return True

    def _settle(self, step: Step, select: Iterable[int] | None = None) -> None:
        """Write down a step of the history, and tell; views learn all of it at once."""
        self._record(step)
        before = self.selected
        self.selected = self.existing(before if select is None else select)
        self.changed.emit()
        if self.selected != before:
            self.selection_changed.emit()

    def _record(self, step: Step = "same", more: Mapping[str, Any] | None = None) -> None:
        if self.journal is None:
            return
        try:
            self.journal.record(self.table, {**self.remarks(), **(more or {})}, step)
        except PicksError as error:
            self.failed.emit(str(error))

    def remarks(self) -> dict[str, Any]:
        """Return what the journal keeps beside the picks; ``None`` for what it shall not keep."""
        own = {key: self.history.now.remarks.get(key) for key in STEP_REMARKS}
        grid = self.grid
        known = to_json(threshold=self.threshold, spacing=grid.spacing, origin=grid.origin)
        return {**known, **own}
