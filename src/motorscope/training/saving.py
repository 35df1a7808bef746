"""From a trained network to a model: calibration, threshold, card, file."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from motorscope.contract import Calibration, ModelCard
from motorscope.network import Model, UNet3d, save_model
from motorscope.training.fitting.logs import CsvLog
from motorscope.training.measuring.alarms import alarm_score
from motorscope.training.measuring.held_out import Split
from motorscope.training.measuring.validation import (
    NO_THRESHOLD,
    examine,
    figures,
    fit_calibration,
    held_out,
    measure,
)
from motorscope.training.settings.config import TrainConfig

WINDOW = (512, 512, 512)
CONTEXT = (64, 64, 64)
"""Measured: a cut changes logits by 0.04 in the mean 48 voxels away from it, by 0.01 at 64."""


def make_card(
    config: TrainConfig, calibration: Calibration, threshold: float, training_data: str
) -> ModelCard:
    """Return the card of a model trained with a configuration."""
    return ModelCard(
        name=config.name,
        description=(
            f"{config.network.backbone}, {config.network.base_width} channels wide, at "
            f"{config.data.spacing:g} Å isotropic. Finds bacterial flagellar motors in "
            "cryo-electron tomograms."
        ),
        architecture=config.network.architecture(),
        input=config.data.recipe(),
        calibration=calibration,
        window=WINDOW,
        context=CONTEXT,
        default_threshold=threshold,
        minimum_distance=config.validation.minimum_distance,
        training_data=training_data,
        licence="BSD-3-Clause",
        flips=config.validation.flips,
    )


@dataclass(frozen=True)
class Validation:
    """Scores the averaged network on simulated tomograms, and writes the calibrated model.

    Attributes
    ----------
    config, out
        The run and its folder.
    training_data
        What the card says of it.
    """

    config: TrainConfig
    out: Path
    training_data: str

    def __call__(self, network: nn.Module, step: int) -> None:
        """Score, calibrate and save the network; append a row to ``validation.csv``."""
        card = self.save(network, self.config.validation.tomograms)
        CsvLog(self.out / "validation.csv", step - 1).write(step=step, **card.metrics)

    def save(self, network: nn.Module, tomograms: int) -> ModelCard:
        """Write the network; calibration and threshold come from so many held-out tomograms."""
        assert isinstance(network, UNet3d)
        options = self.config.validation
        calibration = Calibration(shift=math.log(self.config.loss.pos_weight))
        card = make_card(self.config, calibration, NO_THRESHOLD, self.training_data)
        if tomograms:
            findings = examine(Model(card, network.eval()), held_out(options, tomograms))
            calibration = fit_calibration(findings, options.radius, calibration)
            scores = measure(findings, calibration, options.radius)
            chosen = "the best F2 over their motors, every wrong pick counted"
            assert scores.threshold is not None
            if options.sections:
                floor = round(alarm_score(network, self.config, calibration), 3)
                if floor > scores.threshold:
                    scores = measure(findings, calibration, options.radius, floor)
                    chosen = (
                        f"what {options.false_alarms:.0%} of drawn sections without a motor "
                        "exceed, which is above the best F2 over their motors"
                    )
            assert scores.threshold is not None
            card = replace(
                card,
                calibration=calibration,
                default_threshold=scores.threshold,
                metrics={
                    "measured_on": "held-out simulated tomograms",
                    "threshold_from": chosen,
                    **figures(scores),
                },
            )
        save_model(network, card, self.out, storage="fp16")
        return card


def describe_data(config: TrainConfig, split: Split) -> str:
    """Say what a model was trained on, and how far it can be trusted."""
    real = len(split.training)
    if real:
        motors = sum(len(one.motors) for one in split.training)
        text = f"{real} tomograms of its maker with {motors} motors"
        text += ", and simulated ones." if config.data.scenes else "."
    else:
        drawn = " and drawn sections" if config.pictures.sections else ""
        text = (
            f"Simulated tomograms{drawn} only: no real data. What its scores mean on real "
            "tomograms is not known. Fine-tune it on picks of your own before relying on it."
        )
    if config.network.start_from is not None:
        text += f" It went on from the model {Path(config.network.start_from).stem}."
    return text
