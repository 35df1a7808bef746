from dataclasses import replace

import numpy as np
import pytest
import torch

from motorscope.contract import Calibration
from motorscope.detection import probability
from motorscope.network import build_network
from motorscope.network.flat import forward_flat
from motorscope.tables import from_table
from motorscope.training.measuring.alarms import alarm_score
from motorscope.training.settings.config import TrainConfig

CONFIG = from_table(
    TrainConfig,
    {
        "network": {"base_width": 4, "decoder_channels": [8, 8]},
        "pictures": {"drawing": {"side": 70}},
        "validation": {"sections": 8},
    },
)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build_network(CONFIG.network.architecture()).eval()


def with_share(share):
    return replace(CONFIG, validation=replace(CONFIG.validation, false_alarms=share))


def test_fewer_false_alarms_need_a_higher_score(network):
    few, many = (alarm_score(network, with_share(s), Calibration()) for s in (0.05, 0.6))
    assert 0 < many < few < 1
    assert alarm_score(network, with_share(0.05), Calibration()) == few


def test_the_score_is_calibrated(network):
    plain = alarm_score(network, CONFIG, Calibration())
    shifted = alarm_score(network, CONFIG, Calibration(shift=2.0))
    logit = np.log(plain / (1 - plain))
    assert shifted == pytest.approx(1 / (1 + np.exp(2.0 - logit)), rel=1e-4)


def test_a_network_that_sees_nothing_scores_what_it_scores_everywhere(network):
    for parameter in network.seg_head.parameters():
        torch.nn.init.zeros_(parameter)
    flat = forward_flat(network, torch.rand(1, 1, 1, 64, 64)).main
    expected = probability(flat.detach().numpy().ravel()[:1], Calibration())[0]
    assert alarm_score(network, CONFIG, Calibration()) == pytest.approx(expected)
