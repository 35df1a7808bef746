"""How good picks are, against a truth: found tomograms, found motors, distances, honest scores."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from motorscope.evaluate.thresholds import Curve, Floats, as_tuple, make_curve, rank
from motorscope.picks.scoring import Counts, Matches, competition_counts, match_picks
from motorscope.picks.table import PickTable

COMPETITION_RADIUS = 1000.0
"""Å within which the competition counts a motor as found."""
RELIABILITY_BINS = 10
RESAMPLES = 2000


@dataclass(frozen=True, eq=False)
class TomogramScore:
    """What became of one tomogram.

    Attributes
    ----------
    name
        The tomogram's name in the tables.
    picks, motors
        What was found, at or above the threshold, and what is true.
    matches
        The picks and the motors matched one to one; row numbers of `picks` and of `motors`.
    competition
        The tomogram as the competition counts it; all zero where it is rightly empty.
    """

    name: str
    picks: PickTable
    motors: PickTable
    matches: Matches
    competition: Counts


@dataclass(frozen=True, eq=False)
class Localisation:
    """Distances ``(n,)`` in Å of the motors found from the picks that found them."""

    errors: Floats

    @property
    def median(self) -> float:
        """In Å; NaN when nothing was found."""
        return self._percentile(50)

    @property
    def percentile90(self) -> float:
        """In Å; NaN when nothing was found."""
        return self._percentile(90)

    def _percentile(self, rank: float) -> float:
        return float(np.percentile(self.errors, rank)) if len(self.errors) else math.nan


@dataclass(frozen=True, eq=False)
class Reliability:
    """How far a score can be believed: the reliability diagram.

    Attributes
    ----------
    edges
        ``(bins + 1,)``, rising from 0 to 1.
    counts
        ``(bins,)``, picks in each bin.
    score, share
        ``(bins,)``, the mean score in each bin and the share of its picks that are motors; NaN
        where it is empty.
    """

    edges: Floats
    counts: NDArray[np.int64]
    score: Floats
    share: Floats

    @property
    def expected_calibration_error(self) -> float:
        """Mean distance of score and share, weighted by the bins' counts; NaN without picks.

        After Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
        Bayesian binning", AAAI 2015.
        """
        used = self.counts > 0
        if not used.any():
            return math.nan
        gaps = np.abs(self.score[used] - self.share[used])
        return float(np.average(gaps, weights=self.counts[used]))


@dataclass(frozen=True, eq=False)
class Scores:
    """All about a set of tomograms.

    Attributes
    ----------
    radius
        Distance in Å within which a motor counts as found.
    threshold
        Picks with a lower score were left out, but for `curve` and `reliability`; ``None`` where
        all counted.
    tomograms
        One score for each tomogram, by name.
    competition
        Tomograms, counted by the competition's rules.
    f2_interval
        2.5 and 97.5 percentile of the competition's F2 over resampled sets of tomograms: how much
        of it is chance.
    motors
        Motors, counted one by one.
    """

    radius: float
    threshold: float | None
    tomograms: tuple[TomogramScore, ...]
    competition: Counts
    f2_interval: tuple[float, float]
    motors: Counts
    curve: Curve
    localisation: Localisation
    reliability: Reliability

    @property
    def f2(self) -> float:
        """The competition's score, F2 over tomograms; NaN without a motor and a false alarm."""
        return self.competition.f_beta(2.0)

    @property
    def rightly_empty(self) -> int:
        """Number of tomograms without motors in which nothing was found; F2 is blind to them."""
        return len(self.tomograms) - sum(as_tuple(self.competition))


