"""How good a model is on tomograms with a known truth, and what its scores mean."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from motorscope.detection import DetectionRequest, detect, run_to_end
from motorscope.network import Calibration, Model
from motorscope.simulation import Simulation, SimulationConfig, simulate_tomogram
from motorscope.training.config import ValidationConfig

Floats = NDArray[np.float64]

FLOOR = 0.01
"""Lowest probability of a candidate that a detection keeps."""


@dataclass(frozen=True)
class Findings:
    """Candidates of one tomogram, compared with its motors.

    Attributes
    ----------
    logits
        The network's logit at each candidate ``(n,)``, best first.
    hits
        Whether each candidate is a motor ``(n,)``: of those within the radius of one, the best.
    errors
        Distance in Å of each candidate from its motor; NaN for one that is none.
    motors
        How many motors there are.
    """

    logits: Floats
    hits: NDArray[np.bool_]
    errors: Floats
    motors: int


@dataclass(frozen=True)
class Scores:
    """Figures at one threshold, over all tomograms; NaN where there is nothing to count.

    Attributes
    ----------
    error_angstrom, error_90_angstrom
        Median and 90 % quantile of the distance of found motors from their true place.
    calibration_error
        Expected calibration error of the probabilities (ten equal bins) of those candidates that a
        detection keeps, from 0.01.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    error_angstrom: float
    error_90_angstrom: float
    calibration_error: float
    motors: int
    tomograms: int

    def table(self) -> dict[str, float | int | None]:
        """Return the figures for a model card: three digits, ``None`` for what is not known."""
        return {key: _rounded(value) for key, value in dataclasses.asdict(self).items()}


def held_out(config: ValidationConfig, count: int) -> Iterator[Simulation]:
    """Simulate the first `count` tomograms of the held-out set, one at a time."""
    for number in range(count):
        spacing = config.spacings[number % len(config.spacings)]
        settings = SimulationConfig(shape=config.shape, spacing=spacing)
        yield simulate_tomogram(settings, config.seed + number)


def examine(
    model: Model, simulations: Iterable[Simulation], radius: float, device: str = "auto"
) -> list[Findings]:
    """Run the detection on tomograms and compare its candidates with the truth."""
    # Without calibration and shift the floor for candidates lies as low as it can.
    card = dataclasses.replace(model.card, calibration=Calibration())
    plain = dataclasses.replace(model, card=card)
    findings = []
    for simulation in simulations:
        request = DetectionRequest(simulation.tomogram, plain, device=device)
        result = run_to_end(detect(request))
        assert result is not None  # only a cancelled run has none
        candidates, truth = result.candidates, simulation.truth.positions
        scores = np.clip(candidates.scores, 1e-7, 1 - 1e-7)
        findings.append(compare(candidates.positions, logit(scores), truth, radius))
    return findings


def compare(positions: Floats, logits: Floats, truth: Floats, radius: float) -> Findings:
    """Match candidates ``(n, 3)``, best first, with motors ``(m, 3)``, both in Å."""
    hits = np.zeros(len(positions), dtype=bool)
    errors = np.full(len(positions), np.nan)
    taken = np.zeros(len(truth), dtype=bool)
    for row, position in enumerate(positions):
        if taken.all():
            break
        distances = np.where(taken, np.inf, np.linalg.norm(truth - position, axis=1))
        nearest = int(distances.argmin())
        if distances[nearest] <= radius:
            hits[row], errors[row], taken[nearest] = True, distances[nearest], True
    return Findings(logits, hits, errors, len(truth))


def fit_calibration(findings: Sequence[Findings], start: Calibration) -> Calibration:
    """Fit scale and shift so that a probability is how often such candidates are motors.

    Logistic regression (Platt scaling) with a weak pull towards `start`, which is returned as it is
    where there are no hits or nothing but hits.
    """
    logits = np.concatenate([found.logits for found in findings] or [np.empty(0)])
    hits = np.concatenate([found.hits for found in findings] or [np.empty(0, dtype=bool)])
    if not 0 < hits.sum() < len(hits):
        return start
    sign = np.where(hits, 1.0, -1.0)

    def cost(values: Floats) -> float:
        log_scale, shift = values
        margin = sign * (np.exp(log_scale) * logits - shift)
        pull = log_scale**2 + ((shift - start.shift) / 4) ** 2
        return float(np.logaddexp(0, -margin).sum() + 0.1 * pull)

    fit = minimize(cost, x0=np.array([math.log(start.scale), start.shift]), method="Nelder-Mead")
    return Calibration(shift=float(fit.x[1]), scale=float(np.exp(fit.x[0])))


def probabilities(found: Findings, calibration: Calibration) -> Floats:
    """Return the calibrated probability of each candidate."""
    return np.asarray(expit(calibration.scale * found.logits - calibration.shift))


def score(findings: Sequence[Findings], calibration: Calibration, threshold: float) -> Scores:
    """Count what is found at a threshold of the calibrated probability."""
    chances = np.concatenate([probabilities(found, calibration) for found in findings])
    hits = np.concatenate([found.hits for found in findings])
    errors = np.concatenate([found.errors for found in findings])
    kept, shown = chances >= threshold, chances >= FLOOR
    true = int((kept & hits).sum())
    motors = sum(found.motors for found in findings)
    near = errors[kept & hits]
    return Scores(
        threshold=threshold,
        precision=_share(true, int(kept.sum())),
        recall=_share(true, motors),
        f1=_share(2 * true, int(kept.sum()) + motors),
        error_angstrom=float(np.median(near)) if len(near) else math.nan,
        error_90_angstrom=float(np.quantile(near, 0.9)) if len(near) else math.nan,
        calibration_error=calibration_error(chances[shown], hits[shown]),
        motors=motors,
        tomograms=len(findings),
    )


def calibration_error(chances: Floats, hits: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error: the mean gap of promised and true frequency.

    Over equal bins of probability, weighted by their counts (Naeini et al., AAAI 2015).
    """
    if not len(chances):
        return math.nan
    which = np.minimum((chances * bins).astype(int), bins - 1)
    gaps = np.bincount(which, weights=chances - hits, minlength=bins)
    return float(np.abs(gaps).sum() / len(chances))


def choose_threshold(findings: Sequence[Findings], calibration: Calibration) -> float:
    """Return the threshold with the best F1: the middle of the widest range that has it.

    Thresholds are multiples of 0.01 from 0.05 to 0.95; without motors it is 0.5.
    """
    grid = np.arange(5, 96) / 100
    values = np.array([score(findings, calibration, float(t)).f1 for t in grid])
    if not np.isfinite(values).any() or np.nanmax(values) == 0:
        return 0.5
    best = np.append(values >= np.nanmax(values) - 1e-9, False)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], best.astype(int)))))
    ranges = edges.reshape(-1, 2)
    first, stop = ranges[np.argmax(ranges[:, 1] - ranges[:, 0])]
    return float(grid[(first + stop - 1) // 2])


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _rounded(value: float | int) -> float | int | None:
    if isinstance(value, int):
        return value
    return float(f"{value:.3g}") if math.isfinite(value) else None
