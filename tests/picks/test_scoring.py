import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from motorscope.picks import (
    PickTable,
    competition_counts,
    competition_f2,
    f_beta,
    match_picks,
)


def points(most):
    return st.integers(0, most).flatmap(
        lambda count: hnp.arrays(float, (count, 3), elements=st.integers(0, 6).map(float))
    )


def best_by_trying_all(found, truth, radius):
    """Most pairs, then the smallest sum, by trying every assignment."""
    if len(found) > len(truth):
        found, truth = truth, found
    best = (0, 0.0)
    for chosen in itertools.permutations(range(len(truth)), len(found)):
        distances = np.linalg.norm(found - truth[list(chosen)], axis=1)
        near = distances[distances <= radius]
        best = min(best, (-len(near), float(near.sum())))
    return best


@settings(max_examples=40, deadline=None)
@given(points(4), points(5), st.floats(0, 8))
def test_matching_is_one_to_one_and_the_best(found, truth, radius):
    matches = match_picks(found, truth, radius)
    first, second = matches.pairs[:, 0], matches.pairs[:, 1]
    assert sorted([*first, *matches.unmatched_found]) == list(range(len(found)))
    assert sorted([*second, *matches.unmatched_truth]) == list(range(len(truth)))
    np.testing.assert_allclose(
        matches.distances, np.linalg.norm(found[first] - truth[second], axis=1)
    )
    assert (matches.distances <= radius).all()
    pairs, total = best_by_trying_all(found, truth, radius)
    assert len(matches.pairs) == -pairs
    assert matches.distances.sum() == pytest.approx(total)


def test_a_nearer_neighbour_does_not_cost_a_pair():
    # Greedy matching would give found 0 the truth 0 and leave found 1 alone.
    matches = match_picks([(0, 0, 0), (0, 0, -8)], [(0, 0, 1), (0, 0, 9)], radius=9)
    assert len(matches.pairs) == 2
    assert matches.counts.tp == 2
    assert matches.counts.f_beta(2) == 1


@settings(max_examples=40, deadline=None)
@given(*[st.integers(0, 50)] * 3, st.floats(0.1, 5))
def test_f_beta_is_the_weighted_harmonic_mean(tp, fp, fn, beta):
    value = f_beta(tp, fp, fn, beta)
    if tp:
        precision, recall = tp / (tp + fp), tp / (tp + fn)
        mean = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
        assert value == pytest.approx(mean)
    elif fp or fn:
        assert value == 0
    else:
        assert math.isnan(value)


def picks(*rows):
    """Rows of z, y, x, score."""
    array = np.array(rows, dtype=float).reshape(-1, 4)
    return PickTable.from_positions(array[:, :3], array[:, 3])


def test_rules_of_the_competition():
    motor = picks((0, 0, 0, np.nan))
    near, far = (0, 0, 1000, 0.5), (0, 0, 1001, 0.9)
    cases = {
        "hit": (picks(near), motor, (1, 0, 0)),
        "too far": (picks(far), motor, (0, 0, 1)),
        "best is too far": (picks(near, far), motor, (0, 0, 1)),
        "best is near": (picks((0, 0, 9, 0.95), far), motor, (1, 0, 0)),
        "not found": (picks(), motor, (0, 0, 1)),
        "second motor hit": (picks(near), picks((0, 0, 5000, 0), (0, 0, 0, 0)), (1, 0, 0)),
        "nothing there": (picks(), picks(), (0, 0, 0)),
        "false alarm": (picks(near, far), picks(), (0, 1, 0)),
        "person's pick first": (picks(far, (0, 0, 1, np.nan)), motor, (1, 0, 0)),
    }
    for name, (found, truth, (tp, fp, fn)) in cases.items():
        counts = competition_counts({name: found}, {name: truth})
        assert (counts.tp, counts.fp, counts.fn) == (tp, fp, fn), name
    found = {name: case[0] for name, case in cases.items()}
    truth = {name: case[1] for name, case in cases.items()}
    # 4 hits, 1 false alarm, 3 misses: 5·4 / (5·4 + 4·3 + 1)
    assert competition_f2(found, truth) == pytest.approx(20 / 33)
    del found["not found"], truth["false alarm"]  # absent is the same as empty
    assert competition_f2(found, truth) == pytest.approx(20 / 33)


def test_nothing_found_where_nothing_is():
    counts = competition_counts({}, {"a": PickTable.empty()})
    assert math.isnan(counts.precision)
    assert math.isnan(counts.recall)
    assert math.isnan(counts.f_beta(2))


def test_thousands_are_matched_without_a_table_of_all_distances():
    """A dense table of 20,000 by 20,000 distances would take 3 GB."""
    random = np.random.default_rng(1)
    truth = random.uniform(0, 50_000, (20_000, 3))
    found = truth + random.uniform(-20, 20, truth.shape)
    order = random.permutation(len(truth))
    matches = match_picks(found[order], truth, 50.0)
    assert len(matches.pairs) == len(truth)
    assert (matches.pairs[:, 1] == order).mean() > 0.99
