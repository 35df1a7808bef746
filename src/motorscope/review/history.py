"""Undo and redo."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from motorscope.picks.table import PickTable

STEP_REMARKS = ("maxima", "minimum_distance", "heatmap", "reviewed")
"""Remarks about a tomogram that are taken back with the step that made them; a journal's others,
such as the spacing, hold for all steps."""


@dataclass(frozen=True)
class State:
    """A table of picks, and what is undone together with it.

    Attributes
    ----------
    table
        The picks.
    remarks
        Values of `STEP_REMARKS`, as plain data: what the candidates were chosen from, and whether
        the tomogram is reviewed.
    """

    table: PickTable
    remarks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """A table of picks with what it was before, and what it was before an undo.

    Attributes
    ----------
    now
        The state as it is.
    past, future
        States to undo to, the latest last, and to redo to, the next one first.
    limit
        How many steps can be undone at most; older ones are forgotten.
    drag
        The drag that made the present state, while it may go on.
    """

    now: State
    past: tuple[State, ...] = ()
    future: tuple[State, ...] = ()
    limit: int = 500
    drag: Hashable = None

    @classmethod
    def of(
        cls, table: PickTable, remarks: Mapping[str, Any] | None = None, limit: int = 500
    ) -> "History":
        """Return a history that begins with a table and its remarks."""
        return cls(State(table, remarks or {}), limit=limit)

    @property
    def present(self) -> PickTable:
        """The table as it is."""
        return self.now.table

    def do(
        self,
        table: PickTable,
        drag: Hashable = None,
        remarks: Mapping[str, Any] | None = None,
    ) -> "History":
        """Go on to a new table; what had been undone can no longer be redone.

        Parameters
        ----------
        drag
            A token that is the same for all moves of one drag, for example the pick's id and the
            number of the mouse press: they become a single step. ``None`` for anything else.
        remarks
            Those of the new state; they stay as they are if ``None``.
        """
        state = State(table, self.now.remarks if remarks is None else remarks)
        if state == self.now:
            return self
        past = self.past if self.goes_on(drag) else (*self.past, self.now)
        kept = past[max(len(past) - self.limit, 0) :]
        return replace(self, now=state, past=kept, future=(), drag=drag)

    def noted(self, remarks: Mapping[str, Any]) -> "History":
        """Return the history with other remarks of the present state: that is no step.

        What had been undone can no longer be redone, unless nothing changes.
        """
        if remarks == self.now.remarks:
            return self
        return replace(self, now=replace(self.now, remarks=remarks), future=())

    def amended(self, table: PickTable) -> "History":
        """Return the history with another table as its present state: that is no step.

        What had been undone can no longer be redone, unless nothing changes.
        """
        if table == self.now.table:
            return self
        return replace(self, now=replace(self.now, table=table), future=())

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

    def mapped(self, change: Callable[[State], State]) -> "History":
        """Return the same steps with every state changed, for example brought to another grid."""
        return replace(
            self,
            now=change(self.now),
            past=tuple(change(state) for state in self.past),
            future=tuple(change(state) for state in self.future),
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
            now=self.past[-1],
            past=self.past[:-1],
            future=(self.now, *self.future),
            drag=None,
        )

    def redo(self) -> "History":
        """Take back an undo; without one, stay."""
        if not self.future:
            return self
        return replace(
            self,
            now=self.future[0],
            past=(*self.past, self.now),
            future=self.future[1:],
            drag=None,
        )
