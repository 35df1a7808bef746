"""What a person does in a review, by name: for buttons, and for keys while the canvas has focus."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from napari.layers import Layer

from motorscope.errors import MotorscopeError
from motorscope.plugin.layers.bare import BareView
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.heatmaps import HeatmapController
from motorscope.plugin.review.pointing import add_at_cursor, snap, zoom
from motorscope.plugin.workspace import Workspace
from motorscope.review import Review, intake
from motorscope.words import counted


@dataclass(frozen=True)
class Action:
    """Something to do: its name, the words on its button, its key, and what it does in a sentence.

    Keys are free on image and points layers and in the viewer, so that they work whatever layer
    is active.
    """

    name: str
    words: str
    key: str
    help: str


BARE = "bare"
"""Name of the action that lasts for as long as its key is held."""

ACTIONS = (
    Action("previous", "Previous", "B", "Go to the motor before, in the chosen order."),
    Action("next", "Next", "N", "Go to the next motor, in the chosen order."),
    Action("undecided", "Undecided", "U", "Go to the next candidate that nobody has decided on."),
    Action("accept", "Accept", "K", "Keep the selected motors."),
    Action("reject", "Reject", "R", "Reject the selected motors; they stay in the list."),
    Action("candidate", "Candidate", "T", "Take back the decision on the selected motors."),
    Action(
        "add",
        "Add",
        "E",
        "Add a motor at the cursor; in 3D where the heatmap is highest along the line of sight.",
    ),
    Action("snap", "Snap", "G", "Move the selected motors to the heatmap's maximum nearby."),
    Action("delete", "Delete", "D", "Delete the selected motors."),
    Action("unsure", "Unsure", "Q", "Note that the selected motors are in doubt; again: not."),
    Action("undo", "Undo", "Ctrl+Z", "Take back the last step."),
    Action("redo", "Redo", "Ctrl+Shift+Z", "Do again what was undone."),
    Action("zoom", "Zoom", "M", "Zoom to the current motor; again: to the whole tomogram."),
    Action(
        BARE,
        "Bare",
        "H",
        "Hold to see the bare tomogram: rings, heatmap and maps are out of sight.",
    ),
    Action("accept all", "Accept all shown", "", "Accept every candidate above the threshold."),
    Action("reject all", "Reject all below", "", "Reject every candidate below the threshold."),
    Action(
        "start again",
        "Start again",
        "",
        "Take back all decisions and notes, and what was added: one step, which can be undone.",
    ),
)


def key_of(name: str) -> str:
    """Return the key of an action of `ACTIONS`."""
    return next(action.key for action in ACTIONS if action.name == name)


class ReviewActions:
    """Runs actions on the review of the chosen tomogram; what comes of it is said by the reviews.

    Attributes
    ----------
    goes_on
        Whether a decision on one motor goes on to the next undecided one.
    bare
        Hides what lies over the tomogram.
    """

    def __init__(
        self, reviews: ReviewController, bare: BareView, chosen: Callable[[], Layer | None]
    ) -> None:
        """Bind nothing yet; `chosen` returns the tomogram's layer that actions are about."""
        self._viewer, self._reviews, self._chosen = reviews.viewer, reviews, chosen
        self._bound: list[str] = []
        self.goes_on = True
        self.bare = bare

    @classmethod
    def of(cls, workspace: Workspace) -> "ReviewActions":
        """Return those of a workspace, with their keys."""

        def make() -> ReviewActions:
            reviews = ReviewController.of(workspace)
            made = cls(reviews, workspace.bare, lambda: workspace.layer)
            made.bind()
            return made

        return workspace.part(cls, make)

    def bind(self) -> None:
        """Bind the keys in the viewer; a key that somebody has bound there already stays theirs."""
        for action in ACTIONS:
            key = action.key.replace("+", "-")
            if key:
                hold = _holder(self.bare) if action.name == BARE else None
                try:
                    self._viewer.bind_key(key, hold or _runner(self.run, action.name))
                except ValueError:
                    continue
                self._bound.append(key)

    def close(self) -> None:
        """Give the keys back; doing so twice does no harm."""
        self.bare.release()
        while self._bound:
            self._viewer.bind_key(self._bound.pop(), None)

    def run(self, name: str) -> None:
        """Do what an action of `ACTIONS` says, if a tomogram is chosen.

        Raises
        ------
        KeyError
            If there is no such action, or it is one that lasts.
        """
        layer = self._chosen()
        if layer is None:
            return
        try:
            said = ""
            if name == "add":
                add_at_cursor(self._reviews, layer)
            elif name == "snap":
                said = snap(self._reviews, layer)
            elif name == "zoom":
                zoom(self._reviews, layer)
            else:
                review = self._reviews.review(layer)
                if review is not None:
                    self._reviews.said.emit(self._in_review(review, name))
                return
            self._reviews.said.emit(said)
        except MotorscopeError as error:
            self._reviews.said.emit(str(error))

    def _in_review(self, review: Review, name: str) -> str:
        """Do something that needs the review alone; return a remark."""
        if name in ("previous", "next"):
            found = review.step(-1 if name == "previous" else 1)
            return "" if found else "No motors are shown; lower the threshold, or add some."
        if name == "undecided":
            return "" if review.step(undecided=True) else "Every motor that is shown is decided."
        if name in ("accept", "reject", "candidate"):
            status = {"accept": "accepted", "reject": "rejected"}.get(name, name)
            review.decide(status, go_on=self.goes_on and name != "candidate")
            done = not review.counts().undecided
            return "Every motor that is shown is decided." if done else ""
        if name in ("accept all", "reject all"):
            status = f"{name.split()[0]}ed"
            count = review.decide_by_threshold(status)
            return f"{count} candidate{'s' * (count != 1)} {status}."
        if name in ("delete", "unsure"):
            (review.delete if name == "delete" else review.doubt)()
            return ""
        if name == "start again":
            count = intake.start_again(review)
            return f"{counted(count, 'candidate')}, as the search left them; undo brings all back."
        if name == "undo":
            return "" if review.undo() else "There is nothing to undo."
        if name == "redo":
            return "" if review.redo() else "There is nothing to redo."
        raise KeyError(name)


def serve_reviews(workspace: Workspace) -> None:
    """Let the review of the chosen tomogram be there with its heatmap and keys, in any dock."""
    HeatmapController.of(workspace)
    ReviewActions.of(workspace)


def _holder(bare: BareView) -> Callable[[Any], Iterator[None]]:
    """Return what napari runs to the ``yield`` when a key goes down, and on when it comes up."""

    def hold(_: Any) -> Iterator[None]:
        bare.hold()
        yield
        bare.release()

    return hold


def _runner(run: Callable[[str], None], name: str) -> Callable[[Any], None]:
    return lambda _: run(name)
