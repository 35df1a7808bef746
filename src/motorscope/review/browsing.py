"""Where a person is among the picks of a tomogram, and which of them are shown, in what order."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from motorscope.picks import PickTable
from motorscope.review.order import Counts, Listing, is_undecided
from motorscope.review.order import neighbour as next_row


class Browsing(ABC):
    """What is selected and shown of a table of picks.

    Attributes
    ----------
    changing
        Emitted before an operation, so that a view can hand in what was edited in it.
    changed
        Emitted when the table, or what is shown of it, or its order has changed.
    selection_changed
        Emitted when the selection has changed.
    went_to
        Emitted with an id when a person goes to a pick.
    threshold
        Score from which undecided candidates are shown.
    """

    changing = Signal()
    changed = Signal()
    selection_changed = Signal()
    went_to = Signal(int)

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.selected: tuple[int, ...] = ()
        self.order, self.backwards = "score", False
        self.shows_rejected = True
        self._listing = Listing(PickTable.empty(), threshold)

    def disconnect(self) -> None:
        """Let go of whoever listens."""
        for signal in (self.changing, self.changed, self.selection_changed, self.went_to):
            signal.disconnect()

    @property
    @abstractmethod
    def table(self) -> PickTable:
        """The picks as they are."""

    @property
    def listing(self) -> Listing:
        """What is shown of the picks, in the order of going through them."""
        known, table = self._listing, self.table
        state = (self.threshold, self.order, self.backwards, self.shows_rejected)
        if known.table is not table or state != known.state:
            self._listing = Listing(table, *state)
        return self._listing

    @property
    def shown(self) -> NDArray[np.bool_]:
        """For each pick whether it is shown ``(n,)``."""
        return self.listing.shown

    @property
    def current(self) -> int | None:
        """The id of the pick where a person is: the only one that is selected."""
        return self.selected[0] if len(self.selected) == 1 else None

    def counts(self) -> Counts:
        """Return how many picks are decided, and how."""
        return self.listing.counts

    def listed(self, order: str | None = None) -> NDArray[np.int64]:
        """Return the ids of the picks that are shown, in the order of going through them.

        `order` is another one of `motorscope.review.order.ORDERS`.
        """
        listing = self.listing
        return (listing if order is None else replace(listing, order=order, backwards=False)).ids

    def position(self, pick: int) -> NDArray[np.float64]:
        """Return the position of a pick, z, y, x in Å."""
        row = int(self.table.rows_of(pick)[0])
        return np.asarray(self.table.positions[row], dtype=float)

    def set_threshold(self, threshold: float) -> None:
        """Show candidates from this score on; decisions stay as they are, and shown."""
        if threshold != self.threshold:
            self.threshold = threshold
            self.changed.emit()

    def set_order(self, order: str, backwards: bool = False) -> None:
        """Go through the picks in an order of `motorscope.review.order.ORDERS`."""
        self.order, self.backwards = order, backwards
        self.changed.emit()

    def show_rejected(self, shown: bool) -> None:
        """Show rejected picks, or hide them."""
        self.shows_rejected = shown
        self.changed.emit()

    def select(self, ids: Iterable[int]) -> None:
        """Select picks; ids that are not there are passed over."""
        there = self.existing(ids)
        if there != self.selected:
            self.selected = there
            self.selection_changed.emit()

    def go_to(self, pick: int) -> None:
        """Select a pick and bring it into view."""
        self.select([pick])
        self.went_to.emit(pick)

    def choose(self, ids: Sequence[int]) -> None:
        """Go to the only one of some picks, or select several."""
        if len(ids) == 1:
            self.go_to(ids[0])
        else:
            self.select(ids)

    def step(self, step: int = 1, undecided: bool = False) -> bool:
        """Go to the next pick (-1: the one before), or to the next undecided one.

        Returns
        -------
        bool
            Whether there is one.
        """
        self.changing.emit()
        pick = self.neighbour(self.table, step, undecided)
        if pick is not None:
            self.go_to(pick)
        return pick is not None

    def neighbour(self, table: PickTable, step: int, undecided: bool) -> int | None:
        """Return the pick beside the current one in the order of going through a table."""
        listing = self.listing if table is self.table else replace(self.listing, table=table)
        wanted = listing.shown & is_undecided(table) if undecided else listing.shown
        current = None if self.current is None else int(table.rows_of(self.current)[0])
        row = next_row(listing.rows, wanted, current, step)
        return None if row is None else int(table.ids[row])

    def existing(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Return those of some ids that are there, in their order, each once."""
        chosen = np.unique(np.fromiter(ids, dtype=np.int64))
        return tuple(chosen[np.isin(chosen, self.table.ids)].tolist())
