"""What a person can do in a review, by name: words, keys, and what comes of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motorscope.errors import PicksError
from motorscope.picks.maxima.candidates import FLOOR
from motorscope.picks.maxima.near import nearest_summit
from motorscope.review import intake
from motorscope.review.review import Review
from motorscope.tomogram import VoxelGrid
from motorscope.words import counted

SNAP_RADIUS = 400.0
"""How far in Å a pick may go to a maximum of the heatmap: not to the next motor."""


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


def do(review: Review, name: str, go_on: bool = True) -> str:
    """Do what an action of `ACTIONS` says, if it needs the review alone.

    Parameters
    ----------
    go_on
        Whether a decision on one motor goes on to the next undecided one.

    Returns
    -------
    str
        A remark for a person, or nothing.

    Raises
    ------
    KeyError
        If there is no such action, or it needs more: a place that is pointed at, a view.
    PicksError
        If no pick is selected.
    """
    if name in ("previous", "next"):
        found = review.step(-1 if name == "previous" else 1)
        return "" if found else "No motors are shown; lower the threshold, or add some."
    if name == "undecided":
        return "" if review.step(undecided=True) else "Every motor that is shown is decided."
    if name in ("accept", "reject", "candidate"):
        status = {"accept": "accepted", "reject": "rejected"}.get(name, name)
        review.decide(status, go_on=go_on and name != "candidate")
        done = not review.counts().undecided
        return "Every motor that is shown is decided." if done else ""
    if name in ("accept all", "reject all"):
        status = f"{name.split()[0]}ed"
        count = review.decide_by_threshold(status)
        return f"{counted(count, 'candidate')} {status}."
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


def snap(
    review: Review, heatmap: NDArray[Any], grid: VoxelGrid, radius: float = SNAP_RADIUS
) -> str:
    """Move the selected picks to the highest maximum of a heatmap ``(z, y, x)`` nearby.

    Parameters
    ----------
    grid
        The heatmap's.
    radius
        How far away, in Å, a maximum may be.

    Returns
    -------
    str
        How high it is, in a sentence.

    Raises
    ------
    PicksError
        If nothing is selected, or no maximum to speak of is near.
    """
    if not review.selected:
        raise PicksError("No motor is selected; go to one, or click on it.")
    found = {
        pick: nearest_summit(heatmap, grid, list(review.position(pick)), radius)
        for pick in review.selected
    }
    near = {pick: summit for pick, (summit, _) in found.items() if summit is not None}
    value = max(value for _, value in found.values())
    if not near:
        raise PicksError(
            f"The heatmap has no maximum of {FLOOR} or more within {radius:.0f} Å, where it is "
            f"{value:.4f} at most."
        )
    review.move(list(near), np.array(list(near.values())))
    stayed = f"; {len(found) - len(near)} stayed" if len(near) < len(found) else ""
    return f"Moved to a maximum of {value:.2f}{stayed}."
