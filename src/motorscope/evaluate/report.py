"""What a person reads of an evaluation: a text, tables as CSV, plots."""

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from motorscope.evaluate.data import EvaluationData
from motorscope.evaluate.groups import GroupScore, motor_errors, score_groups
from motorscope.evaluate.metrics import Scores
from motorscope.evaluate.plots import draw_plots
from motorscope.files import make_folder, replacing


def format_report(data: EvaluationData, scores: Scores) -> str:
    """Return the table that ``motorscope evaluate`` prints; its first line is ``F2 0.xxx``."""
    blocks = [
        f"F2 {scores.f2:.3f}",
        _columns(
            f"Tomograms, the best pick of each within {scores.radius:g} Å", _tomograms(scores)
        ),
        _columns(f"Motors, one by one within {scores.radius:g} Å", _motors(scores)),
        _columns(
            "Scores as probabilities, of all picks whatever the threshold", _calibration(scores)
        ),
    ]
    groups = score_groups(data, scores)
    if groups:
        blocks.append(_group_text(groups))
    if not data.complete:
        blocks.append(
            "Tomograms without a motor are unknown, so false alarms there are not counted; "
            "--tomograms takes their folder or a CSV that lists them."
        )
    return "\n\n".join(blocks)


def write_report(folder: str | os.PathLike[str], data: EvaluationData, scores: Scores) -> None:
    """Write tables (CSV) and plots (PNG and SVG) into a folder, which is made if need be.

    Raises
    ------
    MotorscopeError
        If matplotlib is not installed, or the folder cannot be written to.
    """
    groups = score_groups(data, scores)
    plots = draw_plots(scores, groups)  # before anything is written
    target = make_folder(folder)
    for name, table in make_tables(data, scores, groups).items():
        with replacing(target / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.6g")
    for name, figure in plots.items():
        for suffix in ("png", "svg"):
            with replacing(target / f"{name}.{suffix}") as temporary:
                figure.savefig(temporary, dpi=150)


def make_tables(
    data: EvaluationData, scores: Scores, groups: Sequence[GroupScore]
) -> dict[str, pd.DataFrame]:
    """Return the tables of an evaluation by name, one row per thing that the name says."""
    curve, bins = scores.curve, scores.reliability
    return {
        "summary": pd.DataFrame(
            [
                row
                for rows in (_tomograms(scores), _motors(scores), _calibration(scores))
                for row in rows
            ],
            columns=["quantity", "value"],
        ),
        "tomograms": pd.DataFrame(
            {
                "tomogram": one.name,
                "motors": len(one.motors),
                "picks": len(one.picks),
                "found": one.matches.counts.tp,
                "missed": one.matches.counts.fn,
                "wrong": one.matches.counts.fp,
                "outcome": _outcome(one.competition.tp, one.competition.fp, one.competition.fn),
            }
            for one in scores.tomograms
        ),
        "motors": data.motors.assign(distance_angstrom=motor_errors(data, scores)),
        "groups": _group_table(groups),
        "thresholds": pd.DataFrame(
            {
                "threshold": curve.thresholds,
                "precision": curve.precision,
                "recall": curve.recall,
                "competition_f2": curve.f2,
                "motor_f2": curve.motor_f2,
            }
        ),
        "reliability": pd.DataFrame(
            {
                "low": bins.edges[:-1],
                "high": bins.edges[1:],
                "picks": bins.counts,
                "mean_score": bins.score,
                "share_of_motors": bins.share,
            }
        ),
    }


def _tomograms(scores: Scores) -> list[tuple[str, str]]:
    counts = scores.competition
    low, high = scores.f2_interval
    return [
        ("tomograms", f"{len(scores.tomograms)}"),
        ("with motors, found", f"{counts.tp}"),
        ("with motors, missed", f"{counts.fn}"),
        ("without, false alarm", f"{counts.fp}"),
        ("without, rightly empty", f"{scores.rightly_empty}"),
        ("F2", f"{scores.f2:.3f}"),
        ("F2, 95 % of resamplings", f"{low:.3f} – {high:.3f}"),
        ("threshold", "all picks" if scores.threshold is None else f"{scores.threshold:g}"),
        ("best threshold", f"{scores.curve.best_threshold:.3f}"),
        ("F2 over motors there", f"{scores.curve.best_f2:.3f}"),
    ]


def _motors(scores: Scores) -> list[tuple[str, str]]:
    counts = scores.motors
    return [
        ("motors", f"{counts.tp + counts.fn}"),
        ("motors found", f"{counts.tp}"),
        ("motors missed", f"{counts.fn}"),
        ("wrong picks", f"{counts.fp}"),
        ("precision", f"{counts.precision:.3f}"),
        ("recall", f"{counts.recall:.3f}"),
        ("F1 of motors", f"{counts.f_beta(1.0):.3f}"),
        ("F2 of motors", f"{counts.f_beta(2.0):.3f}"),
        ("average precision", f"{scores.curve.average_precision:.3f}"),
        ("error, median (Å)", f"{scores.localisation.median:.1f}"),
        ("error, 90 % below (Å)", f"{scores.localisation.percentile90:.1f}"),
    ]


def _calibration(scores: Scores) -> list[tuple[str, str]]:
    bins = scores.reliability
    return [
        ("picks with a score", f"{int(bins.counts.sum())}"),
        ("expected calibration error", f"{bins.expected_calibration_error:.3f}"),
    ]


def _columns(title: str, rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join([title, *(f"  {name:<28}{value}" for name, value in rows)])


def _group_table(groups: Sequence[GroupScore]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "property": [g.what for g in groups],
            "group": [g.group for g in groups],
            "motors": [g.motors.tp + g.motors.fn for g in groups],
            "found": [g.motors.tp for g in groups],
            "recall": [g.motors.recall for g in groups],
            "precision": [g.motors.precision if g.tomograms else np.nan for g in groups],
            "competition_f2": [g.tomograms.f_beta(2.0) if g.tomograms else np.nan for g in groups],
            "median_error_angstrom": [g.median_error for g in groups],
        }
    )


def _group_text(groups: Sequence[GroupScore]) -> str:
    head = ("", "motors", "recall", "precision", "F2", "error (Å)")
    lines = ["By group" + " " * 20 + "".join(f"{name:>10}" for name in head[1:])]
    before = ""
    for row in _group_table(groups).itertuples(index=False):
        what, group, motors, _, *numbers = row
        if what != before:
            lines.append(f"  {what}")
            before = what
        shown = [_number(value, 3) for value in numbers[:3]] + [_number(numbers[3], 0)]
        lines.append(f"    {group:<24}{motors:>10}" + "".join(f"{text:>10}" for text in shown))
    return "\n".join(lines)


def _number(value: float, decimals: int) -> str:
    return "" if np.isnan(value) else f"{value:.{decimals}f}"


def _outcome(tp: int, fp: int, fn: int) -> str:
    if tp:
        return "found"
    if fn:
        return "missed"
    return "false alarm" if fp else "rightly empty"
