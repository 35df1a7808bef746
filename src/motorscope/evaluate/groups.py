"""Scores of parts of the motors and of the tomograms: by species, tilt, depth, noise, spacing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from motorscope.evaluate.data import EvaluationData
from motorscope.evaluate.metrics import Scores, TomogramScore
from motorscope.picks.scoring import Counts

_MAX_VALUES = 12  # a column with more distinct texts names things, it does not group them
_QUANTILES = 4
_ANGLES = (0.0, 30.0, 60.0, 90.0)
_DEPTHS = ("lower third", "middle third", "upper third")
_OF_A_RUN = ("file", "picks", "best", "seconds", "device", "precision", "error")
"""Columns of a run's summary, which tell nothing about a tomogram."""

_NO_PROPERTY = (
    *("seed", "shape_z", "shape_y", "shape_x", "axis_z", "axis_y", "axis_x", "z"),
    *_OF_A_RUN,
)


@dataclass(frozen=True)
class GroupScore:
    """Scores of the motors, or of the tomograms, that have something in common.

    Attributes
    ----------
    what, group
        The property and its value or range: ``species``, ``vibrio``.
    motors
        True positives and false negatives; false positives too where the property is one of the
        tomogram, since a wrong pick has neither a species nor a direction.
    tomograms
        The competition's counts of those tomograms; ``None`` where the property is one of the
        motor.
    median_error
        In Å, of the motors found; NaN without one.
    """

    what: str
    group: str
    motors: Counts
    tomograms: Counts | None
    median_error: float


def score_groups(data: EvaluationData, scores: Scores) -> tuple[GroupScore, ...]:
    """Score by every property that the truth or the list of tomograms tells.

    Texts make a group each; numbers are cut at their quartiles. From ``axis_z`` comes the motor's
    angle to the z axis (the missing wedge blurs what lies along it), from ``shape_z``
    its depth in the ice. A property that is the same everywhere makes no groups.
    """
    errors = motor_errors(data, scores)
    by_name = {one.name: one for one in scores.tomograms}
    groups = []
    for what, labels in _motor_properties(data):
        for group in _in_order(labels):
            groups.append(_motor_group(what, group, errors[(labels == group).to_numpy()]))
    for what in data.tomograms.columns.difference([*_NO_PROPERTY], sort=False):
        labels = _labels(data.tomograms[what])
        for group in _in_order(labels):
            members = [by_name[name] for name in labels.index[labels == group]]
            groups.append(_tomogram_group(what, group, members))
    return tuple(groups)


def motor_errors(data: EvaluationData, scores: Scores) -> pd.Series:
    """Return the distance in Å of the pick of each row of ``data.motors``; NaN if missed."""
    by_name = {one.name: one for one in scores.tomograms}
    parts = []
    for name, table in data.truth.items():
        matches = by_name[name].matches
        part = np.full(len(table), np.nan)
        part[matches.pairs[:, 1]] = matches.distances
        parts.append(part)
    return pd.Series(np.concatenate([np.empty(0), *parts]), index=data.motors.index)


def _motor_group(what: str, group: str, errors: pd.Series) -> GroupScore:
    found = int(errors.notna().sum())
    counts = Counts(tp=found, fn=len(errors) - found)
    return GroupScore(what, group, counts, None, float(errors.median()))


def _tomogram_group(what: str, group: str, members: Sequence[TomogramScore]) -> GroupScore:
    distances = np.concatenate([one.matches.distances for one in members])
    return GroupScore(
        what,
        group,
        motors=sum((one.matches.counts for one in members), Counts()),
        tomograms=sum((one.competition for one in members), Counts()),
        median_error=float(np.median(distances)) if len(distances) else np.nan,
    )


def _motor_properties(data: EvaluationData) -> Iterator[tuple[str, pd.Series]]:
    motors = data.motors
    if "axis_z" in motors:
        # Along or against z is the same to the missing wedge.
        angle = np.degrees(np.arccos(np.clip(motors["axis_z"].astype(float).abs(), 0.0, 1.0)))
        names = [f"{low:g}–{high:g}°" for low, high in pairwise(_ANGLES)]
        yield "angle to z", _cut(angle, _ANGLES, names)
    if "shape_z" in data.tomograms:
        slices = data.tomograms["shape_z"].loc[motors["tomogram"]].to_numpy(dtype=float)
        yield "depth", _cut((motors["z"] + 0.5) / slices, (0.0, 1 / 3, 2 / 3, 1.0), _DEPTHS)
    for what in motors.columns.difference([*_NO_PROPERTY, "tomogram"], sort=False):
        yield what, _labels(motors[what])


def _labels(values: pd.Series) -> pd.Series:
    """Name the group of each value; empty where it has none."""
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "yes", False: "no"}).astype("str")
    if not pd.api.types.is_numeric_dtype(values):
        texts = values.astype("str").where(values.notna(), "")
        return texts if texts.nunique() <= _MAX_VALUES else texts.where(texts == "", "")
    distinct = np.unique(values.dropna())
    if len(distinct) <= _QUANTILES:
        return values.map(lambda value: "" if pd.isna(value) else f"{value:g}").astype("str")
    edges = np.unique(np.quantile(values.dropna(), np.linspace(0, 1, _QUANTILES + 1)))
    names = [f"{low:.3g}–{high:.3g}" for low, high in pairwise(edges)]
    return _cut(values, edges, names)


def _cut(values: pd.Series, edges: ArrayLike, names: Sequence[str]) -> pd.Series:
    places = np.clip(
        np.searchsorted(np.asarray(edges), values.to_numpy(dtype=float), "right") - 1, 0, None
    )
    texts = np.array(names, dtype=object)[np.minimum(places, len(names) - 1)]
    return pd.Series(texts, index=values.index, dtype="str").where(values.notna(), "")


def _in_order(labels: pd.Series) -> list[str]:
    """Return the groups, numbers in their order; none if there is but one."""
    groups = sorted(set(labels) - {""}, key=_number_first)
    return groups if len(groups) > 1 else []


def _number_first(group: str) -> tuple[float, str]:
    try:
        return float(group.split("–")[0]), group
    except ValueError:
        return np.inf, group
