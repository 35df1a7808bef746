"""Reviewing: step through the motors, decide, correct, with keys that are shown on the buttons."""

from contextlib import ExitStack
from functools import partial

from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget
from superqt.utils import signals_blocked

from motorscope.plugin.connections import listen
from motorscope.plugin.layers.source import path_of
from motorscope.plugin.qt.choice_box import ChoiceBox
from motorscope.plugin.qt.layouts import in_column, in_row
from motorscope.plugin.qt.making import button, check_box
from motorscope.plugin.qt.parts import AMBER, Hint
from motorscope.plugin.review.closeups_widget import CloseUps
from motorscope.plugin.review.commands import ReviewActions
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.note_widget import NoteLine
from motorscope.plugin.review.table_view import PicksTable
from motorscope.plugin.workspace import Workspace
from motorscope.review import Review
from motorscope.review.actions import ACTIONS, BARE, Action
from motorscope.review.journal.place import kept_elsewhere

_ORDERS = {
    "Best score first": "score",
    "Most uncertain first": "uncertainty",
    "From the first slice on": "position",
}
_COLUMNS = 3


def _words(action: Action) -> str:
    """Return what stands on a button: what it does, and its key."""
    return f"{action.words} {action.key.replace('Shift+', '⇧')}".rstrip()


class ReviewControls(QWidget):
    """List, close-ups and buttons of the review of the chosen tomogram."""

    def __init__(self, workspace: Workspace, ends: ExitStack) -> None:
        super().__init__()
        self._workspace, self._reviews = workspace, ReviewController.of(workspace)
        self._actions = ReviewActions.of(workspace)
        self._following = ExitStack()
        ends.callback(self._following.close)
        self._review: Review | None = None
        self.count = QLabel("nothing to review yet")
        self.unkept = Hint(AMBER)
        tip = "The order of the list, and of going through it."
        self.order = ChoiceBox(tip, _ORDERS.items())
        self.rejected = check_box("Rejected", "Show the motors that are rejected.", checked=True)
        tip = "Accepting or rejecting a motor goes to the next undecided one."
        self.go_on = check_box("Go on after a decision", tip, self._actions.goes_on)
        self.table = PicksTable()
        self.note = NoteLine()
        self.closeups = CloseUps()
        tip = "Show all motors as pictures, side by side."
        self.gallery = button("Gallery…", tip, narrow=True)
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()
        self.order.currentIndexChanged.connect(self._on_order)
        self.rejected.toggled.connect(self._on_rejected)
        self.go_on.toggled.connect(self._on_go_on)
        ends.callback(self.closeups.let_go)
        listen(ends, self._reviews.changed, self._on_review)
        self.refresh()

    def follow(self) -> None:
        """Show the review of the chosen tomogram, and listen to no other."""
        review = self._reviews.review(self._workspace.layer)
        if review is not self._review:
            self._following.close()
            self._review = review
            if review is not None:
                listen(self._following, review.selection_changed, self._show_selection)
            self.table.set_review(review)
        self.refresh()

    def refresh(self) -> None:
        """Show the review as it is."""
        review = self._review
        begun = review is not None
        for name, each in self.buttons.items():
            each.setEnabled(begun or (name in ("add", BARE) and self._workspace.layer is not None))
        for part in (self.table, self.closeups, self.order, self.rejected, self.gallery):
            part.setEnabled(begun)
        self.table.refresh()
        if review is None:
            self.count.setText("nothing to review yet")
            self.unkept.setText("")
            self._show_selection()
            return
        self.count.setText(str(review.counts()))
        self._show_place(review)
        self.buttons["undo"].setEnabled(review.history.can_undo)
        self.buttons["redo"].setEnabled(review.history.can_redo)
        with signals_blocked(self.order), signals_blocked(self.rejected):
            self.order.choose(review.order)
            self.rejected.setChecked(review.shows_rejected)
        self._show_selection()

    def _lay_out(self) -> None:
        grid, bulk = QGridLayout(), QHBoxLayout()
        for layout in (grid, bulk):
            layout.setSpacing(2)
        apart = ("accept all", "reject all", "start again")
        single = [action for action in ACTIONS if action.name not in apart]
        for action in ACTIONS:
            made = self.buttons[action.name] = button(_words(action), action.help, narrow=True)
            if action.name == BARE:
                made.pressed.connect(self._actions.bare.hold)
                made.released.connect(self._actions.bare.release)
            else:
                made.clicked.connect(partial(self._on_button, action.name))
            if action in single:
                grid.addWidget(made, *divmod(single.index(action), _COLUMNS))
            elif action.name != "start again":
                bulk.addWidget(made)
        grid.addWidget(self.gallery, *divmod(len(single), _COLUMNS))
        top = in_row(self.order, self.rejected)
        foot = in_row(self.go_on, self.buttons["start again"])
        parts = (self.count, self.unkept, top, self.table, self.note, self.closeups)
        in_column(self, *parts, grid, bulk, foot, spacing=4)

    def _show_selection(self) -> None:
        self.table.refresh_selection()
        review, layer = self._review, self._workspace.layer
        self.note.show_review(review)
        chosen = review is not None and bool(review.selected)
        for name in ("accept", "reject", "candidate", "snap", "delete", "unsure"):
            self.buttons[name].setEnabled(chosen)
        self.buttons["zoom"].setEnabled(review is not None and review.current is not None)
        if review is None or review.current is None:
            self.closeups.show_at(layer, None)
        else:
            self.closeups.show_at(layer, review.position(review.current))

    def _show_place(self, review: Review) -> None:
        """Say where edits are kept, if that is not beside the tomogram."""
        layer = self._workspace.layer
        path, text = None if review.journal is None else review.journal.path, ""
        if path is None:
            text = "Not kept on disk: save."
        elif layer is not None and (
            reason := kept_elsewhere(path, path_of(layer), self._reviews.scratch)
        ):
            text = f"{reason}: edits are kept in …/{path.parent.name}."
        self.unkept.setText(text)
        self.unkept.setToolTip(str(path or ""))

    def _on_review(self, layer_id: str) -> None:
        if layer_id == self._workspace.current:
            self.follow()

    def _on_button(self, name: str) -> None:
        self._actions.run(name)

    def _on_order(self) -> None:
        if self._review is not None:
            self._review.set_order(self.order.currentData())

    def _on_rejected(self, shown: bool) -> None:
        if self._review is not None:
            self._review.show_rejected(shown)

    def _on_go_on(self, wanted: bool) -> None:
        self._actions.goes_on = wanted
