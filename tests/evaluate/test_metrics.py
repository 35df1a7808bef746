"""Every rule by hand, and properties of all."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.evaluate.metrics import correct_picks, reliability, score_picks
from motorscope.picks.scoring import f_beta
from motorscope.picks.table import PickTable


def table(*rows: tuple[float, ...]) -> PickTable:
    """Make picks of ``(x, score)``, on a line; motors of ``(x,)``."""
    places = [(0.0, 0.0, row[0]) for row in rows]
    scores = [row[1] if len(row) > 1 else np.nan for row in rows]
    return PickTable.from_positions(np.reshape(places, (-1, 3)), scores)


NONE = table()

# What was found, what is there, and what the tomogram then is: TP, FP, FN.
RULES = {
    "within the radius": (table((999, 0.9)), table((0,)), (1, 0, 0)),
    "at the radius": (table((1000, 0.9)), table((0,)), (1, 0, 0)),
    "too far: missed, and no false alarm": (table((1001, 0.9)), table((0,)), (0, 0, 1)),
    "nothing found": (NONE, table((0,)), (0, 0, 1)),
    "a pick where nothing is": (table((0, 0.9)), NONE, (0, 1, 0)),
    "many picks where nothing is count once": (table((0, 0.9), (5000, 0.8)), NONE, (0, 1, 0)),
    "rightly empty": (NONE, NONE, (0, 0, 0)),
    "only the best pick counts: wrong": (table((0, 0.5), (5000, 0.9)), table((0,)), (0, 0, 1)),
    "only the best pick counts: right": (table((0, 0.9), (5000, 0.5)), table((0,)), (1, 0, 0)),
    "one of several motors is enough": (table((0, 0.9)), table((0,), (5000,)), (1, 0, 0)),
    "a person's pick is best": (table((0,), (5000, 0.9)), table((0,)), (1, 0, 0)),
}


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_the_competition(rule):
    found, truth, expected = RULES[rule]
    counts = score_picks({"a": found}, {"a": truth}).competition
    assert (counts.tp, counts.fp, counts.fn) == expected


def test_f2_by_hand():
    cases = {name: case for name, case in RULES.items() if "person" not in name}
    scores = score_picks(
        {name: found for name, (found, _, _) in cases.items()},
        {name: truth for name, (_, truth, _) in cases.items()},
    )
    # 4 found, 3 missed, 2 false alarms, 1 rightly empty
    assert scores.f2 == pytest.approx(5 * 4 / (5 * 4 + 4 * 3 + 2))
    assert scores.rightly_empty == 1
    assert scores.f2_interval[0] < scores.f2 < scores.f2_interval[1]


def test_motors_one_by_one_by_hand():
    found = {"a": table((10, 0.9), (20, 0.8), (5000, 0.7)), "b": table((0, 0.6))}
    truth = {"a": table((0,), (8000,)), "c": table((0,))}
    scores = score_picks(found, truth)
    # Of the two picks at one motor the nearer is it; the other one, 5000 and b are wrong.
    assert (scores.motors.tp, scores.motors.fp, scores.motors.fn) == (1, 3, 2)
    assert scores.motors.precision == pytest.approx(1 / 4)
    assert scores.motors.recall == pytest.approx(1 / 3)
    assert scores.motors.f_beta(1) == pytest.approx(2 / 7)
    assert scores.localisation.errors.tolist() == [10.0]


def test_average_precision_by_hand():
    found = {"a": table((0, 0.9), (5000, 0.8), (2500, 0.7)), "b": table((0, 0.6))}
    truth = {"a": table((0,), (2500,)), "b": table((9000,)), "c": table((0,))}
    curve = score_picks(found, truth).curve
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curve.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3, 2 / 4])
    assert curve.recall.tolist() == pytest.approx([1 / 4, 1 / 4, 2 / 4, 2 / 4])
    assert curve.average_precision == pytest.approx(1 / 4 * 1 + 1 / 4 * 2 / 3)


def test_equal_scores_are_one_threshold():
    curve = score_picks({"a": table((5000, 0.5), (0, 0.5))}, {"a": table((0,))}).curve
    assert curve.thresholds.tolist() == [0.5]
    assert curve.average_precision == pytest.approx(0.5)


def test_best_threshold_lies_between_the_scores_that_it_parts():
    found = {"a": table((0, 0.9)), "b": table((0, 0.8)), "c": table((0, 0.3)), "d": table((0, 0.2))}
    truth = {"a": table((0,)), "b": table((0,))}
    curve = score_picks(found, truth).curve
    assert curve.f2.tolist() == pytest.approx([5 / 9, 1, 10 / 11, 10 / 12])
    assert (curve.best_threshold, curve.best_f2) == (pytest.approx(0.55), 1.0)


def test_threshold_leaves_picks_out_but_not_from_the_curve():
    found = {"a": table((0, 0.9)), "b": table((0, 0.2)), "c": table((0,))}
    truth = {"a": table((0,)), "b": NONE, "c": table((0,))}
    scores = score_picks(found, truth, threshold=0.5)
    assert (scores.competition.tp, scores.competition.fp, scores.rightly_empty) == (2, 0, 1)
    assert scores.curve.thresholds.tolist() == [math.inf, 0.9, 0.2]
    assert scores.reliability.counts.sum() == 2  # a person's pick has no score


def test_a_pick_between_two_motors_leaves_the_nearer_one_to_a_pick_that_has_no_other():
    # The better pick reaches both motors, the other one only the first.
    picks, motors = table((0, 0.9), (-900, 0.8)), table((0,), (950,))
    assert correct_picks(picks, motors, 1000).tolist() == [True, True]
    assert score_picks({"a": picks}, {"a": motors}).motors.tp == 2


def test_reliability_by_hand():
    bins = reliability([0.05, 0.95, 1.0, 0.55, np.inf, 3.0], [1, 1, 1, 0, 1, 1])
    assert bins.counts.tolist() == [1, 0, 0, 0, 0, 1, 0, 0, 0, 2]
    assert bins.share[[0, 5, 9]].tolist() == [1, 0, 1]
    assert bins.score[9] == pytest.approx(0.975)
    assert bins.expected_calibration_error == pytest.approx((0.95 + 0.55 + 2 * 0.025) / 4)


def test_nothing_at_all():
    scores = score_picks({"a": NONE}, {"a": NONE})
    assert scores.rightly_empty == 1
    for value in (
        scores.f2,
        *scores.f2_interval,
        scores.motors.precision,
        scores.curve.average_precision,
        scores.curve.best_threshold,
        scores.localisation.median,
        scores.reliability.expected_calibration_error,
    ):
        assert math.isnan(value)


def test_radius_must_be_positive():
    with pytest.raises(ValueError, match="radius"):
        score_picks({}, {}, radius=0)


COORDINATE = st.integers(-4000, 4000).map(float)
SCORE = st.one_of(st.integers(0, 100).map(lambda value: value / 100), st.just(math.nan))
PICKS = st.lists(st.tuples(COORDINATE, SCORE), max_size=8)
MOTORS = st.lists(st.tuples(COORDINATE), max_size=5)
CASES = st.dictionaries(st.sampled_from("abc"), st.tuples(PICKS, MOTORS), min_size=1)


def scored(cases, **options):
    return score_picks(
        {name: table(*picks) for name, (picks, _) in cases.items()},
        {name: table(*motors) for name, (_, motors) in cases.items()},
        **options,
    )


@settings(deadline=None, max_examples=15)
@given(st.dictionaries(st.sampled_from("abcdef"), MOTORS, min_size=1), st.integers(0, 100))
def test_perfect_picks(motors, percent):
    truth = {name: table(*rows) for name, rows in motors.items()}
    found = {
        name: PickTable.from_positions(motors.positions, percent / 100)
        for name, motors in truth.items()
    }
    scores = score_picks(found, truth)
    if any(motors.values()):
        assert scores.f2 == scores.motors.f_beta(2) == scores.curve.average_precision == 1
        assert scores.localisation.percentile90 == 0
        assert scores.curve.best_f2 == 1
        assert scores.f2_interval == (1, 1)
    assert scores.competition.fp == scores.motors.fp == 0


@settings(deadline=None, max_examples=15)
@given(CASES, st.randoms(use_true_random=False))
def test_order_does_not_matter(cases, random):
    def shuffled(rows):
        return random.sample(list(rows), len(rows))

    # Equal best scores leave open which pick is the best: a different question, so none here.
    cases = {
        name: ([(x, i / 10 + 0.01 * (ord(name) % 7)) for i, (x, _) in enumerate(picks)], motors)
        for name, (picks, motors) in cases.items()
    }
    one = scored(cases)
    other = scored({n: tuple(map(shuffled, cases[n])) for n in shuffled(cases)})
    assert one.competition == other.competition
    assert one.motors == other.motors
    assert one.f2_interval == other.f2_interval
    np.testing.assert_allclose(one.curve.precision, other.curve.precision)
    np.testing.assert_allclose(one.curve.f2, other.curve.f2)
    np.testing.assert_allclose(one.reliability.share, other.reliability.share)
    # Of equally good matchings either may be taken; they share the sum of the distances.
    np.testing.assert_allclose(one.localisation.errors.sum(), other.localisation.errors.sum())


@settings(deadline=None, max_examples=15)
@given(CASES, st.integers(0, 100).map(lambda value: value / 100))
def test_the_curve_says_what_a_threshold_gives(cases, threshold):
    whole, part = scored(cases), scored(cases, threshold=threshold)
    above = whole.curve.thresholds >= threshold
    if not above.any():
        assert part.motors.tp == part.motors.fp == 0
    elif sum(len(motors) for _, motors in cases.values()):
        last = np.flatnonzero(above)[-1]
        assert whole.curve.precision[last] == pytest.approx(part.motors.precision)
        assert whole.curve.recall[last] == pytest.approx(part.motors.recall)
        assert whole.curve.f2[last] == pytest.approx(part.f2)


@settings(deadline=None, max_examples=15)
@given(CASES)
def test_the_best_threshold_is_best(cases):
    curve = scored(cases).curve
    if math.isfinite(curve.best_threshold):
        best = np.max(curve.motor_f2[np.isfinite(curve.thresholds)])
        assert curve.best_f2 == pytest.approx(best)
        there = scored(cases, threshold=curve.best_threshold).motors
        f2 = f_beta(there.tp, there.fp, there.fn, 2.0)
        assert f2 == pytest.approx(curve.best_f2)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32))
def test_calibrated_scores_have_a_small_error_and_others_a_large_one(seed):
    rng = np.random.default_rng(seed)
    scores = rng.random(20_000)
    correct = rng.random(20_000) < scores
    assert reliability(scores, correct).expected_calibration_error < 0.03
    inflated = np.sqrt(scores)  # the mean gap of √p and p is 1/6
    assert reliability(inflated, correct).expected_calibration_error == pytest.approx(
        1 / 6, abs=0.03
    )
