import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from motorscope.network import Calibration
from motorscope.training.validation import (
    Findings,
    calibration_error,
    choose_threshold,
    compare,
    fit_calibration,
    probabilities,
    score,
)


def drawn(count, scale, shift, seed=0):
    """Candidates that are motors as often as a known calibration says."""
    rng = np.random.default_rng(seed)
    logits = np.sort(rng.normal(0, 4, count))[::-1]
    hits = rng.random(count) < expit(scale * logits - shift)
    errors = np.where(hits, 50.0, np.nan)
    return Findings(logits, hits, errors, int(hits.sum()))


def test_each_motor_is_hit_once_by_the_best_candidate_near_it():
    truth = np.array([[0.0, 0, 0], [0, 0, 3000]])
    positions = np.array([[0.0, 0, 100], [0, 0, 20], [0, 0, 2900], [500, 500, 9000]])
    found = compare(positions, np.array([4.0, 3, 2, 1]), truth, 1000)
    np.testing.assert_array_equal(found.hits, [True, False, True, False])
    np.testing.assert_allclose(found.errors, [100, np.nan, 100, np.nan])
    assert found.motors == 2


@pytest.mark.parametrize("count", [0, 2])
def test_no_candidates_and_no_motors_are_ordinary(count):
    nothing = np.empty((0, 3))
    assert len(compare(nothing, np.empty(0), np.zeros((count, 3)), 1000).hits) == 0
    lonely = compare(np.zeros((count, 3)), np.zeros(count), nothing, 1000)
    assert not lonely.hits.any()
    table = score([lonely], Calibration(), 0.5).table()
    assert table["recall"] is None


@given(st.floats(0.4, 2), st.floats(-3, 5))
@settings(max_examples=15, deadline=None)
def test_calibration_finds_the_scale_and_shift_that_made_the_hits(scale, shift):
    found = drawn(4000, scale, shift)
    fitted = fit_calibration([found], Calibration())
    assert fitted.scale == pytest.approx(scale, rel=0.25)
    assert fitted.shift == pytest.approx(shift, abs=0.6)
    assert calibration_error(probabilities(found, fitted), found.hits) < 0.03


def test_calibration_stays_where_nothing_can_be_learned():
    start = Calibration(shift=5.5)
    assert fit_calibration([], start) is start
    misses = Findings(np.array([1.0]), np.array([False]), np.array([np.nan]), 0)
    assert fit_calibration([misses], start) is start


def test_promises_that_are_never_kept_are_wholly_wrong():
    assert calibration_error(np.full(10, 0.99), np.zeros(10, bool)) == pytest.approx(0.99)
    assert calibration_error(np.full(10, 0.25), np.arange(10) < 3) == pytest.approx(0.05)


def test_the_threshold_lies_between_motors_and_others():
    logits = np.array([3.0, 2.5, 2.0, -1.0, -1.5])
    hits = np.array([True, True, True, False, False])
    found = Findings(logits, hits, np.where(hits, 40.0, np.nan), 3)
    threshold = choose_threshold([found], Calibration())
    assert expit(-1.0) < threshold <= expit(2.0)
    figures = score([found], Calibration(), threshold)
    assert (figures.precision, figures.recall, figures.f1) == (1, 1, 1)
    assert figures.error_angstrom == 40
    assert choose_threshold([Findings(logits, ~hits & False, logits, 0)], Calibration()) == 0.5


def test_figures_count_what_was_missed():
    found = Findings(np.array([2.0, 1.0]), np.array([True, False]), np.array([30.0, np.nan]), 4)
    figures = score([found], Calibration(), 0.5)
    assert figures.recall == 0.25
    assert figures.precision == 0.5
    assert figures.f1 == pytest.approx(2 / 6)
