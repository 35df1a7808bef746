import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motorscope.training.fitting.loss import heatmap_loss, prior_logit, weighted_bce
from motorscope.training.settings.config import LossConfig


def motor_target():
    target = torch.zeros(1, 1, 8, 8, 8)
    target[0, 0, 3, 3, 3] = 1
    return target


def test_a_confident_right_answer_costs_less_than_none_and_than_a_wrong_one():
    target = motor_target()
    right = heatmap_loss(20 * target - 10, None, target, LossConfig()).loss
    blank = heatmap_loss(torch.zeros_like(target), None, target, LossConfig()).loss
    wrong = heatmap_loss(10 - 20 * target, None, target, LossConfig()).loss
    assert right < blank < wrong


def test_the_total_is_the_weighted_sum_of_its_terms():
    config = LossConfig(pooled_weight=0.5, auxiliary_weight=2.0)
    logits, auxiliary = torch.randn(2, 1, 8, 8, 8), torch.randn(2, 1, 2, 2, 2)
    terms = heatmap_loss(logits, auxiliary, motor_target().expand(2, -1, -1, -1, -1), config)
    expected = terms.main + 0.5 * terms.pooled + 2.0 * terms.auxiliary
    assert float(terms.loss) == pytest.approx(float(expected))
    assert float(terms.auxiliary) > 0


def test_the_auxiliary_head_is_compared_with_the_averaged_target():
    target = motor_target()
    config = LossConfig(pos_weight=1.0, smoothing=0.0)
    averaged = torch.full((1, 1, 2, 2, 2), 1e-9)
    averaged[0, 0, 0, 0, 0] = 1 / 64
    best = heatmap_loss(target, torch.logit(averaged), target, config).auxiliary
    off = heatmap_loss(target, torch.logit(averaged).flip(2), target, config).auxiliary
    assert best < off


def test_what_is_not_known_costs_nothing_and_teaches_nothing():
    target, known = motor_target(), torch.ones(1, 1, 8, 8, 8)
    known[..., :4, :, :] = 0
    logits = torch.randn(1, 1, 8, 8, 8, requires_grad=True)
    auxiliary = torch.randn(1, 1, 2, 2, 2, requires_grad=True)
    terms = heatmap_loss(logits, auxiliary, target, LossConfig(), known)
    terms.loss.backward()
    assert logits.grad[..., :4, :, :].abs().max() == 0
    assert auxiliary.grad[..., 0, :, :].abs().max() == 0
    assert logits.grad[..., 4:, :, :].abs().min() > 0
    nothing = heatmap_loss(logits, auxiliary, target, LossConfig(), known * 0)
    assert nothing.loss.item() == 0


def test_a_target_that_is_wholly_known_is_the_ordinary_case():
    target, logits = motor_target(), torch.randn(1, 1, 8, 8, 8)
    for one, other in zip(
        heatmap_loss(logits, None, target, LossConfig()),
        heatmap_loss(logits, None, target, LossConfig(), torch.ones_like(target)),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@given(st.floats(1e-4, 0.1), st.sampled_from([1.0, 16.0, 256.0]))
@settings(deadline=None)
def test_the_prior_logit_is_the_best_constant(prior, pos_weight):
    config = LossConfig(pos_weight=pos_weight, smoothing=1e-3)
    target = torch.full((1000,), prior, dtype=torch.float64)

    def cost(logit):
        constant = torch.full_like(target, logit)
        return float(weighted_bce(constant, target, pos_weight, config.smoothing))

    best = prior_logit(prior, config)
    assert math.isfinite(best)
    assert cost(best) <= min(cost(best - 0.1), cost(best + 0.1))
