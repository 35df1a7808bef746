"""The actions of a review in a viewer: for buttons, and for keys while the canvas has focus."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from napari.layers import Layer

from motorscope.errors import MotorscopeError
from motorscope.plugin.connections import bind_keys
from motorscope.plugin.layers.bare import BareView
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.heatmaps import HeatmapController
from motorscope.plugin.review.pointing import add_at_cursor, snap, zoom
from motorscope.plugin.workspace import Workspace
from motorscope.review.actions import ACTIONS, BARE, Action, do


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
        self._reviews, self._chosen = reviews, chosen
        self._ends = ExitStack()
        self._ends.callback(bare.release)
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
        actions = {each.key.replace("+", "-"): self._on_key(each) for each in ACTIONS if each.key}
        bind_keys(self._ends, self._reviews.viewer, actions)

    def close(self) -> None:
        """Give the keys back; doing so twice does no harm."""
        self._ends.close()

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
                    self._reviews.said.emit(do(review, name, self.goes_on))
                return
            self._reviews.said.emit(said)
        except MotorscopeError as error:
            self._reviews.said.emit(str(error))

    def _on_key(self, action: Action) -> Callable[[Any], Any]:
        return self._hold if action.name == BARE else lambda _: self.run(action.name)

    def _hold(self, _: Any) -> Iterator[None]:
        self.bare.hold()
        yield
        self.bare.release()


def serve_reviews(workspace: Workspace) -> None:
    """Let the review of the chosen tomogram be there with its heatmap and keys, in any dock."""
    HeatmapController.of(workspace)
    ReviewActions.of(workspace)
