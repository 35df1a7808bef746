"""How good a model is on tomograms with a known truth, and what its scores mean."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logit

from motorscope.contract import Calibration, DetectionRequest, RunSettings
from motorscope.detection import detect, probability, run_to_end
from motorscope.evaluate import Scores, correct_picks, score_picks
from motorscope.network import Model
from motorscope.picks import PickTable
from motorscope.simulation import simulate_tomogram
from motorscope.tomogram import Tomogram
from motorscope.training.data.labelled import LabelledTomogram
from motorscope.training.settings.config import ValidationConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """A tomogram with a known truth.

    Attributes
    ----------
    name
        What it goes by.
    open
        Returns the tomogram and its motors ``(n, 3)`` in Å; several are never open at a time.
    """

    name: str
    open: Callable[[], tuple[Tomogram, Floats]]


FLOOR = 0.01
"""Lowest probability of a candidate that a detection keeps."""
NO_THRESHOLD = 0.5
"""The default threshold where there was nothing to choose it by."""


@dataclass(frozen=True, eq=False)
class Findings:
    """All candidates of a model in tomograms, by name, beside the true motors.

    Attributes
    ----------
    found
        The scores are sigmoids of the network's logits, not calibrated, however low.
    truth
        The same names.
    """

    found: Mapping[str, PickTable]
    truth: Mapping[str, PickTable]


def held_out(config: ValidationConfig, count: int) -> list[Known]:
    """Return the first `count` tomograms of the held-out set, truly projected when opened."""
    return [Known(f"{number:04d}", partial(_simulated, config, number)) for number in range(count)]


def labelled(tomograms: Iterable[LabelledTomogram]) -> list[Known]:
    """Return tomograms with labels."""
    return [Known(one.name, partial(_opened, one)) for one in tomograms]


def examine(model: Model, tomograms: Sequence[Known], device: str = "auto") -> Findings:
    """Run the detection on tomograms, with flips if the card says so, and keep every candidate.

    Raises
    ------
    MotorscopeError, OSError
        If a tomogram cannot be opened or searched: figures of the others would mislead.
    """
    # Without calibration and shift the floor for candidates lies as low as it can.
    plain = replace(model, card=replace(model.card, calibration=Calibration()))
    found, truth = {}, {}
    for known in tomograms:
        tomogram, motors = known.open()
        truth[known.name] = PickTable.from_positions(motors, origin="user", status="accepted")
        request = DetectionRequest(tomogram, plain, settings=RunSettings(device))
        result = run_to_end(detect(request))
        assert result is not None  # only a cancelled run has none
        found[known.name] = result.candidates
    return Findings(found, truth)


def fit_calibration(findings: Findings, radius: float, start: Calibration) -> Calibration:
    """Fit scale and shift so that a probability is how often such candidates are motors.

    Logistic regression (Platt scaling) with a weak pull towards `start`, which is returned as it is
    where there are no hits or nothing but hits.

    Parameters
    ----------
    radius
        Distance in Å within which a candidate is a motor.
    """
    hits = np.concatenate(
        [np.empty(0, bool)]
        + [correct_picks(t, findings.truth[n], radius) for n, t in findings.found.items()]
    )
    logits = np.concatenate([np.empty(0)] + [_logits(table) for table in findings.found.values()])
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


def measure(
    findings: Findings, calibration: Calibration, radius: float, threshold: float | None = None
) -> Scores:
    """Score what a detection with a calibration would have kept; see :mod:`motorscope.evaluate`.

    Parameters
    ----------
    threshold
        Of the calibrated probability; by default that with the best F2 over the motors of these
        tomograms, every wrong pick counted, in the middle of its range.
    """
    kept = {name: _calibrated(table, calibration) for name, table in findings.found.items()}
    if threshold is None:
        best = score_picks(kept, findings.truth, radius).curve.best_threshold
        threshold = round(best, 3) if math.isfinite(best) else NO_THRESHOLD
    return score_picks(kept, findings.truth, radius, threshold)


def figures(scores: Scores) -> dict[str, float | int | None]:
    """Return scores for a model card or a row: three digits, ``None`` for what is not known."""
    counts, where = scores.motors, scores.localisation
    return {
        name: _rounded(value)
        for name, value in {
            "threshold": scores.threshold,
            "f2": scores.f2,
            "precision": counts.precision,
            "recall": counts.recall,
            "average_precision": scores.curve.average_precision,
            "error_angstrom": where.median,
            "error_90_angstrom": where.percentile90,
            "calibration_error": scores.reliability.expected_calibration_error,
            "motors": counts.tp + counts.fn,
            "tomograms": len(scores.tomograms),
        }.items()
    }


def _simulated(config: ValidationConfig, number: int) -> tuple[Tomogram, Floats]:
    spacing = config.spacings[number % len(config.spacings)]
    settings = replace(config.simulation, shape=config.shape, spacing=spacing, back_projection=True)
    made = simulate_tomogram(settings, config.seed + number)
    return made.tomogram, made.truth.positions


def _opened(one: LabelledTomogram) -> tuple[Tomogram, Floats]:
    return one.open(), one.motors


def _logits(table: PickTable) -> Floats:
    return np.asarray(logit(np.clip(table.scores, 1e-7, 1 - 1e-7)), dtype=float)


def _calibrated(table: PickTable, calibration: Calibration) -> PickTable:
    """Return the candidates that a detection keeps, with their calibrated scores."""
    chances = probability(_logits(table).astype(np.float32), calibration)
    return replace(table, frame=table.frame.assign(score=chances.astype(float))).above(FLOOR)


def _rounded(value: float | int | None) -> float | int | None:
    if value is None or isinstance(value, int):
        return value
    return float(f"{value:.3g}") if math.isfinite(value) else None
