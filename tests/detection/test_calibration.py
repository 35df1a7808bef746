import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from motorscope.contract import Calibration
from motorscope.detection import probability


@pytest.mark.parametrize(("raw", "calibrated"), [(0.5, 0.004), (0.99, 0.28), (0.996, 0.5)])
def test_a_positive_weight_is_taken_off(raw, calibrated):
    shift = Calibration(shift=float(np.log(256)))
    value = probability(np.array([logit(raw)], np.float32), shift)[0]
    assert value == pytest.approx(calibrated, abs=0.01)


@given(st.floats(-1e6, 1e6, width=32), st.floats(-20, 20), st.floats(0.01, 10))
def test_it_is_a_probability_and_rises(value, shift, scale):
    logits = np.array([value, value + 1, -np.inf, np.inf], np.float32)
    low, high, never, always = probability(logits, Calibration(shift, scale))
    assert 0 <= low <= high <= 1
    assert (never, always) == (0, 1)


def test_it_stays_in_single_precision():
    assert probability(np.zeros((2, 2), np.float32), Calibration(1.0, 2.0)).dtype == np.float32
