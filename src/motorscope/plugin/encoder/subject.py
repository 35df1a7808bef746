"""What a question of the dock is about: the chosen tomogram, and the current pick in it."""

from motorscope.contract import ModelOption
from motorscope.errors import PicksError
from motorscope.plugin.layers.source import tomogram_from_layer
from motorscope.plugin.review.controller import ReviewController
from motorscope.plugin.workspace import Workspace
from motorscope.tomogram import Tomogram, Vector, level_for


def chosen_volume(
    workspace: Workspace, encoder: ModelOption | None = None
) -> tuple[Tomogram, ModelOption]:
    """Return the chosen tomogram, of a pyramid the level that fits the model, and the model.

    Parameters
    ----------
    encoder
        An encoder alone that is looked into instead of the workspace's model.

    Raises
    ------
    MotorscopeError
        If one is missing, or cannot be used; it says what.
    """
    if encoder is None:
        layer, option = workspace.chosen()
    else:
        layer, option = workspace.chosen_layer(), encoder
    return level_for(tomogram_from_layer(layer), option.card.input), option


def current_pick(workspace: Workspace) -> tuple[int, Vector]:
    """Return the id and the place (z, y, x) in Å of the current pick.

    Raises
    ------
    PicksError
        If there is none.
    """
    review = ReviewController.of(workspace).review(workspace.layer)
    if review is None or review.current is None:
        raise PicksError("Which motor? Go to one with N, click on one, or add one.")
    z, y, x = (float(value) for value in review.position(review.current))
    return review.current, (z, y, x)
