"""The actions of a review in a viewer: for buttons, and for keys while the canvas has focus."""

from collections.abc import Callable, Iterator
from typing import Any

from napari.layers import Layer

from motorscope.errors import MotorscopeError
from motorscope.plugin.layers.bare import BareView
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.review.heatmaps import HeatmapController
from motorscope.plugin.review.pointing import add_at_cursor, snap, zoom
from motorscope.plugin.workspace import Workspace
from motorscope.review.actions import ACTIONS, BARE, do


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
                    self._reviews.said.emit(do(review, name, self.goes_on))
                return
            self._reviews.said.emit(said)
        except MotorscopeError as error:
            self._reviews.said.emit(str(error))


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
