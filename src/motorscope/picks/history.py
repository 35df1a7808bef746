"""Undo and redo."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

from motorscope.picks.table import PickTable


@dataclass(frozen=True)
class History:
    """A table of picks with what it was before, and what it was before an undo.

    Attributes
    ----------
    present
        The table as it is.
    past, future
        Tables to undo to, the latest last, and to redo to, the next one first.
    limit
        How many steps can be undone at most; older ones are forgotten.
    drag
        The drag that made the present table, while it may go on.
    """

    present: PickTable
    past: tuple[PickTable, ...] = ()
    future: tuple[PickTable, ...] = ()
    limit: int = 500
    drag: Hashable = None

    def do(self, table: PickTable, drag: Hashable = None) -> "History":
        """Go on to a new table; what had been undone can no longer be redone.

        Parameters
        ----------
        drag
            A token that is the same for all moves of one drag, for example the pick's id and the
            number of the mouse press: they become a single step. ``None`` for anything else.
        """
        if table == self.present:
            return self
        past = self.past if self.goes_on(drag) else (*self.past, self.present)
        kept = past[max(len(past) - self.limit, 0) :]
        return replace(self, present=table, past=kept, future=(), drag=drag)

    def goes_on(self, drag: Hashable) -> bool:
        """Whether a move with this token belongs to the step that made the present table."""
        return drag is not None and drag == self.drag and not self.future

    def go(self, steps: int) -> "History":
        """Undo (negative) or redo (positive) some steps, as far as there are any."""
        history = self
        while steps and (history.can_undo if steps < 0 else history.can_redo):
            history = history.undo() if steps < 0 else history.redo()
            steps += 1 if steps < 0 else -1
        return history

    def mapped(self, change: Callable[[PickTable], PickTable]) -> "History":
        """Return the same steps with every table changed, for example brought to another grid."""
        return replace(
            self,
            present=change(self.present),
            past=tuple(change(table) for table in self.past),
            future=tuple(change(table) for table in self.future),
            drag=None,
        )

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self.past)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return bool(self.future)

    def undo(self) -> "History":
        """Go back one step; at the first one, stay."""
        if not self.past:
            return self
        return replace(
            self,
            present=self.past[-1],
            past=self.past[:-1],
            future=(self.present, *self.future),
            drag=None,
        )

    def redo(self) -> "History":
        """Take back an undo; without one, stay."""
        if not self.future:
            return self
        return replace(
            self,
            present=self.future[0],
            past=(*self.past, self.present),
            future=self.future[1:],
            drag=None,
        )
