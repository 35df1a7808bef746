"""Two sets of picks of one tomogram side by side: who has what, and where they disagree."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Layer, Points
from numpy.typing import ArrayLike, NDArray

from motorscope.picks import Counts, PickTable, match_picks
from motorscope.plugin.layers.kinds import COMPARISON, PICKS
from motorscope.plugin.layers.looks import ANGSTROM, AXES, MARKER_SIZE
from motorscope.plugin.layers.source import find, identity
from motorscope.plugin.layers.tag import LayerTag, kind_of
from motorscope.tomogram import VoxelGrid

RADIUS = 500.0
"""Å within which two picks mean the same motor: about its diameter."""

VERDICTS = ("both", "mine", "theirs")
COLOURS = {"both": "#f2f2f2", "mine": "#ff9f1c", "theirs": "#35c9ff"}
"""Of what both have, only I, only they: to be told apart by colour-blind eyes too."""

_VERDICT = pd.CategoricalDtype(list(VERDICTS))
_LARGER = 1.3  # than our own rings, which they go round


@dataclass(frozen=True)
class Comparison:
    """What two sets of picks have in common.

    Attributes
    ----------
    places
        Positions ``(n, 3)`` in Å, z, y, x: of a pair, mine.
    verdicts
        For each place one of `VERDICTS`.
    ids
        The id of my pick at each place ``(n,)``; -1 for those that only they have.
    counts
        With theirs as the truth.
    """

    places: NDArray[np.float64]
    verdicts: tuple[str, ...]
    ids: NDArray[np.int64]
    counts: Counts

    @property
    def disagreements(self) -> NDArray[np.intp]:
        """Rows of what only one side has, along z, then y, then x."""
        rows = np.flatnonzero([verdict != "both" for verdict in self.verdicts])
        return rows[np.lexsort(self.places[rows].T[::-1])]


@dataclass(frozen=True)
class Compared:
    """A comparison, and how it came about.

    Attributes
    ----------
    comparison
        What came out.
    other
        The identity of the other set's layer.
    radius
        In Å.
    remark
        What was assumed; empty if nothing.
    stale
        Whether my picks have changed since.
    place
        Where the last step led, z, y, x in Å.
    """

    comparison: Comparison
    other: str
    radius: float
    remark: str = ""
    stale: bool = False
    place: tuple[float, ...] | None = None


def compare(mine: PickTable, theirs: ArrayLike, radius: float) -> Comparison:
    """Match my picks with positions ``(m, 3)`` in Å, one to one, within a radius in Å."""
    ours, others = mine.positions, np.asarray(theirs, dtype=float).reshape(-1, 3)
    matches = match_picks(ours, others, radius)
    rows = np.concatenate([matches.pairs[:, 0], matches.unmatched_found])
    missing = matches.unmatched_truth
    numbers = (len(matches.pairs), len(matches.unmatched_found), len(missing))
    return Comparison(
        places=np.concatenate([ours[rows], others[missing]]),
        verdicts=tuple(np.repeat(VERDICTS, numbers).tolist()),
        ids=np.concatenate([mine.ids[rows], np.full(len(missing), -1)]),
        counts=matches.counts,
    )


def other_sets(viewer: ViewerModel, tomogram: Layer | None) -> list[Points]:
    """Return the points layers with which the picks of a tomogram can be compared."""
    own = None if tomogram is None else find(viewer.layers, PICKS, identity(tomogram))
    return [
        layer
        for layer in viewer.layers
        if isinstance(layer, Points)
        and layer.ndim == 3
        and kind_of(layer) is not COMPARISON
        and (own is None or layer != own)
    ]


def comparison_arguments(
    comparison: Comparison, grid: VoxelGrid, name: str, tomogram_id: str
) -> dict[str, Any]:
    """Return the arguments of ``add_points``: squares around the rings, coloured by verdict."""
    spacing = grid.known_spacing()
    return {
        "data": grid.to_voxels(comparison.places),
        "ndim": 3,
        "name": f"{name} comparison",
        "scale": spacing,
        "translate": grid.origin,
        "units": ANGSTROM,
        "axis_labels": AXES,
        "features": pd.DataFrame({"verdict": pd.Series(comparison.verdicts, dtype=_VERDICT)}),
        "feature_defaults": {"verdict": "mine"},
        "border_color_cycle": COLOURS,
        "size": _LARGER * MARKER_SIZE / float(np.mean(spacing)),
        "metadata": LayerTag(COMPARISON, name, tomogram_id).metadata,
        **COMPARISON.looks,
    }


def summary(counts: Counts) -> str:
    """Return precision, recall, F1 and F2 in a line; a dash where there is nothing to count."""
    values = {
        "precision": counts.precision,
        "recall": counts.recall,
        "F1": counts.f_beta(1.0),
        "F2": counts.f_beta(2.0),
    }
    return " · ".join(
        f"{name} {'–' if np.isnan(value) else f'{value:.2f}'}" for name, value in values.items()
    )
