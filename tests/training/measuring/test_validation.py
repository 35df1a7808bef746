from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from motorscope.contract import Calibration, DetectionRequest, RunSettings
from motorscope.detection import detect, run_to_end
from motorscope.network import load_model
from motorscope.picks import PickTable
from motorscope.simulation import SimulationConfig, simulate_tomogram
from motorscope.tomogram import Tomogram, VoxelGrid
from motorscope.training.measuring.validation import (
    Findings,
    Known,
    examine,
    figures,
    fit_calibration,
    held_out,
    measure,
)
from motorscope.training.settings.config import ValidationConfig

RADIUS = 1000.0


def findings(*tomograms):
    """Make findings of logits and of whether each is a motor, tomogram by tomogram.

    Motors and candidates lie 5000 Å apart; a motor more at the end is missed by all.
    """
    found, truth = {}, {}
    for number, (logits, hits, missed) in enumerate(tomograms):
        logits, hits = np.asarray(logits, float), np.asarray(hits, bool)
        places = np.arange(len(logits))[:, None] * [0.0, 0.0, 5000.0]
        name = str(number)
        found[name] = PickTable.from_positions(places, expit(logits))
        motors = places[hits] + [30.0, 0, 0]
        extra = -np.arange(1, missed + 1)[:, None] * [0.0, 0.0, 5000.0]
        truth[name] = PickTable.from_positions(np.concatenate((motors, extra)), origin="user")
    return Findings(found, truth)


def test_held_out_tomograms_are_drawn_as_the_configuration_says():
    drawn = SimulationConfig(snr=(0.04, 0.05), inverted=1.0)
    config = ValidationConfig(shape=(32, 64, 64), spacings=(13.0, 20.0), simulation=drawn, seed=5)
    known = [each.open()[0] for each in held_out(config, 3)]
    assert [tomogram.grid.spacing[0] for tomogram in known] == [13.0, 20.0, 13.0]
    settings = replace(drawn, shape=(32, 64, 64), spacing=20.0, back_projection=True)
    alone = simulate_tomogram(settings, seed=6)
    np.testing.assert_array_equal(known[1].data, alone.tomogram.data)


@pytest.mark.parametrize(("scale", "shift"), [(0.5, -2.0), (1.5, 2.0)])
def test_calibration_finds_the_scale_and_shift_that_made_the_hits(scale, shift):
    rng = np.random.default_rng(0)
    tomograms = []
    for _ in range(100):
        logits = np.sort(rng.normal(0, 4, 8))[::-1]
        tomograms.append((logits, rng.random(8) < expit(scale * logits - shift), 0))
    drawn = findings(*tomograms)
    fitted = fit_calibration(drawn, RADIUS, Calibration())
    assert fitted.scale == pytest.approx(scale, rel=0.25)
    assert fitted.shift == pytest.approx(shift, abs=0.9)
    scores = measure(drawn, fitted, RADIUS)
    assert scores.reliability.expected_calibration_error < 0.05


def test_a_model_is_examined_as_its_card_says(start_model):
    model = load_model(start_model)
    volume = np.random.default_rng(0).normal(size=(64, 64, 64)).astype(np.float32)
    tomogram = Tomogram(volume, VoxelGrid(volume.shape, (16.0,) * 3), "noise")

    def scores(flips):
        card = replace(model.card, flips=flips)
        known = [Known("noise", lambda: (tomogram, np.empty((0, 3))))]
        found = examine(replace(model, card=card), known, device="cpu").found["noise"]
        asked = DetectionRequest(tomogram, model, settings=RunSettings("cpu", flips=flips))
        assert found == run_to_end(detect(asked)).candidates
        return found.scores.tolist()

    assert scores(True) != scores(False)


def test_calibration_stays_where_nothing_can_be_learned():
    start = Calibration(shift=5.5)
    assert fit_calibration(Findings({}, {}), RADIUS, start) is start
    assert fit_calibration(findings(([1.0], [False], 0)), RADIUS, start) is start


def test_the_threshold_lies_between_motors_and_others():
    drawn = findings(([3.0, -1.5], [True, False], 0), ([2.0], [True], 0), ([-1.0], [False], 0))
    scores = measure(drawn, Calibration(), RADIUS)
    assert expit(-1.0) < scores.threshold <= expit(2.0)
    assert scores.threshold == pytest.approx(scores.curve.best_threshold, abs=1e-3)
    assert (scores.f2, scores.motors.precision, scores.motors.recall) == (1, 1, 1)
    assert scores.localisation.median == pytest.approx(30)


def test_without_motors_the_threshold_is_in_the_middle():
    assert measure(findings(([1.0], [False], 0)), Calibration(), RADIUS).threshold == 0.5
    assert measure(findings(([], [], 0)), Calibration(), RADIUS).threshold == 0.5


def test_a_given_threshold_is_the_one_that_counts():
    drawn = findings(([3.0, 0.5], [True, False], 2))
    scores = measure(drawn, Calibration(), RADIUS, threshold=0.9)
    assert scores.threshold == 0.9
    assert scores.motors.precision == 1
    assert scores.motors.recall == pytest.approx(1 / 3)


def test_candidates_that_a_detection_would_drop_do_not_count():
    drawn = findings(([3.0, -6.0, -7.0], [True, False, False], 0))
    assert measure(drawn, Calibration(), RADIUS).reliability.counts.sum() == 1


def test_figures_are_short_and_say_what_is_not_known():
    table = figures(measure(findings(([3.0], [True], 2)), Calibration(), RADIUS))
    assert (table["motors"], table["tomograms"], table["recall"]) == (3, 1, 0.333)
    nothing = figures(measure(findings(([-9.0], [False], 0)), Calibration(), RADIUS))
    assert nothing["recall"] is None
    assert nothing["error_angstrom"] is None
