"""What every threshold would give: precision, recall, F2, and the best threshold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motorscope.picks.scoring import Counts, competition_counts, f_beta
from motorscope.picks.table import PickTable

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """What every possible threshold would give, from the highest score to the lowest.

    Attributes
    ----------
    thresholds
        ``(n,)``, the distinct scores, falling; infinite for the picks of a person.
    precision, recall
        ``(n,)``, over motors.
    f2
        ``(n,)``, the competition's, over tomograms.
    motor_f2
        ``(n,)``, over motors: every wrong pick counts, wherever it is.
    average_precision
        Sum over thresholds of the gain in recall times the precision there, without interpolation;
        NaN where there is no motor.
    best_threshold
        The middle of the range of thresholds with the best F2 over motors (the highest of such
        ranges), NaN where there is no pick or no motor.
    best_f2
        The F2 over motors there.
    """

    thresholds: Floats
    precision: Floats
    recall: Floats
    f2: Floats
    motor_f2: Floats
    average_precision: float
    best_threshold: float
    best_f2: float


def rank(picks: PickTable) -> Floats:
    """Return the scores, infinite for a person's picks: they are certain."""
    scores = picks.scores
    return np.where(np.isnan(scores), np.inf, scores)


def as_tuple(counts: Counts) -> tuple[int, int, int]:
    """Return true positives, false positives, false negatives."""
    return counts.tp, counts.fp, counts.fn


def make_curve(
    scores: Floats,
    correct: NDArray[np.bool_],
    found: Mapping[str, PickTable],
    truth: Mapping[str, PickTable],
    radius: float,
) -> Curve:
    """Try every threshold.

    Parameters
    ----------
    scores, correct
        Rank and truth of every pick of all tomograms, ``(n,)``.
    found, truth
        The picks and the motors of each tomogram; the same names in both.
    radius
        In Å.
    """
    thresholds = np.unique(scores)[::-1]
    count = np.searchsorted(np.sort(-scores), -thresholds, side="right")  # picks at or above each
    hits = np.searchsorted(np.sort(-scores[correct]), -thresholds, side="right")
    motors = sum(len(table) for table in truth.values())
    precision = hits / count
    recall = hits / motors if motors else np.full(len(thresholds), np.nan)
    average = float(np.sum(np.diff(recall, prepend=0.0) * precision)) if motors else math.nan
    f2 = _f2_by_threshold(thresholds, found, truth, radius)
    # F2 = 5 TP / (5 TP + 4 FN + FP), and TP + FN are all motors, TP + FP all picks.
    motor_f2 = 5 * hits / (4 * motors + count)
    best, best_f2 = _best(thresholds, motor_f2) if motors else (math.nan, math.nan)
    return Curve(thresholds, precision, recall, f2, motor_f2, average, best, best_f2)


def _f2_by_threshold(
    thresholds: Floats,
    found: Mapping[str, PickTable],
    truth: Mapping[str, PickTable],
    radius: float,
) -> Floats:
    """Return the competition's F2 at each threshold.

    Only the best pick of a tomogram counts, so that each threshold makes a tomogram either what it
    is with all its picks, or what it is with none.
    """
    tops = np.array([rank(table).max() if len(table) else -np.inf for table in found.values()])
    full = np.array(
        [as_tuple(competition_counts({"": found[n]}, {"": truth[n]}, radius)) for n in found]
    )
    none = np.array([as_tuple(Counts(fn=int(len(truth[name]) > 0))) for name in found])
    totals = (
        np.where((tops >= threshold)[:, None], full, none).sum(axis=0) for threshold in thresholds
    )
    return np.array([f_beta(int(tp), int(fp), int(fn), 2.0) for tp, fp, fn in totals])


def _best(thresholds: Floats, f2: Floats) -> tuple[float, float]:
    finite = np.isfinite(thresholds)
    if not finite.any():
        return math.nan, math.nan
    # F2 is the same for all thresholds above a score up to the next one; runs of equal F2 join.
    values, steps = f2[finite], thresholds[finite]
    first = int(np.argmax(values))
    last = first
    while last + 1 < len(values) and values[last + 1] == values[first]:
        last += 1
    low = steps[last + 1] if last + 1 < len(steps) else min(0.0, float(steps[last]))
    return float((steps[first] + low) / 2), float(values[first])