def score_picks(
    found: Mapping[str, PickTable],
    truth: Mapping[str, PickTable],
    radius: float = COMPETITION_RADIUS,
    threshold: float | None = None,
) -> Scores:
    """Compare the picks of tomograms, by name, with the true motors in them.

    A tomogram that is missing in one of the mappings has no picks there. Picks of a person, which
    have no score, count at every threshold and rank before all others.

    Parameters
    ----------
    radius
        Distance in Å within which a motor counts as found.
    threshold
        Lowest score of a pick that counts; all picks do by default.

    Raises
    ------
    ValueError
        If `radius` is not positive.
    """
    if not radius > 0:
        raise ValueError(f"radius must be positive, not {radius}")
    names = sorted(found.keys() | truth.keys())
    nothing = PickTable.empty()
    every = {name: found.get(name, nothing) for name in names}
    motors = {name: truth.get(name, nothing) for name in names}
    counted = every if threshold is None else {n: t.above(threshold) for n, t in every.items()}
    tomograms = tuple(_score_one(name, counted[name], motors[name], radius) for name in names)
    right = [correct_picks(every[name], motors[name], radius) for name in names]
    scores = _joined([rank(every[name]) for name in names])
    correct = _joined(right).astype(bool)
    return Scores(
        radius=radius,
        threshold=threshold,
        tomograms=tomograms,
        competition=sum((one.competition for one in tomograms), Counts()),
        f2_interval=_interval([one.competition for one in tomograms]),
        motors=sum((one.matches.counts for one in tomograms), Counts()),
        curve=make_curve(scores, correct, every, motors, radius),
        localisation=Localisation(_joined([one.matches.distances for one in tomograms])),
        reliability=reliability(scores, correct),
    )


def correct_picks(picks: PickTable, motors: PickTable, radius: float) -> NDArray[np.bool_]:
    """Mark each pick that, best score first, raises the number of motors that can be matched.

    Above any threshold there are as many marked picks as `match_picks` finds pairs, so a second
    pick of the same motor is wrong, and the answer does not depend on a threshold.
    """
    places = picks.positions
    correct = np.zeros(len(picks), dtype=bool)
    if not len(motors) or not len(picks):
        return correct
    nearest = cdist(places, motors.positions).min(axis=1)
    # A pick that cannot be matched beside the better ones never will be beside more of them.
    kept: list[int] = []
    for row in np.argsort(-rank(picks), kind="stable"):
        if len(kept) == len(motors):
            break
        trial = [*kept, int(row)]
        if nearest[row] <= radius and (
            len(match_picks(places[trial], motors.positions, radius).pairs) == len(trial)
        ):
            kept = trial
    correct[kept] = True
    return correct


def reliability(scores: ArrayLike, correct: ArrayLike, bins: int = RELIABILITY_BINS) -> Reliability:
    """Compare scores with the share of picks that are motors, in bins of equal width.

    Only scores from 0 to 1 can be probabilities; picks with others are left out.
    """
    values = np.asarray(scores, dtype=float)
    hits = np.asarray(correct, dtype=float)
    usable = (values >= 0) & (values <= 1)
    values, hits = values[usable], hits[usable]
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.minimum((values * bins).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)
    filled = np.where(counts > 0, counts, np.nan)
    return Reliability(
        edges=edges,
        counts=counts.astype(np.int64),
        score=np.bincount(place, values, bins) / filled,
        share=np.bincount(place, hits, bins) / filled,
    )


def _score_one(name: str, picks: PickTable, motors: PickTable, radius: float) -> TomogramScore:
    return TomogramScore(
        name=name,
        picks=picks,
        motors=motors,
        matches=match_picks(picks.positions, motors.positions, radius),
        competition=competition_counts({name: picks}, {name: motors}, radius),
    )


def _interval(outcomes: list[Counts]) -> tuple[float, float]:
    """Return the middle 95 % of F2 over sets of tomograms drawn with replacement (bootstrap)."""
    table = np.array([as_tuple(counts) for counts in outcomes], dtype=float).reshape(-1, 3)
    if not table.any():
        return math.nan, math.nan
    share = np.full(len(table), 1 / len(table))
    drawn = np.random.default_rng(0).multinomial(len(table), share, size=RESAMPLES) @ table
    tp, fp, fn = drawn.T
    whole = 5 * tp + 4 * fn + fp
    low, high = np.percentile(5 * tp[whole > 0] / whole[whole > 0], [2.5, 97.5])
    return float(low), float(high)


def _joined(parts: "list[NDArray[np.float64]] | list[NDArray[np.bool_]]") -> Floats:
    return np.concatenate([np.empty(0), *parts])
