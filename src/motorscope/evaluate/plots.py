"""Plots of an evaluation, as matplotlib figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from motorscope.errors import MotorscopeError
from motorscope.evaluate.groups import GroupScore
from motorscope.evaluate.metrics import Scores

Figure = Any  # matplotlib's, which is an optional dependency


def draw_plots(scores: Scores, groups: Sequence[GroupScore]) -> dict[str, Figure]:
    """Return the figures by name.

    Raises
    ------
    MotorscopeError
        If matplotlib is not installed.
    """
    figures = {
        "precision-recall": _precision_recall(scores),
        "thresholds": _thresholds(scores),
        "reliability": _reliability(scores),
        "localisation": _localisation(scores),
    }
    if groups:
        figures["groups"] = _groups(groups)
    return figures


def _figure(width: float = 4.8, height: float = 4.2) -> Figure:
    try:
        # Not pyplot: it keeps figures in a global list and may open windows.
        from matplotlib.figure import Figure as MatplotlibFigure
    except ImportError as error:
        raise MotorscopeError(
            "Plots need matplotlib, which is not installed; pip install 'napari-motorscope[train]' "
            "brings it."
        ) from error
    return MatplotlibFigure(figsize=(width, height), layout="constrained")


def _precision_recall(scores: Scores) -> Figure:
    figure = _figure()
    axes = figure.add_subplot()
    curve = scores.curve
    axes.step([0.0, *curve.recall], [1.0, *curve.precision], where="pre")
    counts = scores.motors
    axes.plot([counts.recall], [counts.precision], "o", label="these picks")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.set_title(f"Motors, average precision {curve.average_precision:.3f}")
    axes.legend(loc="lower left")
    return figure


def _thresholds(scores: Scores) -> Figure:
    figure = _figure()
    axes = figure.add_subplot()
    curve = scores.curve
    for name, values in (
        ("F2 (tomograms)", curve.f2),
        ("F2 (motors)", curve.motor_f2),
        ("precision", curve.precision),
        ("recall", curve.recall),
    ):
        axes.step(curve.thresholds, values, where="post", label=name)
    if np.isfinite(curve.best_threshold):
        axes.axvline(curve.best_threshold, color="grey", linestyle=":", label="best F2 (motors)")
    axes.set(ylim=(0, 1.02), xlabel="threshold", title="What a threshold costs")
    axes.legend(loc="lower center")
    return figure


def _reliability(scores: Scores) -> Figure:
    figure = _figure()
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = scores.reliability
    upper.plot([0, 1], [0, 1], color="grey", linestyle=":")
    upper.plot(bins.score, bins.share, "o-")
    upper.set(ylim=(0, 1.02), ylabel="share that are motors")
    upper.set_title(f"Expected calibration error {bins.expected_calibration_error:.3f}")
    lower.bar(bins.edges[:-1], bins.counts, width=np.diff(bins.edges), align="edge")
    lower.set(xlim=(0, 1), xlabel="score", ylabel="picks")
    return figure


def _localisation(scores: Scores) -> Figure:
    figure = _figure()
    axes = figure.add_subplot()
    found = scores.localisation
    farthest = float(found.errors.max(initial=min(100.0, scores.radius)))
    axes.hist(found.errors, bins=np.linspace(0.0, farthest, 41))
    axes.axvline(found.median, color="grey", linestyle=":")
    axes.set(xlim=(0, farthest), xlabel="distance (Å)", ylabel="motors found")
    axes.set_title(f"Median {found.median:.0f} Å, 90 % below {found.percentile90:.0f} Å")
    return figure


def _groups(groups: Sequence[GroupScore]) -> Figure:
    figure = _figure(6.4, 1.2 + 0.22 * len(groups))
    axes = figure.add_subplot()
    names = [f"{g.what}: {g.group}  ({g.motors.tp + g.motors.fn})" for g in groups]
    colours = [f"C{i}" for i in np.unique([g.what for g in groups], return_inverse=True)[1]]
    axes.barh(names, [np.nan_to_num(g.motors.recall) for g in groups], color=colours)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="recall", title="Recall by group (motors)")
    return figure
